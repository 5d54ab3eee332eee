import type { Duplex } from 'node:stream'
import type { ClientChannel } from 'ssh2'
import type { Endpoint } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'
import { loginRun } from './auth-methods.ts'
import type { Channel, Ended, Link } from './channel.ts'
import type { ConnectContext } from './context.ts'
import { findCredential, secretValue } from './credential.ts'
import { deadline } from './deadline.ts'
import { dropped, firstWords } from './first-words.ts'
import { gather } from './gather.ts'
import { handshake } from './handshake.ts'
import { hostKeyCheck } from './host-key.ts'
import { keepRefusals } from './refusals.ts'
import { openWay } from './way.ts'

type Ssh2 = typeof import('ssh2')

const openSeconds = 30
const drainMs = 200

/** One SSH connection: host key checked before anything is sent, each way to log in tried once. Throws {@link ConnectionError}. */
export async function sshLink(
  ssh2: Ssh2,
  endpoint: Endpoint,
  username: string,
  context: ConnectContext,
): Promise<Link> {
  const { name } = endpoint
  const { refusals = keepRefusals() } = context
  const settings = JSON.stringify([username, endpoint])
  const before = refusals.before(settings)
  if (before !== undefined)
    throw new ConnectionError(name, 'auth', `${name}: not tried again: ${before.message}`)
  const check = await hostKeyCheck(endpoint, context)
  const key = await findCredential(ssh2, endpoint, username, context)
  const { password } = endpoint
  const passwordValue = password === undefined ? '' : secretValue(name, password, context.secrets)
  const seconds = context.connectTimeout ?? endpoint.connectTimeout ?? 20
  const begun = performance.now()
  const way = await openWay(endpoint, seconds, context)
  const sock = way.stream
  gather(sock)
  const client = new ssh2.Client()
  let alive = false
  let failure: (Error & { level?: string; code?: unknown }) | undefined
  const limit = deadline(Math.max(1, seconds * 1000 - (performance.now() - begun)), () => {
    failure ??= Object.assign(new Error(`not logged in within ${seconds} seconds`), {
      level: 'client-timeout',
    })
    sock.destroy()
  })
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
  const gone = new Promise<string>((resolve) => {
    client.on('close', () => {
      alive = false
      resolve(`The connection to ${name} was lost${failure === undefined ? '' : `: ${failure.message}`}.`)
    })
  })
  // For ever: ssh2 emits it none, once or twice, and even after the end.
  client.on('error', (error: Error & { level?: string }) => {
    if (error.level === 'agent') login.agentFailed(error.message)
    else failure ??= error
  })
  client.on('change password', login.mustChange)
  const { alive: questions } = endpoint
  const silence = context.watchdog ?? (questions === undefined ? 60 : questions.interval * questions.count)
  const watch = watchdog(sock, silence * 1000, limit.paused, (error) => {
    failure ??= error
  })
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
      keepaliveInterval: (questions?.interval ?? 15) * 1000,
      keepaliveCountMax: 1_000_000,
      hostVerifier: (key: Buffer, decide: (ok: boolean) => void): void => {
        let right: boolean | Promise<boolean> = false
        try {
          right = check.verify(key)
        } finally {
          if (typeof right === 'boolean') decide(right === true)
          else
            void right.then(
              (stored) => decide(stored === true),
              () => decide(false),
            )
        }
      },
      authHandler: login.handler,
      ...(key?.method.type === 'agent' && { debug: login.debug }),
      algorithms: { ...handshake, serverHostKey: [...check.algorithms] as never[] },
    })
    watch.begin()
    said = firstWords(sock)
  } catch (error) {
    limit.end()
    sock.destroy()
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
    open: (command) =>
      guarded<ClientChannel>((done) => client.exec(command, done), gone).then((channel) =>
        asChannel(channel),
      ),
    dial: (address, port) =>
      guarded<Duplex>((done) => client.forwardOut('127.0.0.1', 0, address, port, done), gone),
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
    const stage = login.begun() ? 'after the host key was accepted' : 'in the handshake'
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

/** Gives a connection up that has brought no byte for too long; the keepalives see to it that a living one does. */
function watchdog(sock: Duplex, limit: number, held: () => boolean, tell: (error: Error) => void) {
  let since = performance.now()
  const look = () => {
    if (held()) since = performance.now()
    if (performance.now() - since < limit) return
    tell(new Error(`not a byte came for ${limit / 1000} seconds`))
    sock.destroy()
  }
  const timer = setInterval(look, Math.min(5000, limit / 4)).unref()
  return {
    // Not before ssh2 listens: a listener makes a stream flow.
    begin: () =>
      void sock.on('data', () => {
        since = performance.now()
      }),
    end: () => clearInterval(timer),
  }
}

/** What ssh2 calls back with; it never does after a disconnect, and throws when it is not connected. */
function guarded<T>(
  start: (done: (error: Error | undefined, value: T) => void) => void,
  gone: Promise<string>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`no answer within ${openSeconds} seconds`)),
      openSeconds * 1000,
    )
    const fail = (error: unknown) => {
      clearTimeout(timer)
      reject(error)
    }
    void gone.then((why) => fail(new Error(why)))
    try {
      start((error, value) => {
        if (error) return fail(error)
        clearTimeout(timer)
        resolve(value)
      })
    } catch (error) {
      fail(error)
    }
  })
}

function asChannel(channel: ClientChannel): Channel {
  const ended = new Promise<Ended>((resolve) => {
    let said: Ended = {}
    channel.on('exit', (code: number | null, signal?: string) => {
      said =
        typeof code === 'number'
          ? { code }
          : signal === undefined
            ? {}
            : { signal: signal.replace(/^SIG/, '') }
      // Something that was left behind may hold the streams open for ever.
      setTimeout(() => resolve(said), drainMs).unref()
    })
    channel.on('close', () => resolve(said))
  })
  channel.on('error', () => undefined)
  return {
    input: channel,
    output: channel,
    errors: channel.stderr,
    ended,
    destroy: () => {
      channel.resume()
      channel.stderr.resume()
      channel.close()
    },
  }
}
