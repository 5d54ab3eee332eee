// Hosts x commands over one sshd of this machine, without and with the test of the lock before each: node bench/transport.mjs [hosts] [commands]. Needs root.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const hosts = Number(process.argv[2] ?? 50)
const commands = Number(process.argv[3] ?? 20)
const root = new URL('..', import.meta.url).pathname
const out = mkdtempSync(join(root, 'node_modules/.bench-'))
const stdin = ['connect/ssh', 'connect/pool', 'connect/leases', 'model/command'].map(
  (name) => `export * from './src/${name}.ts'`,
)
await build({
  stdin: { contents: [...stdin, `export * from './test/support/sshd.ts'`].join('\n'), resolveDir: root },
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  outfile: join(out, 'bench.mjs'),
})
const { openSsh, connectionPool, keepLeases, sh, startSshd } = await import(
  pathToFileURL(join(out, 'bench.mjs')).href
)
const sshd = await startSshd('127.79.0.5', [
  'MaxStartups 500',
  'LogLevel QUIET',
  // Not the rc files of whoever runs this: a pyenv in .bashrc costs 0.25 s a channel.
  `SetEnv HOME=${out}`,
])
const context = { secrets: () => '', home: tmpdir() }
const say = (text) => process.stdout.write(`${text}\n`)
try {
  const holder = { run: 'r', user: 'u', machine: 'm', pid: 1, state: '/', since: '', token: 't', by: 'run' }
  const locker = await openSsh(sshd.endpoint, context)
  const { number: before } = await locker.lock.look()
  const number = await locker.lock.add(before, { held: true, holder })
  await locker.close()
  for (const [handshakes, fenced] of [
    [8, false],
    [50, false],
    [50, true],
  ]) {
    const pool = connectionPool((endpoint) => openSsh(endpoint, context), handshakes)
    const cpu = process.cpuUsage()
    const start = performance.now()
    let opened = 0
    const one = async (at) => {
      const plain = await pool.get({ ...sshd.endpoint, name: `host ${at}` })
      if (fenced) await plain.workdir()
      const connection = fenced ? plain.fenced(number, () => say('passed on')) : plain
      opened = Math.max(opened, performance.now() - start)
      for (let turn = 0; turn < commands; turn += 1) {
        const result = await connection.exec(sh`echo ${turn}`)
        if (result.stdout !== `${turn}\n`) throw new Error(JSON.stringify(result))
      }
    }
    await Promise.all(Array.from({ length: hosts }, (_, at) => one(at)))
    const wall = performance.now() - start
    const { user, system } = process.cpuUsage(cpu)
    say(
      `${hosts} hosts x ${commands} commands, ${handshakes} handshakes at once${fenced ? ', fenced' : ''}: ${Math.round(wall)} ms wall, ` +
        `${Math.round((user + system) / 1000)} ms CPU here, all connected after ${Math.round(opened)} ms`,
    )
    await pool.close()
  }
  const pool = connectionPool((endpoint) => openSsh(endpoint, context), 50)
  const machines = await Promise.all(
    Array.from({ length: hosts }, (_, at) =>
      pool.get({ ...sshd.endpoint, name: `host ${at}`, workdir: join(sshd.directory, `work-${at}`) }),
    ),
  )
  for (const round of ['first', 'next']) {
    const leases = keepLeases({ holder: { ...holder, token: round }, succeeds: async () => false })
    const start = performance.now()
    await leases.takeAll(
      machines.map((one) => async () => one),
      50,
      new AbortController().signal,
    )
    const taken = performance.now()
    await leases.release()
    const [taking, releasing] = [taken - start, performance.now() - taken].map(Math.round)
    say(`${hosts} hosts locked for the ${round} time: ${taking} ms, released: ${releasing} ms`)
  }
  await pool.close()
} finally {
  await sshd.stop()
  rmSync(out, { recursive: true })
}
