import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { until } from './until.ts'

/** A MariaDB of the test's own. */
export interface MariaDb {
  readonly port: number
  /** Runs SQL as root, over the socket. */
  root(sql: string): string
  stop(): Promise<void>
}

/** Starts one in that directory; resolves when it answers. */
export async function startMariaDb(dir: string): Promise<MariaDb> {
  rmSync(dir, { recursive: true, force: true })
  mkdirSync(dir, { recursive: true })
  const data = `${dir}/data`
  execFileSync(
    'mariadb-install-db',
    ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db'],
    { stdio: 'ignore' },
  )
  const port = await freePort()
  const socket = `${dir}/s.sock`
  const server: ChildProcess = spawn(
    'mariadbd',
    [
      '--no-defaults',
      `--datadir=${data}`,
      `--socket=${socket}`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      '--user=root',
    ],
    { stdio: 'ignore' },
  )
  const root = (sql: string) =>
    execFileSync('mariadb', ['--no-defaults', '-S', socket, '-u', 'root', '-N'], {
      input: sql,
      encoding: 'utf8',
      stdio: 'pipe',
    })
  await until(() => {
    try {
      return root('SELECT 1') !== ''
    } catch {
      return false
    }
  }, 'MariaDB answers')
  const stop = () =>
    new Promise<void>((resolve) => {
      server.once('exit', () => resolve())
      server.kill('SIGTERM')
    })
  return { port, root, stop }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
