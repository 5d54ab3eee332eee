import type { Duplex } from 'node:stream'
import type { ClientChannel } from 'ssh2'
import type { Endpoint } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'
import { loginRun } from './auth-methods.ts'
import type { Link } from './channel.ts'
import type { ConnectContext } from './context.ts'
import { findCredential, secretValue } from './credential.ts'
import { deadline } from './deadline.ts'
import { dropped, firstWords } from './first-words.ts'
import { gather } from './gather.ts'
import { handshake } from './handshake.ts'
import { type HostKeyCheck, hostKeyCheck } from './host-key.ts'
import { keepRefusals } from './refusals.ts'
import { withResolvers } from './resolvers.ts'
import { asChannel, guarded } from './ssh-channel.ts'
import { watchdog } from './watchdog.ts'
import { openWay } from './way.ts'
import { wholeIdent } from './whole-ident.ts'

type Ssh2 = typeof import('ssh2')

const partingMs = 1000

/**
 * One SSH connection: host key checked before anything is sent, each way to log in tried once; `passed` are host keys that are not asked for. It is gone as soon as its
 * watchdog says so, whether the stream's own end comes or not. Throws {@link ConnectionError}.
 */
export async function sshLink(
  ssh2: Ssh2,
  endpoint: Endpoint,
  username: string,
  context: ConnectContext,
  passed: readonly Buffer[] = [],
): Promise<Link> {
  const { name } = endpoint
  const { refusals = keepRefusals() } = context
  const settings = JSON.stringify([username, endpoint])
  const before = refusals.before(settings)
  if (before !== undefined)
    throw new ConnectionError(name, 'auth', `${name}: not tried again: ${before.message}`)
  const check = await hostKeyCheck(endpoint, context, passed)
  const key = await findCredential(ssh2, endpoint, username, context)
  const { password } = endpoint
  const passwordValue = password === undefined ? '' : secretValue(name, password, context.secrets)
  const seconds = context.connectTimeout ?? endpoint.connectTimeout ?? 20
  const { patience = 30 } = context
  const begun = performance.now()
  const way = await openWay(endpoint, seconds, context)
  const sock = way.stream
  gather(sock)
  wholeIdent(sock)
  const client = new ssh2.Client()
  let alive = false
  let failure: (Error & { level?: string; code?: unknown }) | undefined
  const { promise: gone, resolve: lose } = withResolvers<string>()
  const over = () => {
    alive = false
    lose(`The connection to ${name} was lost${failure === undefined ? '' : `: ${failure.message}`}.`)
  }
  // Not only told of the end but done with it: a way through another machine never says that it is closed when that one hangs.
  const giveUp = (why: Error & { level?: string }) => {
    failure ??= why
    sock.destroy()
    over()
  }
  const limit = deadline(Math.max(1, seconds * 1000 - (performance.now() - begun)), () =>
    giveUp(Object.assign(new Error(`not logged in within ${seconds} seconds`), { level: 'client-timeout' })),
  )
  const login = loginRun({
    endpoint,
    username,
    key,
    password: password && { secret: password, value: passwordValue },
    refusals,
    ask: context.ask,
    pause: limit.pause,
    hangUp: () => client.end(),
  })
  client.on('close', over)
  // Before that, it may have said its last word, and would swallow what is asked of it.
  client.on('end', () => {
    alive = false
  })
  // For ever: ssh2 emits it none, once or twice, and even after the end. Then it only says goodbye, and may wait for an answer without end.
  client.on('error', (error: Error & { level?: string }) => {
    if (error.level === 'agent') return login.agentFailed(error.message)
    failure ??= error
    if (error.level !== 'client-authentication') setTimeout(() => giveUp(error), partingMs).unref()
  })
  client.on('change password', login.mustChange)
  client.on('banner', login.said)
  const { alive: questions } = endpoint
  const silence =
    context.watchdog ?? (questions === undefined ? 60 : questions.interval * (questions.count + 1))
  const watch = watchdog(sock, silence * 1000, limit.paused, () =>
    giveUp(new Error(`not a byte came for ${silence} seconds`)),
  )
  let said = (): string => ''
  void gone.then(() => {
    limit.end()
    watch.end()
    login.over({ serverSaid: typeof failure?.code === 'number' ? failure.message : undefined })
  })
  const ready = new Promise<true>((resolve) => client.once('ready', () => resolve(true)))
  try {
    client.connect({
      sock,
      username,
      // Ours stands still while a person is asked.
      readyTimeout: 0,
      keepaliveInterval: (questions?.interval ?? Math.min(15, silence / 4)) * 1000,
      keepaliveCountMax: 1_000_000,
      hostVerifier: (key: Buffer, decide: (ok: boolean) => void): void => {
        const verdict = verdictOf(check, key)
        if (typeof verdict === 'boolean') decide(verdict)
        else void verdict.then(decide)
      },
      authHandler: login.handler,
      ...(key?.method.type === 'agent' && { debug: login.debug }),
      algorithms: { ...handshake, serverHostKey: [...check.algorithms] as never[] },
    })
    watch.begin()
    said = firstWords(sock)
  } catch (error) {
    limit.end()
    giveUp(error instanceof Error ? error : new Error(String(error)))
    throw new ConnectionError(
      name,
      'unreachable',
      `${name}: ${error instanceof Error ? error.message : error}`,
    )
  }
  if ((await Promise.race([ready, gone])) !== true) {
    sock.destroy()
    const refused = check.refused()
    throw refused ?? (await way.why) ?? whyNot()
  }
  alive = true
  limit.end()
  login.over('in')
  const hostKey = check.shown()
  return {
    ...(hostKey !== undefined && { hostKey }),
    get alive() {
      return alive
    },
    gone,
    patience,
    open: (command) =>
      guarded<ClientChannel>((done) => client.exec(command, done), gone, patience, giveUp).then((channel) =>
        asChannel(channel, watch.quiet, patience),
      ),
    dial: (address, port) =>
      guarded<Duplex>(
        (done) => client.forwardOut('127.0.0.1', 0, address, port, done),
        gone,
        patience,
        giveUp,
      ),
    close: () => {
      alive = false
      client.end()
      setTimeout(() => sock.destroy(), 2000).unref()
    },
  }

  function whyNot(): ConnectionError {
    const why = failure?.message ?? 'the connection was closed'
    if (/no matching host key/.test(why)) {
      const changed = check.noneOffered()
      if (changed !== undefined) return changed
    }
    const refused = login.refused()
    if (refused !== undefined) {
      if (login.final()) refusals.remember(settings, refused)
      return refused
    }
    const drop = dropped(said())
    if (drop !== undefined)
      return new BrokenOff(name, `${name}: ${endpoint.address}:${endpoint.port} ${drop}`, false)
    const stage = !login.begun()
      ? 'in the handshake'
      : `in the login (if it does so each time, the account may not log in there)${login.heard() && `; it said: ${login.heard()}`}`
    return new BrokenOff(
      name,
      `${name}: ${endpoint.address}:${endpoint.port} broke off ${stage}: ${why}`,
      !login.begun() && failure?.level !== 'client-timeout' && !/Handshake failed/.test(why),
    )
  }
}

/** A connection that ended before it was made; `early` when it was before anything was said to the server's login. */
export class BrokenOff extends ConnectionError {
  readonly early: boolean
  constructor(host: string, message: string, early: boolean) {
    super(host, 'unreachable', message)
    this.early = early
  }
}

// ssh2 takes all but `false` for a yes, promises too, and an error of the verifier would be nobody's.
function verdictOf(check: HostKeyCheck, key: Buffer): boolean | Promise<boolean> {
  try {
    const right = check.verify(key)
    if (typeof right === 'boolean') return right
    return right.then(
      (stored) => stored === true,
      () => false,
    )
  } catch {
    return false
  }
}
