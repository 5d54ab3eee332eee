import type { Duplex, Readable } from 'node:stream'
import type { Channel, Ended } from './channel.ts'
import { channelStream, type Line, type Sides } from './channel-stream.ts'
import { numbers, type Reader, reader, type Send, string } from './packets.ts'

/** Channels over one connection that somebody else has made: sessions, and ways to addresses that the other side reaches. */
export interface Channels {
  open(command: string): Promise<Channel>
  dial(address: string, port: number): Promise<Duplex>
  /** Takes a message of the other side: no padding, its type, its body. Throws at what makes no sense. */
  take(message: Buffer): void
  /** The connection is gone, and with it every channel. */
  lose(why: string): void
}

// RFC 4254, section 9.
const type = {
  open: 90,
  confirmed: 91,
  failed: 92,
  more: 93,
  data: 94,
  extended: 95,
  eof: 96,
  close: 97,
  request: 98,
  success: 99,
  failure: 100,
}
const ours = 2 * 1024 * 1024
const largest = 32 * 1024
/** Pieces that a server must take; with none at all, nothing would ever be sent, without end. */
export const leastPiece = 256
const openSeconds = 30
const quietMs = 1000

interface Entry {
  readonly line: Line
  theirs: number
  said: Ended
  over: boolean
  hasExited: boolean
  /** Settles what was asked last: the channel itself, then its command. */
  answer: (wrong: string | undefined) => void
  readonly ended: Promise<Ended>
  readonly exited: () => void
  readonly closed: () => void
}

