// Hosts x commands over one sshd of this machine: node bench/transport.mjs [hosts] [commands]. Needs root.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const hosts = Number(process.argv[2] ?? 50)
const commands = Number(process.argv[3] ?? 20)
const root = new URL('..', import.meta.url).pathname
const out = mkdtempSync(join(root, 'node_modules/.bench-'))
const stdin = ['connect/ssh', 'connect/pool', 'model/command'].map(
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
const { openSsh, connectionPool, sh, startSshd } = await import(pathToFileURL(join(out, 'bench.mjs')).href)
const sshd = await startSshd('127.79.0.5', [
  'MaxStartups 500',
  'LogLevel QUIET',
  // Not the rc files of whoever runs this: a pyenv in .bashrc costs 0.25 s a channel.
  `SetEnv HOME=${out}`,
])
const context = { secrets: () => '', home: tmpdir() }
const say = (text) => process.stdout.write(`${text}\n`)
try {
  for (const handshakes of [8, 50]) {
    const pool = connectionPool((endpoint) => openSsh(endpoint, context), handshakes)
    const cpu = process.cpuUsage()
    const start = performance.now()
    let opened = 0
    const one = async (at) => {
      const connection = await pool.get({ ...sshd.endpoint, name: `host ${at}` })
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
      `${hosts} hosts x ${commands} commands, ${handshakes} handshakes at once: ${Math.round(wall)} ms wall, ` +
        `${Math.round((user + system) / 1000)} ms CPU here, all connected after ${Math.round(opened)} ms`,
    )
    await pool.close()
  }
} finally {
  await sshd.stop()
  rmSync(out, { recursive: true })
}
