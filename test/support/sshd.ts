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
  /** The pids of the server's session processes, each of one connection. */
  sessions(): readonly number[]
  stop(): Promise<void>
}

/** Starts an sshd that lets the present user in with one key, and nothing else; with a `machineId`, as a machine of its own (as root). */
export async function startSshd(
  address: string,
  extra: readonly string[] = [],
  port = 2222,
  machineId?: string,
): Promise<Sshd> {
  const directory = mkdtempSync(join(fastDirectory(), 'upgrade-fleet-sshd-'))
  chmodSync(directory, 0o755)
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  const at = (name: string) => join(directory, name)
  for (const key of ['host', 'user'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', key, '-f', at(key)])
  const hostKey = readFileSync(at('host.pub'), 'utf8').trim()
  writeFileSync(at('authorized_keys'), readFileSync(at('user.pub')), { mode: 0o600 })
  writeFileSync(at('known_hosts'), `[${address}]:${port} ${hostKey}\n`)
  writeFileSync(
    at('sshd_config'),
    [
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
      ...extra,
      '',
    ].join('\n'),
  )
  const sshd = ['/usr/sbin/sshd', '-D', '-f', at('sshd_config'), '-E', at('log')]
  if (machineId !== undefined) writeFileSync(at('machine-id'), `${machineId}\n`)
  const own = `mount --bind ${at('machine-id')} /etc/machine-id && exec "$0" "$@"`
  const [program = '', ...args] = machineId === undefined ? sshd : ['unshare', '-m', 'sh', '-c', own, ...sshd]
  const server = spawn(program, args, { stdio: 'ignore' })
  const over = new Promise((resolve) => server.once('exit', resolve))
  await until(() => answers(address, port), `sshd on ${address}:${port}`)
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
    sessions: () => childrenOf(server.pid ?? 0),
    stop: async () => {
      for (const session of childrenOf(server.pid ?? 0)) kill(session)
      server.kill('SIGKILL')
      await over
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text.split(' ').filter(Boolean).map(Number)
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
