import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'

/** Median seconds of an upload and of scp, over one sshd of this machine, which are run in turns; both write into `directory`. Needs root. */
export async function upload({ megabytes = 200, rounds = 7, directory = '/dev/shm', say = () => {} } = {}) {
  const root = new URL('../..', import.meta.url).pathname
  const out = mkdtempSync(join(root, 'node_modules/.bench-'))
  const scratch = mkdtempSync(join(directory, 'upgrade-fleet-upload-'))
  await build({
    stdin: {
      contents: `export * from './src/connect/ssh.ts'; export * from './test/support/sshd.ts'`,
      resolveDir: root,
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    outfile: join(out, 'bench.mjs'),
  })
  const { openSsh, startSshd } = await import(pathToFileURL(join(out, 'bench.mjs')).href)
  const sshd = await startSshd('127.104.0.5', [
    'LogLevel QUIET',
    'Subsystem sftp internal-sftp',
    `SetEnv HOME=${out}`,
  ])
  try {
    const file = join(scratch, 'source')
    execFileSync('dd', ['if=/dev/urandom', `of=${file}`, 'bs=1M', `count=${megabytes}`], { stdio: 'ignore' })
    const sha256 = execFileSync('sha256sum', [file], { encoding: 'utf8' }).slice(0, 64)
    const connection = await openSsh(sshd.endpoint, { secrets: () => '', home: out })
    const target = join(scratch, 'target')
    const way = {
      scp: () =>
        promisify(execFile)('scp', [
          ...['-q', '-B', '-F', 'none', '-P', String(sshd.endpoint.port), '-i', sshd.userKey],
          ...['-o', 'StrictHostKeyChecking=yes', '-o', `UserKnownHostsFile=${sshd.knownHosts}`],
          ...[file, `root@${sshd.endpoint.address}:${target}`],
        ]),
      // Digest found on the way.
      put: () => connection.put({ file }, target),
      // Digest known beforehand, as of an artefact.
      known: () => connection.put({ file }, target, { sha256 }),
    }
    const seconds = Object.fromEntries(Object.keys(way).map((name) => [name, []]))
    for (let round = 0; round < rounds; round += 1)
      for (const name of Object.keys(way)) {
        rmSync(target, { force: true })
        const cpu = process.cpuUsage()
        const start = performance.now()
        await way[name]()
        const took = (performance.now() - start) / 1000
        const { user, system } = process.cpuUsage(cpu)
        if (statSync(target).size !== statSync(file).size) throw new Error(`${name} did not arrive`)
        seconds[name].push(took)
        say(`${name}: ${took.toFixed(2)} s, ${((user + system) / 1e6).toFixed(2)} s CPU here`)
      }
    await connection.close()
    const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)]
    return Object.fromEntries(Object.entries(seconds).map(([name, list]) => [name, median(list)]))
  } finally {
    await sshd.stop()
    rmSync(out, { recursive: true })
    rmSync(scratch, { recursive: true })
  }
}