/** Speaks the connection protocol of RFC 4254 as the side that opens channels; `seconds` for each answer. */
export function channelsOver(send: Send, seconds = openSeconds): Channels {
  const entries = new Map<number, Entry>()
  let count = 0
  let lost: string | undefined
  let heard = performance.now()
  const tell = (kind: number, body: Buffer, done?: () => void) =>
    send(Buffer.concat([Buffer.from([0, kind]), body]), done)

  const open = async (kind: string, about: Buffer, sides: Sides): Promise<Entry> => {
    if (lost !== undefined) throw new Error(lost)
    const id = count
    count += 1
    const toThem = (what: number, body: Buffer, done?: () => void) =>
      tell(what, Buffer.concat([numbers(entry.theirs), body]), done)
    const line = channelStream(sides, ours, {
      data: (chunk, done) => toThem(type.data, string(chunk), done),
      more: (bytes) => toThem(type.more, numbers(bytes)),
      eof: () => toThem(type.eof, Buffer.alloc(0)),
      close: () => toThem(type.close, Buffer.alloc(0)),
    })
    let end: (said: Ended) => void = () => undefined
    const entry: Entry = {
      line,
      theirs: -1,
      said: {},
      over: false,
      hasExited: false,
      answer: () => undefined,
      ended: new Promise((resolve) => {
        end = resolve
      }),
      exited: () => void setTimeout(drain, quietMs, entry, performance.now(), end).unref(),
      closed: () => {
        entry.over = true
        void Promise.all([drained(line.stream), drained(line.errorStream)]).then(() => end(entry.said))
      },
    }
    entries.set(id, entry)
    const ask = answered(entry)
    tell(type.open, Buffer.concat([string(kind), numbers(id, ours, largest), about]))
    await ask
    if (entry.over) throw new Error(lost ?? 'the channel was closed')
    return entry
  }

  // Something that was left behind may hold the streams open for ever. What the process said before may still be on a slow way.
  const drain = (entry: Entry, exited: number, end: (said: Ended) => void): void => {
    const left = heard + quietMs - performance.now()
    if (entry.over) return
    if (left <= 0 || performance.now() - exited > seconds * 1000) end(entry.said)
    else setTimeout(drain, left, entry, exited, end).unref()
  }

  /** Waits for an answer; one that comes too late finds the channel given up. */
  const answered = (entry: Entry): Promise<void> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        entry.answer = () => entry.line.close()
        if (entry.theirs >= 0) entry.line.close()
        reject(new Error(`no answer within ${seconds} seconds`))
      }, seconds * 1000)
      entry.answer = (wrong) => {
        clearTimeout(timer)
        entry.answer = () => undefined
        if (wrong === undefined) resolve()
        else reject(new Error(wrong))
      }
    })

  const request = (entry: Entry, from: Reader): void => {
    const name = from.string().toString('latin1')
    const wanted = from.byte() !== 0
    if (name === 'exit-status') entry.said = { code: from.number() }
    if (name === 'exit-signal') entry.said = { signal: from.string().toString('latin1') }
    if ((name === 'exit-status' || name === 'exit-signal') && !entry.hasExited) {
      entry.hasExited = true
      entry.exited()
    }
    // A server that asks whether we are there counts any answer.
    if (wanted) tell(type.failure, numbers(entry.theirs))
  }

  const take = (message: Buffer): void => {
    const from = reader(message, 2)
    const kind = message[1]
    heard = performance.now()
    const id = from.number()
    const entry = entries.get(id)
    if (entry === undefined) return
    // Said in any other order, somebody would wait for ever, or be told of a channel that is not there.
    const opens = kind === type.confirmed || kind === type.failed
    if (opens !== entry.theirs < 0) throw new RangeError(`A message of type ${kind} was not expected now.`)
    switch (kind) {
      case type.confirmed: {
        const [theirs, granted, piece] = [from.number(), from.number(), from.number()]
        if (piece < leastPiece) throw new RangeError(`Pieces of ${piece} bytes are too small.`)
        entry.theirs = theirs
        entry.line.grant(granted, piece)
        entry.answer(undefined)
        break
      }
      case type.failed: {
        const [reason, words] = [from.number(), from.string().toString('utf8')]
        entries.delete(id)
        entry.answer(`channel open failure: ${words || `reason ${reason}`}`)
        break
      }
      case type.more:
        entry.line.grant(from.number())
        break
      case type.data:
        entry.line.output(from.string())
        break
      case type.extended:
        if (from.number() === 1) entry.line.errors(from.string())
        break
      case type.eof:
        entry.line.eof()
        break
      case type.request:
        request(entry, from)
        break
      case type.success:
        entry.answer(undefined)
        break
      case type.failure:
        entry.answer('the server refused the command')
        break
      case type.close:
        entries.delete(id)
        entry.line.close()
        entry.line.eof()
        entry.closed()
        entry.answer('the channel was closed')
        break
      default:
        throw new RangeError(`No message of type ${kind} was expected.`)
    }
  }

  return {
    open: async (command) => {
      const entry = await open('session', Buffer.alloc(0), 'three')
      const { stream, errorStream } = entry.line
      const started = answered(entry)
      const exec = Buffer.concat([string('exec'), Buffer.from([1]), string(command)])
      tell(type.request, Buffer.concat([numbers(entry.theirs), exec]))
      await started.catch((error: unknown) => {
        entry.line.close()
        throw error
      })
      const destroy = () => {
        stream.resume()
        errorStream.resume()
        entry.line.close()
      }
      return { input: stream, output: stream, errors: errorStream, ended: entry.ended, destroy }
    },
    dial: async (address, port) => {
      const about = [string(address), numbers(port), string('127.0.0.1'), numbers(0)]
      return (await open('direct-tcpip', Buffer.concat(about), 'two')).line.stream
    },
    take,
    lose: (why) => {
      lost = why
      for (const entry of entries.values()) {
        entry.answer(why)
        entry.line.lose(why)
        entry.closed()
      }
      entries.clear()
    },
  }
}

/** Once all of a stream was read, or it was destroyed. */
const drained = (stream: Readable): Promise<void> =>
  stream.readableEnded || stream.destroyed
    ? Promise.resolve()
    : new Promise((resolve) => void stream.once('end', resolve).once('close', resolve))
