import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Endpoint } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'
import { sanitize } from '../model/sanitize.ts'
import type { Link } from './channel.ts'
import type { ConnectContext } from './context.ts'
import { secretValue } from './credential.ts'
import { dropped } from './first-words.ts'
import { Refused } from './handshake.ts'
import { joinMaster } from './mux.ts'
import { type Answer, type Answered, answerOnce } from './openssh-answer.ts'
import { dialCommand, type MasterSettings, masterArguments } from './openssh-arguments.ts'
import { faultOf, saidOf, shownIn, wordsIn } from './openssh-faults.ts'
import { type TrustedKeys, trustedKeys } from './openssh-keys.ts'
import { findLogin, type Login, refusedLogin } from './openssh-login.ts'
import { type Start, socketDirectory, startMaster, textOf } from './openssh-start.ts'
import { cannotAnswer } from './openssh-version.ts'
import { isPasswordPrompt } from './password-prompt.ts'
import { keepRefusals, type Trial, type Verdict } from './refusals.ts'
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
  const passphrase = password === undefined ? passphraseOf(endpoint, login, context) : undefined
  if (password !== undefined || passphrase !== undefined) {
    const why = await cannotAnswer(program)
    if (why !== undefined)
      throw new ConnectionError(
        name,
        'auth',
        `${name}: not logged in: ${why}\nInstall a newer one, or log in with a key that the agent holds: ssh-add FILE`,
      )
  }
  const directory = socketDirectory()
  const identity = join(directory, 'identity')
  const leave = () => rmSync(directory, { recursive: true, force: true })
  const settings: MasterSettings = {
    username,
    socket: join(directory, 's'),
    log: join(directory, 'log'),
    knownHosts: join(directory, 'known_hosts'),
    hostKeyAlgorithms: trusted.algorithms,
    ...login,
    ...(login.agentKey !== undefined && { identityFiles: [identity] }),
    password: password !== undefined,
    passphrase: passphrase !== undefined,
    ...(proxyCommand !== undefined && { proxyCommand }),
    connectTimeout: seconds,
    silence: silenceOf(endpoint, context),
  }
  try {
    writeFileSync(settings.knownHosts, trusted.text, { mode: 0o600 })
    if (login.agentKey !== undefined)
      writeFileSync(`${identity}.pub`, `${login.agentKey.type} ${login.agentKey.blob.toString('base64')}\n`, {
        mode: 0o600,
      })
    const words = [program, ...masterArguments(endpoint, settings)]
    const turn = () => turnOf(endpoint, username, password, context)
    const typed = { username, password, passphrase }
    await loggedIn(name, words, directory, typed, turn, settings.log, seconds).catch(
      async (error: unknown) => {
        if (!(error instanceof NotReady)) throw error
        const messages = textOf(settings.log)
        const why = await whyNot(endpoint, username, login, trusted, error, messages, passphrase)
        if (why.fault === 'auth') refusals.remember(same, why)
        throw why
      },
    )
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
  readonly answered: Answered | undefined
  constructor(start: Exclude<Start, 'ready'>, answered: Answered | undefined) {
    super('ssh did not log in')
    this.start = start
    this.answered = answered
  }
}

interface Typed {
  readonly username: string
  readonly password: string | undefined
  readonly passphrase: string | undefined
}

/** Starts a master, with a password or a passphrase if there is one; whatever comes of it, the password's turn is over then. */
async function loggedIn(
  name: string,
  words: readonly string[],
  directory: string,
  { username, password, passphrase }: Typed,
  takeTurn: () => Promise<Trial | undefined>,
  log: string,
  seconds: number,
): Promise<void> {
  const turn = await takeTurn()
  let answer: Answer | undefined
  let answered: Answered | undefined
  let verdict: Verdict = 'unknown'
  try {
    const secret = password ?? passphrase
    const kind = password === undefined ? 'passphrase' : 'password'
    if (secret !== undefined)
      answer = await answerOnce(directory, kind, secret, username).catch((error: unknown) => {
        const why = error instanceof Error ? error.message : String(error)
        throw new ConnectionError(name, 'auth', `${name}: not logged in: ${why}`)
      })
    const start = await startMaster([...(answer?.variables ?? []), ...words], log, seconds)
    answered = answer?.close()
    answer = undefined
    if (answered?.asked === true) verdict = verdictOf(start, answered, textOf(log), username)
    if (start !== 'ready') throw new NotReady(start, answered)
  } finally {
    answer?.close()
    turn?.end(verdict)
  }
}

/** What came of a password that was sent. One that is asked for once more was refused. */
function verdictOf(start: Start, { stopped }: Answered, messages: string, username: string): Verdict {
  if (start === 'ready') return 'accepted'
  if (stopped !== undefined) return isPasswordPrompt(stopped, username) ? 'refused' : 'unknown'
  return faultOf(messages).fault === 'auth' ? 'refused' : 'unanswered'
}

function passphraseOf(
  { name, passphrase }: Endpoint,
  { identityFiles: [file] }: Login,
  { secrets, passphrases }: ConnectContext,
): string | undefined {
  const secret = file === undefined ? undefined : (passphrase ?? passphrases?.get(file))
  return secret === undefined ? undefined : secretValue(name, secret, secrets)
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
  { start, answered }: NotReady,
  messages: string,
  passphrase: string | undefined,
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
  if (answered?.stopped !== undefined) {
    const question = JSON.stringify(sanitize(answered.stopped).slice(0, 200))
    const why =
      answered.asked && isPasswordPrompt(answered.stopped, username)
        ? 'it asks for the password once more'
        : `the server asks ${question}, and nobody can answer that over the ssh program`
    return refusedLogin(endpoint, username, login, why)
  }
  const drop = dropped(wordsIn(messages))
  if (drop !== undefined) return unreachable(`${address}:${port} ${drop}`)
  if (fault === 'auth') return refusedLogin(endpoint, username, login, said, passphrase)
  if (fault === 'host-key') {
    const ours = await trusted.refused().catch(() => undefined)
    return ours ?? new ConnectionError(name, 'host-key', `${name}: ssh refused its host key: ${said}`)
  }
  const through = endpoint.jump === undefined ? '' : ` through ${endpoint.jump.name}`
  const why = `${name}: ${address}:${port} is not reachable${through}: ${said}`
  if (/^ssh: connect to host .*: Connection refused/m.test(messages)) return new Refused(name, why)
  return new BrokenOff(name, why, early && endpoint.proxyCommand === undefined)
}
