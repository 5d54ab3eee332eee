import type { Duplex } from 'node:stream'
import type { ClientChannel } from 'ssh2'
import type { Endpoint } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'
import type { Link } from './channel.ts'
import type { ConnectContext } from './context.ts'
import { findCredential } from './credential.ts'
import { handshake } from './handshake.ts'
import { type HostKeyCheck, hostKeyCheck } from './host-key.ts'
import { withResolvers } from './resolvers.ts'
import { asChannel, guarded } from './ssh-channel.ts'
import { watchdog } from './watchdog.ts'
import { openWay } from './way.ts'

type Ssh2 = typeof import('ssh2')

const partingMs = 1000

/**
 * One SSH connection: host key checked before anything is sent, one key offered once. It is gone as soon as its watchdog
 * says so, whether the stream's own end comes or not. Throws {@link ConnectionError}.
 */
export async function sshLink(
  ssh2: Ssh2,
  endpoint: Endpoint,
  username: string,
  context: ConnectContext,
): Promise<Link> {
  const { name } = endpoint
  const check = await hostKeyCheck(endpoint, context)
  const credential = await findCredential(ssh2, endpoint, username, context)
  const seconds = context.connectTimeout ?? endpoint.connectTimeout ?? 20
  const { patience = 30 } = context
  const begun = performance.now()
  const way = await openWay(endpoint, seconds, context)
  const sock = way.stream
  const client = new ssh2.Client()
  let alive = false
  let authenticating = false
  let failure: (Error & { level?: string }) | undefined
  const { promise: gone, resolve: lose } = withResolvers<string>()
  const over = () => {
    alive = false
    watch.end()
    lose(`The connection to ${name} was lost${failure === undefined ? '' : `: ${failure.message}`}.`)
  }
  // Not only told of the end but done with it: a way through another machine never says that it is closed when that one hangs.
  const giveUp = (why: Error) => {
    failure ??= why
    sock.destroy()
    over()
  }
  client.on('close', over)
  // Before that, it may have said its last word, and would swallow what is asked of it.
  client.on('end', () => {
    alive = false
  })
  // For ever: ssh2 emits it none, once or twice, and even after the end. Then it only says goodbye, and may wait for an answer without end.
  client.on('error', (error: Error & { level?: string }) => {
    failure ??= error
    if (error.level !== 'agent' && error.level !== 'client-authentication')
      setTimeout(() => giveUp(error), partingMs).unref()
  })
  const { alive: questions } = endpoint
  const silence =
    context.watchdog ?? (questions === undefined ? 60 : questions.interval * (questions.count + 1))
  const watch = watchdog(sock, silence * 1000, () =>
    giveUp(new Error(`not a byte came for ${silence} seconds`)),
  )
  const ready = new Promise<true>((resolve) => client.once('ready', () => resolve(true)))
  const left = Math.max(1, seconds * 1000 - (performance.now() - begun))
  const late = setTimeout(() => giveUp(tooLate(seconds)), left)
  try {
    client.connect({
      sock,
      username,
      // Ours ends it whatever state it is in.
      readyTimeout: 0,
      keepaliveInterval: (questions?.interval ?? Math.min(15, silence / 4)) * 1000,
      keepaliveCountMax: 1_000_000,
      hostVerifier: (key: Buffer, decide: (ok: boolean) => void): void => {
        const verdict = verdictOf(check, key)
        if (typeof verdict === 'boolean') decide(verdict)
        else void verdict.then(decide)
      },
      authHandler: (left, _partial, next) => {
        // ssh2 asks with null the first time, whatever its types say. There is no second time.
        if (authenticating || (left as unknown) !== null) return next(false as never)
        authenticating = true
        next(credential.method)
      },
      algorithms: { ...handshake, serverHostKey: [...check.algorithms] as never[] },
    })
    watch.begin()
  } catch (error) {
    clearTimeout(late)
    giveUp(error instanceof Error ? error : new Error(String(error)))
    throw new ConnectionError(
      name,
      'unreachable',
      `${name}: ${error instanceof Error ? error.message : error}`,
    )
  }
  const made = await Promise.race([ready, gone])
  clearTimeout(late)
  if (made !== true) {
    sock.destroy()
    const refused = check.refused()
    throw refused ?? (await way.why) ?? whyNot()
  }
  alive = true
  return {
    get alive() {
      return alive
    },
    gone,
    patience,
    open: (command) =>
      guarded<ClientChannel>((done) => client.exec(command, done), gone, patience).then((channel) =>
        asChannel(channel, watch.quiet, patience),
      ),
    dial: (address, port) =>
      guarded<Duplex>((done) => client.forwardOut('127.0.0.1', 0, address, port, done), gone, patience),
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
    if (failure?.level === 'client-authentication' || failure?.level === 'agent')
      return new ConnectionError(
        name,
        'auth',
        `${name}: ${username}@${endpoint.address} was refused with ${credential.said}: ${why}\nTry it by hand: ssh -p ${endpoint.port} ${username}@${endpoint.address}`,
      )
    const stage = authenticating ? 'after the host key was accepted' : 'in the handshake'
    return new BrokenOff(
      name,
      `${name}: ${endpoint.address}:${endpoint.port} broke off ${stage}: ${why}`,
      !authenticating && failure?.level !== 'late' && !/Handshake failed/.test(why),
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

const tooLate = (seconds: number): Error =>
  Object.assign(new Error(`no answer within ${seconds} seconds`), { level: 'late' })

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
