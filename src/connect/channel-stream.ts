import { Duplex, Readable } from 'node:stream'

/** `three`: a session, whose errors are apart and whose end is said last. `two`: a TCP connection. */
export type Sides = 'two' | 'three'

/** What a channel tells the other side. */
interface Teller {
  data(chunk: Buffer, done: (() => void) | undefined): void
  /** So many bytes more may be sent to us. */
  more(bytes: number): void
  eof(): void
  close(): void
}

/** One channel as streams, and what the other side says of it. */
export interface Line {
  readonly stream: Duplex
  readonly errorStream: Readable
  /** So many bytes more may be sent, in pieces of at most `largest`. */
  grant(bytes: number, largest?: number): void
  output(chunk: Buffer): void
  errors(chunk: Buffer): void
  /** Nothing comes any more. */
  eof(): void
  /** Says once that it is over. */
  close(): void
  lose(why: string): void
}

const worthTelling = 256 * 1024

/**
 * Streams with the windows of RFC 4254: bytes are granted anew once they were read, and none is sent that was not granted.
 * `window` is what the other side was granted at first; `output` and `errors` throw a RangeError when it sends more.
 */
export function channelStream(sides: Sides, window: number, tell: Teller): Line {
  let mayCome = window
  let granted = 0
  let largest = 1
  let closed = false
  let over = false
  let taken = 0
  let waiting: { chunk: Buffer; done: (error?: Error | null) => void } | undefined
  const unread = { output: 0, errors: 0 }

  const credit = (bytes: number) => {
    taken += bytes
    if (taken < worthTelling || closed) return
    tell.more(taken)
    mayCome += taken
    taken = 0
  }
  const release = (from: keyof typeof unread) => {
    const bytes = unread[from]
    unread[from] = 0
    if (bytes > 0) credit(bytes)
  }
  const flush = () => {
    while (waiting !== undefined && granted > 0 && !closed) {
      const { chunk, done } = waiting
      const piece = chunk.subarray(0, Math.min(granted, largest))
      const rest = chunk.subarray(piece.length)
      granted -= piece.length
      waiting = rest.length === 0 ? undefined : { chunk: rest, done }
      tell.data(piece, rest.length === 0 ? () => done() : undefined)
    }
  }
  const close = () => {
    if (closed) return
    closed = true
    tell.close()
    const left = waiting
    waiting = undefined
    left?.done(new Error('the channel was closed'))
  }
  const stream = new Duplex({
    autoDestroy: sides === 'two',
    read: () => release('output'),
    write: (chunk: Buffer, _encoding, done) => {
      if (closed) return done(new Error('the channel was closed'))
      waiting = { chunk, done }
      flush()
    },
    final: (done) => {
      if (!closed) tell.eof()
      done()
    },
    destroy: (error, done) => {
      close()
      done(error)
    },
  })
  const errorStream = new Readable({ read: () => release('errors') })
  if (sides === 'three') stream.on('error', () => undefined)
  errorStream.on('error', () => undefined)
  const arrived = (into: Readable, from: keyof typeof unread, chunk: Buffer) => {
    mayCome -= chunk.length
    if (mayCome < 0) throw new RangeError('The other side sends more than it may.')
    if (over || into.destroyed) return credit(chunk.length)
    // Before the push: a reader takes the bytes, and asks for more, while it lasts.
    unread[from] += chunk.length
    if (into.push(chunk)) release(from)
  }
  const eof = () => {
    if (over) return
    over = true
    stream.push(null)
    errorStream.push(null)
  }
  return {
    stream,
    errorStream,
    grant: (bytes, piece = largest) => {
      granted += bytes
      largest = piece
      flush()
    },
    output: (chunk) => arrived(stream, 'output', chunk),
    errors: (chunk) => arrived(errorStream, 'errors', chunk),
    eof,
    close,
    lose: (why) => {
      closed = true
      const left = waiting
      waiting = undefined
      left?.done(new Error(why))
      // Without an error: nobody need listen for one who has read all that there was.
      stream.destroy()
      errorStream.destroy()
    },
  }
}
