import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Endpoint } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'
import type { Link } from './channel.ts'
import type { ConnectContext } from './context.ts'
import { joinMaster } from './mux.ts'
import { dialCommand, type MasterSettings, masterArguments } from './openssh-arguments.ts'
import { faultOf, saidOf, shownIn } from './openssh-faults.ts'
import { type TrustedKeys, trustedKeys } from './openssh-keys.ts'
import { findLogin, type Login, refusedLogin } from './openssh-login.ts'
import { BrokenOff } from './ssh-link.ts'

/** One connection made by the `ssh` program: it logs in, and we speak over it. Throws {@link ConnectionError}. */
export async function openSshLink(
  endpoint: Endpoint,
  username: string,
  context: ConnectContext,
): Promise<Link> {
  const { name } = endpoint
  const program = context.sshProgram ?? 'ssh'
  const seconds = context.connectTimeout ?? endpoint.connectTimeout ?? 20
  const login = await findLogin(endpoint, context)
  const trusted = await trustedKeys(endpoint, context, seconds)
  const proxyCommand = await proxyOf(endpoint, context)
  const { directory, path } = ownDirectory()
  const leave = () => rmSync(directory, { recursive: true, force: true })
  const settings: MasterSettings = {
    username,
    socket: path('s'),
    log: path('log'),
    knownHosts: path('known_hosts'),
    hostKeyAlgorithms: trusted.algorithms,
    ...login,
    ...(proxyCommand !== undefined && { proxyCommand }),
    connectTimeout: seconds,
    silence: silenceOf(endpoint, context),
  }
  try {
    writeFileSync(settings.knownHosts, trusted.text, { mode: 0o600 })
    const over = await started(program, masterArguments(endpoint, settings), settings.log, seconds)
    if (over !== 'ready') throw await whyNot(endpoint, username, login, trusted, over, textOf(settings.log))
    const master = await joinMaster(settings.socket).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error)
      throw new BrokenOff(name, `${name}: ${why}`, false)
    })
    const hostKey = shownIn(textOf(settings.log))
    let alive = true
    const gone = master.gone.then(() => {
      alive = false
      const said = saidOf(textOf(settings.log), 200)
      const why = `The connection to ${name} was lost${said === '' ? '' : `: ${said}`}.`
      master.channels.lose(why)
      leave()
      return why
    })
    return {
      ...(hostKey !== undefined && { hostKey }),
      get alive() {
        return alive
      },
      gone,
      open: (command) => master.channels.open(command),
      dial: (address, port) => master.channels.dial(address, port),
      dialCommand: (address, port) => dialCommand(program, settings.socket, address, port),
      close: () => {
        alive = false
        master.end()
        leave()
      },
    }
  } catch (error) {
    leave()
    throw error
  }
}

/** The same machine, and all that it is behind, over the `ssh` program. */
export const overOpenSsh = (endpoint: Endpoint): Endpoint => ({
  ...endpoint,
  kind: 'openssh',
  ...(endpoint.jump !== undefined && { jump: overOpenSsh(endpoint.jump) }),
})

async function proxyOf(endpoint: Endpoint, { bastions }: ConnectContext): Promise<string | undefined> {
  const { name, jump, proxyCommand } = endpoint
  if (proxyCommand !== undefined || jump === undefined) return proxyCommand
  if (bastions !== undefined) return bastions.command(endpoint, jump)
  throw new ConnectionError(name, 'unreachable', `${name}: nobody keeps connections to ${jump.name}.`)
}

// Questions go out in whole seconds.
function silenceOf({ alive }: Endpoint, { watchdog }: ConnectContext): MasterSettings['silence'] {
  if (watchdog === undefined) return alive ?? { interval: 15, count: 4 }
  const interval = Math.max(1, Math.min(15, Math.floor(watchdog / 4)))
  return { interval, count: Math.max(1, Math.round(watchdog / interval)) }
}

// A Unix socket's path ends at 107 bytes, and ssh adds 17 to it while it makes it.
const longestSocket = 90

function ownDirectory() {
  const wanted = join(tmpdir(), 'uf-XXXXXX', 's')
  const parent = Buffer.byteLength(wanted) <= longestSocket ? tmpdir() : '/tmp'
  const directory = mkdtempSync(join(parent, 'uf-'))
  return { directory, path: (file: string) => join(directory, file) }
}

const textOf = (file: string): string => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

type Over = 'ready' | 'late' | { readonly code: number | null; readonly error?: Error }

/** Runs a master until it has logged in, and goes on behind our back, or has ended. */
async function started(
  program: string,
  words: readonly string[],
  log: string,
  seconds: number,
): Promise<Over> {
  const out = openSync(log, 'a', 0o600)
  let child: ChildProcess
  try {
    // Its messages are read, so they are in one language; its ProxyCommand is one of /bin/sh.
    child = spawn('env', ['LC_ALL=C', 'SHELL=/bin/sh', program, ...words], {
      detached: true,
      stdio: ['ignore', 'ignore', out],
    })
  } finally {
    closeSync(out)
  }
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      resolve('late')
    }, seconds * 1000)
    const settle = (over: Over) => {
      clearTimeout(timer)
      resolve(over)
    }
    child.once('error', (error) => settle({ code: null, error }))
    child.once('exit', (code) => settle(code === 0 ? 'ready' : { code }))
  })
}

async function whyNot(
  endpoint: Endpoint,
  username: string,
  login: Login,
  trusted: TrustedKeys,
  over: Exclude<Over, 'ready'>,
  messages: string,
): Promise<ConnectionError> {
  const { name, address, port } = endpoint
  const unreachable = (why: string) => new BrokenOff(name, `${name}: ${why}`, false)
  if (over === 'late') return unreachable(`${address}:${port}: ssh was not logged in in time`)
  if (over.error !== undefined || over.code === 127)
    return unreachable(
      `it is reached with the ssh program, which this machine has not: ${saidOf(messages)}\nInstall OpenSSH's client; Debian's package is openssh-client.`,
    )
  const { fault, early } = faultOf(messages)
  const said = saidOf(messages)
  if (fault === 'auth') return refusedLogin(endpoint, username, login, said)
  if (fault === 'host-key') {
    const ours = await trusted.refused().catch(() => undefined)
    return ours ?? new ConnectionError(name, 'host-key', `${name}: ssh refused its host key: ${said}`)
  }
  const through = endpoint.jump === undefined ? '' : ` through ${endpoint.jump.name}`
  const why = `${name}: ${address}:${port} is not reachable${through}: ${said}`
  return new BrokenOff(name, why, early && endpoint.proxyCommand === undefined)
}
