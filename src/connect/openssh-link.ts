import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Endpoint } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'
import type { Link } from './channel.ts'
import type { ConnectContext } from './context.ts'
import { secretValue } from './credential.ts'
import { Refused } from './handshake.ts'
import { joinMaster } from './mux.ts'
import { answerOnce } from './openssh-answer.ts'
import { dialCommand, type MasterSettings, masterArguments } from './openssh-arguments.ts'
import { faultOf, saidOf, shownIn } from './openssh-faults.ts'
import { type TrustedKeys, trustedKeys } from './openssh-keys.ts'
import { findLogin, type Login, refusedLogin } from './openssh-login.ts'
import { type Start, socketDirectory, startMaster, textOf } from './openssh-start.ts'
import { keepRefusals, type Trial } from './refusals.ts'
import { BrokenOff } from './ssh-link.ts'

/** One connection made by the `ssh` program: it logs in, and we speak over it. Throws {@link ConnectionError}. */
export async function openSshLink(
  endpoint: Endpoint,
  username: string,
  context: ConnectContext,
): Promise<Link> {
  const { name } = endpoint
  const { refusals = keepRefusals(), sshProgram: program = 'ssh', patience = 30 } = context
  const same = JSON.stringify([username, endpoint])
  const before = refusals.before(same)
  if (before !== undefined)
    throw new ConnectionError(name, 'auth', `${name}: not tried again: ${before.message}`)
  const seconds = context.connectTimeout ?? endpoint.connectTimeout ?? 20
  const login = await findLogin(endpoint, context)
  const trusted = await trustedKeys(endpoint, context, seconds)
  const proxyCommand = await proxyOf(endpoint, context)
  const password = endpoint.password && secretValue(name, endpoint.password, context.secrets)
  const turn = await turnOf(endpoint, username, password, context)
  const directory = socketDirectory()
  const leave = () => rmSync(directory, { recursive: true, force: true })
  const settings: MasterSettings = {
    username,
    socket: join(directory, 's'),
    log: join(directory, 'log'),
    knownHosts: join(directory, 'known_hosts'),
    hostKeyAlgorithms: trusted.algorithms,
    ...login,
    password: password !== undefined,
    ...(proxyCommand !== undefined && { proxyCommand }),
    connectTimeout: seconds,
    silence: silenceOf(endpoint, context),
  }
  try {
    writeFileSync(settings.knownHosts, trusted.text, { mode: 0o600 })
    const words = [program, ...masterArguments(endpoint, settings)]
    await loggedIn(words, directory, password, turn, settings.log, seconds).catch(async (error: unknown) => {
      if (!(error instanceof NotReady)) throw error
      const why = await whyNot(endpoint, username, login, trusted, error.start, textOf(settings.log))
      if (why.fault === 'auth') refusals.remember(same, why)
      throw why
    })
    const master = await joinMaster(settings.socket, patience).catch((error: unknown) => {
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
      patience,
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

class NotReady extends Error {
  readonly start: Exclude<Start, 'ready'>
  constructor(start: Exclude<Start, 'ready'>) {
    super('ssh did not log in')
    this.start = start
  }
}

/** Starts a master, with a password if there is one; whatever comes of it, the password's turn is over then. */
async function loggedIn(
  words: readonly string[],
  directory: string,
  password: string | undefined,
  turn: Trial | undefined,
  log: string,
  seconds: number,
): Promise<void> {
  let verdict: Parameters<Trial['end']>[0] = 'unknown'
  try {
    const answer = password === undefined ? undefined : await answerOnce(directory, password)
    const start = await startMaster([...(answer?.variables ?? []), ...words], log, seconds)
    const asked = answer?.close() === true
    if (asked && start === 'ready') verdict = 'accepted'
    if (asked && start !== 'ready' && faultOf(textOf(log)).fault === 'auth') verdict = 'refused'
    if (start !== 'ready') throw new NotReady(start)
  } finally {
    turn?.end(verdict)
  }
}

async function turnOf(
  { name, address, port }: Endpoint,
  username: string,
  password: string | undefined,
  { refusals = keepRefusals() }: ConnectContext,
): Promise<Trial | undefined> {
  if (password === undefined) return undefined
  const turn = await refusals.turn(password, username, `${address}:${port}`, name)
  if (!('barred' in turn)) return turn
  throw new ConnectionError(
    name,
    'auth',
    `${name}: its password is not tried: ${turn.barred}\nCorrect it, or give this host one of its own.`,
  )
}

async function proxyOf(endpoint: Endpoint, { bastions }: ConnectContext): Promise<string | undefined> {
  const { name, jump, proxyCommand } = endpoint
  if (proxyCommand !== undefined || jump === undefined) return proxyCommand
  if (bastions !== undefined) return bastions.command(endpoint, jump)
  throw new ConnectionError(name, 'unreachable', `${name}: nobody keeps connections to ${jump.name}.`)
}

// Questions go out in whole seconds.
function silenceOf({ alive }: Endpoint, { watchdog }: ConnectContext): MasterSettings['silence'] {
  if (watchdog === undefined) return alive ?? { interval: 15, count: 3 }
  const interval = Math.max(1, Math.min(15, Math.floor(watchdog / 4)))
  return { interval, count: Math.max(1, Math.round(watchdog / interval) - 1) }
}

async function whyNot(
  endpoint: Endpoint,
  username: string,
  login: Login,
  trusted: TrustedKeys,
  start: Exclude<Start, 'ready'>,
  messages: string,
): Promise<ConnectionError> {
  const { name, address, port } = endpoint
  const unreachable = (why: string) => new BrokenOff(name, `${name}: ${why}`, false)
  if (start === 'late') return unreachable(`${address}:${port}: ssh was not logged in in time`)
  if (start.error !== undefined || start.code === 127)
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
  if (/^ssh: connect to host .*: Connection refused/m.test(messages)) return new Refused(name, why)
  return new BrokenOff(name, why, early && endpoint.proxyCommand === undefined)
}
