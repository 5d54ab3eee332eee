import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { freePort } from './free-port.ts'
import { until } from './until.ts'

/** A PostgreSQL of the test's own. */
export interface PostgreSql {
  readonly port: number
  /** Runs SQL as the superuser, in a database. */
  root(sql: string, database?: string): string
  /** Opens a client as the superuser, which does what is written to it. */
  session(database?: string): ChildProcess
  stop(): Promise<void>
}

const debian = '/usr/lib/postgresql'

/** Debian's programs, of the newest version that is installed. */
function programs(): string {
  const newest = readdirSync(debian)
    .filter((version) => /^\d+$/.test(version))
    .sort((a, b) => Number(b) - Number(a))[0]
  return `${debian}/${newest}/bin`
}

/**
 * Starts one in that directory on a loopback address; resolves when it answers. The server refuses root, so root runs it
 * as `postgres`, who must be able to reach the directory; its socket stands in the directory, whose path must be short.
 */
export async function startPostgreSql(dir: string, address = '127.0.0.1'): Promise<PostgreSql> {
  rmSync(dir, { recursive: true, force: true })
  mkdirSync(dir, { recursive: true })
  chmodSync(dir, 0o755)
  const user = asPostgres(dir)
  const bin = programs()
  const data = `${dir}/data`
  writeFileSync(`${dir}/password`, 'of-the-superuser\n')
  execFileSync(
    `${bin}/initdb`,
    [
      '-D',
      data,
      '-U',
      'postgres',
      '-A',
      'scram-sha-256',
      '--auth-local=trust',
      `--pwfile=${dir}/password`,
      '-E',
      'UTF8',
      '--locale=C.UTF-8',
      '--no-sync',
    ],
    { ...user, stdio: 'ignore', cwd: dir },
  )
  const port = await freePort(address)
  const settings = {
    listen_addresses: address,
    port: String(port),
    unix_socket_directories: dir,
    fsync: 'off',
    max_connections: '40',
    shared_buffers: '32MB',
  }
  const server = spawn(
    `${bin}/postgres`,
    ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    { ...user, stdio: 'ignore', cwd: dir },
  )
  const as = [
    '-X',
    '-q',
    '-A',
    '-t',
    '-h',
    dir,
    '-p',
    String(port),
    '-U',
    'postgres',
    '-v',
    'ON_ERROR_STOP=1',
  ]
  const env = { ...process.env, PGCLIENTENCODING: 'UTF8', PGOPTIONS: '-c client_min_messages=warning' }
  const root = (sql: string, database = 'postgres') =>
    execFileSync('psql', [...as, '-d', database], { input: sql, encoding: 'utf8', stdio: 'pipe', env })
  const session = (database = 'postgres') =>
    spawn('psql', [...as, '-d', database], { stdio: ['pipe', 'pipe', 'ignore'], env })
  await until(() => {
    try {
      return root('SELECT 1') !== ''
    } catch {
      return false
    }
  }, 'PostgreSQL answers')
  const stop = () =>
    new Promise<void>((resolve) => {
      server.once('exit', () => resolve())
      server.kill('SIGINT') // the fast way down
    })
  return { port, root, session, stop }
}

function asPostgres(dir: string): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const id = (what: string) => Number(execFileSync('id', [what, 'postgres'], { encoding: 'utf8' }).trim())
  const [uid, gid] = [id('-u'), id('-g')]
  chownSync(dir, uid, gid)
  return { uid, gid }
}
