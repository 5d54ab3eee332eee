import { type Duplex, Readable } from 'node:stream'
import type { ClientChannel } from 'ssh2'
import type { Channel, Ended } from './channel.ts'
import { leastPiece } from './channels.ts'
import { withResolvers } from './resolvers.ts'

const quietMs = 1000

/**
 * What ssh2 calls back with; it never does after a disconnect, and throws when it is not connected. Nor does it look at what
 * a server says of a channel: one that takes pieces of no bytes would be sent them without end, and what is sent beyond what
 * was granted would be kept; `breach` is told of that.
 */
export function guarded<T extends Duplex>(
  start: (done: (error: Error | undefined, value: T) => void) => void,
  gone: Promise<string>,
  seconds: number,
  breach: (why: Error) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let over = false
    const end = () => {
      over = true
      clearTimeout(timer)
    }
    const fail = (error: unknown) => {
      end()
      reject(error)
    }
    const timer = setTimeout(() => fail(new Error(`no answer within ${seconds} seconds`)), seconds * 1000)
    void gone.then((why) => fail(new Error(why)))
    try {
      start((error, value) => {
        // Nobody waits for it any more, and it would count against the server's limit.
        if (error === undefined && over) return void value.on('error', () => undefined).destroy()
        if (error) return fail(error)
        const piece = numberIn(value, 'outgoing', 'packetSize')
        if (piece !== undefined && piece < leastPiece) {
          value.on('error', () => undefined).destroy()
          return fail(new Error(`the server takes pieces of ${piece} bytes`))
        }
        keepToWindow(value, breach)
        end()
        resolve(value)
      })
    } catch (error) {
      fail(error)
    }
  })
}

function keepToWindow(channel: Duplex, breach: (why: Error) => void): void {
  const errors: unknown = Reflect.get(channel, 'stderr')
  for (const stream of [channel, errors]) {
    if (!(stream instanceof Readable)) continue
    const push = stream.push.bind(stream)
    stream.push = (chunk: unknown, encoding?: BufferEncoding) => {
      if ((numberIn(channel, 'incoming', 'window') ?? 0) >= 0) return push(chunk, encoding)
      breach(new Error('it sends more than it may'))
      return false
    }
  }
}

// What ssh2 keeps of a channel has no types.
function numberIn(channel: Duplex, side: 'incoming' | 'outgoing', name: string): number | undefined {
  const about: unknown = Reflect.get(channel, side)
  const value: unknown = typeof about === 'object' && about !== null ? Reflect.get(about, name) : undefined
  return typeof value === 'number' ? value : undefined
}

/** A channel as a process. What it said last is waited for while bytes come at all, at most `seconds`. */
export function asChannel(channel: ClientChannel, quiet: () => number, seconds: number): Channel {
  const { promise: ended, resolve } = withResolvers<Ended>()
  let said: Ended = {}
  let timer: NodeJS.Timeout | undefined
  let exited = 0
  // Something that was left behind may hold the streams open for ever. What the process said before may still be on a slow way.
  const drain = () => {
    const left = quietMs - quiet()
    if (left <= 0 || performance.now() - exited > seconds * 1000) resolve(said)
    else timer = setTimeout(drain, left).unref()
  }
  channel.on('exit', (code: number | null, signal?: string) => {
    said =
      typeof code === 'number' ? { code } : signal === undefined ? {} : { signal: signal.replace(/^SIG/, '') }
    exited = performance.now()
    timer = setTimeout(drain, quietMs).unref()
  })
  channel.on('close', () => {
    clearTimeout(timer)
    resolve(said)
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
