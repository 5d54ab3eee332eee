import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { Endpoint } from '../../src/model/connection.ts'
import { fastDirectory } from './fast-directory.ts'
import { kill } from './processes.ts'
import { until } from './until.ts'

/** A real OpenSSH server on a loopback address, for one test file. */
export interface Sshd {
  readonly endpoint: Endpoint
  readonly directory: string
  readonly hostKey: string
  readonly userKey: string
  readonly knownHosts: string
  /** What the server logged so far. */
  log(): string
  /** The pids of the server's session processes: one for each connection, and one more for a user that is not root, which outlives the first. */
  sessions(): readonly number[]
  /** The pid of the process that listens. */
  pid(): number
  /** Ends the process that listens, at once; its sessions live on, but are known no more to `sessions`. */
  down(): Promise<void>
  /** Starts it again. */
  up(): Promise<void>
  stop(): Promise<void>
}

/** How the server is started: the command, and what stands before its own arguments. */
export type Launch = (directory: string) => readonly [string, ...string[]]

/** As a machine with an id of its own, in its own mounts (as root). */
export const machineWith =
  (id: string): Launch =>
  (directory) => {
    const file = join(directory, 'machine-id')
    writeFileSync(file, `${id}\n`)
    return [
      'unshare',
      '-m',
      'sh',
      '-c',
      `mount --bind ${file} /etc/machine-id && exec /usr/sbin/sshd "$@"`,
      'sh',
    ]
  }

/** Starts an sshd that lets the present user in with one key, and nothing else; what `extra` says comes first, so it counts. */
export async function startSshd(
  address: string,
  extra: readonly string[] = [],
  port = 2222,
  launch: Launch = () => ['/usr/sbin/sshd'],
): Promise<Sshd> {
  const directory = mkdtempSync(join(fastDirectory(), 'upgrade-fleet-sshd-'))
  chmodSync(directory, 0o755)
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  const at = (name: string) => join(directory, name)
  for (const key of ['host', 'user'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', key, '-f', at(key)])
  const hostKey = readFileSync(at('host.pub'), 'utf8').trim()
  writeFileSync(at('authorized_keys'), readFileSync(at('user.pub')), { mode: 0o644 })
  writeFileSync(at('known_hosts'), `[${address}]:${port} ${hostKey}\n`)
  writeFileSync(
    at('sshd_config'),
    [
      ...extra,
      `ListenAddress ${address}:${port}`,
      `HostKey ${at('host')}`,
      `AuthorizedKeysFile ${at('authorized_keys')}`,
      'StrictModes no',
      'UsePAM no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin prohibit-password',
      'PidFile none',
      'LogLevel VERBOSE',
      'PrintMotd no',
      '',
    ].join('\n'),
  )
  const [command, ...before] = launch(directory)
  let pid = 0
  let over: Promise<unknown> = Promise.resolve()
  const orphans: number[] = []
  const up = async () => {
    const server = spawn(command, [...before, '-D', '-f', at('sshd_config'), '-E', at('log')], {
      stdio: 'ignore',
    })
    pid = server.pid ?? 0
    over = new Promise((resolve) => server.once('exit', resolve))
    await until(() => answers(address, port), `sshd on ${address}:${port}`)
  }
  const down = async () => {
    orphans.push(...childrenOf(pid))
    kill(pid)
    await over
  }
  await up()
  return {
    directory,
    hostKey,
    userKey: at('user'),
    knownHosts: at('known_hosts'),
    endpoint: {
      name: `host-${address}`,
      kind: 'ssh',
      address,
      port,
      privateKeyFile: at('user'),
      knownHostsFiles: [at('known_hosts')],
      workdir: at('work'),
    },
    log: () => readFileSync(at('log'), 'utf8'),
    sessions: () => childrenOf(pid).flatMap((one) => [one, ...childrenOf(one).filter(isSshd)]),
    pid: () => pid,
    down,
    up,
    stop: async () => {
      for (const session of [...orphans, ...childrenOf(pid)]) kill(session)
      kill(pid)
      await over
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function childrenOf(pid: number): readonly number[] {
  return fileOf(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number)
}

const isSshd = (pid: number): boolean => fileOf(`/proc/${pid}/comm`) === 'sshd\n'

/** A file of a process, which may be gone. */
function fileOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function answers(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, address, () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
