import type { Duplex } from 'node:stream'
import type { ClientChannel } from 'ssh2'
import type { Endpoint } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'
import type { Channel, Ended, Link } from './channel.ts'
import type { ConnectContext } from './context.ts'
import { findCredential } from './credential.ts'
import { handshake } from './handshake.ts'
import { hostKeyCheck } from './host-key.ts'
import { openWay } from './way.ts'

type Ssh2 = typeof import('ssh2')

const openSeconds = 30
const drainMs = 200

/** One SSH connection: host key checked before anything is sent, one key offered once; `passed` are host keys that are not asked for. Throws {@link ConnectionError}. */
export async function sshLink(
  ssh2: Ssh2,
  endpoint: Endpoint,
  username: string,
  context: ConnectContext,
  passed: readonly Buffer[] = [],
): Promise<Link> {
  const { name } = endpoint
  const check = await hostKeyCheck(endpoint, context, passed)
  const credential = await findCredential(ssh2, endpoint, username, context)
  const seconds = context.connectTimeout ?? endpoint.connectTimeout ?? 20
  const begun = performance.now()
  const way = await openWay(endpoint, seconds, context)
  const sock = way.stream
  const client = new ssh2.Client()
  let alive = false
  let authenticating = false
  let failure: (Error & { level?: string }) | undefined
  const gone = new Promise<string>((resolve) => {
    client.on('close', () => {
      alive = false
      resolve(`The connection to ${name} was lost${failure === undefined ? '' : `: ${failure.message}`}.`)
    })
  })
  // For ever: ssh2 emits it none, once or twice, and even after the end.
  client.on('error', (error) => {
    failure ??= error
  })
  const { alive: questions } = endpoint
  const silence = context.watchdog ?? (questions === undefined ? 60 : questions.interval * questions.count)
  const watch = watchdog(sock, silence * 1000, (error) => {
    failure ??= error
  })
  void gone.then(() => watch.end())
  const ready = new Promise<true>((resolve) => client.once('ready', () => resolve(true)))
  try {
    client.connect({
      sock,
      username,
      readyTimeout: Math.max(1, seconds * 1000 - (performance.now() - begun)),
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
      !authenticating && failure?.level !== 'client-timeout' && !/Handshake failed/.test(why),
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
function watchdog(sock: Duplex, limit: number, tell: (error: Error) => void) {
  let since = performance.now()
  const look = () => {
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
