import type { Duplex } from 'node:stream'

/** Numbers as SSH writes them: 32 bits, the highest first. */
export function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length)
  for (const [at, value] of values.entries()) bytes.writeUInt32BE(value, 4 * at)
  return bytes
}

/** A string as SSH writes it: its length before it. */
export function string(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([numbers(bytes.length), bytes])
}

/** Reads a message from its front; throws a RangeError where it is shorter than it says. */
export interface Reader {
  number(): number
  byte(): number
  string(): Buffer
}

/** A reader that begins at an offset. */
export function reader(message: Buffer, offset = 0): Reader {
  let at = offset
  const number = () => {
    const value = message.readUInt32BE(at)
    at += 4
    return value
  }
  return {
    number,
    byte: () => {
      const value = message.readUInt8(at)
      at += 1
      return value
    },
    string: () => {
      const size = number()
      if (at + size > message.length) throw new RangeError('A message ends before its string.')
      at += size
      return message.subarray(at - size, at)
    },
  }
}

/** Sends a message; `done` is called once it was handed on. */
export type Send = (message: Buffer, done?: () => void) => void

const longest = 1024 * 1024

/** Cuts a stream into messages, each behind its length. A message that cannot be, or that `take` throws at, destroys it. */
export function framed(stream: Duplex, take: (message: Buffer) => void): Send {
  let held: Buffer = Buffer.alloc(0)
  stream.on('data', (chunk: Buffer) => {
    let data = held.length === 0 ? chunk : Buffer.concat([held, chunk])
    try {
      while (data.length >= 4) {
        const size = data.readUInt32BE(0)
        if (size > longest) throw new RangeError(`A message of ${size} bytes cannot be.`)
        if (data.length < 4 + size) break
        take(data.subarray(4, 4 + size))
        data = data.subarray(4 + size)
      }
      held = Buffer.from(data)
    } catch (error) {
      stream.destroy(error instanceof Error ? error : new Error(String(error)))
    }
  })
  return (message, done) => {
    stream.cork()
    stream.write(numbers(message.length))
    stream.write(message, done && (() => done()))
    stream.uncork()
  }
}
