import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { freePort } from './free-port.ts'
import { until } from './until.ts'

/** A MariaDB of the test's own, with a binary log. */
export interface MariaDb {
  readonly port: number
  /** Runs SQL as root, over the socket. */
  root(sql: string): string
  /** Opens a client as root over the socket, which does what is written to it. */
  session(): ChildProcess
  stop(): Promise<void>
}

/** Starts one in that directory on a loopback address; resolves when it answers. */
export async function startMariaDb(dir: string, address = '127.0.0.1'): Promise<MariaDb> {
  rmSync(dir, { recursive: true, force: true })
  mkdirSync(dir, { recursive: true })
  const data = `${dir}/data`
  execFileSync(
    'mariadb-install-db',
    ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db'],
    { stdio: 'ignore' },
  )
  const port = await freePort(address)
  const socket = `${dir}/s.sock`
  const server: ChildProcess = spawn(
    'mariadbd',
    [
      '--no-defaults',
      `--datadir=${data}`,
      `--socket=${socket}`,
      `--port=${port}`,
      `--bind-address=${address}`,
      '--user=root',
      '--log-bin=binary',
      '--server-id=1',
    ],
    { stdio: 'ignore' },
  )
  const as = ['--no-defaults', '-S', socket, '-u', 'root', '-N', '--default-character-set=utf8mb4']
  const root = (sql: string) => execFileSync('mariadb', as, { input: sql, encoding: 'utf8', stdio: 'pipe' })
  const session = () => spawn('mariadb', [...as, '-n'], { stdio: ['pipe', 'pipe', 'ignore'] })
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
  return { port, root, session, stop }
}
