import type { Duplex } from 'node:stream'

/**
 * Makes all that is written to a stream in one go leave in one write. ssh2 writes a packet in up to four pieces: with TCP's
 * own gathering off, each would be a system call and a segment.
 */
export function gather(stream: Duplex): void {
  const write = stream.write
  let gathering = false
  const send = () => {
    gathering = false
    stream.uncork()
  }
  stream.write = (...given: unknown[]): boolean => {
    if (!gathering) {
      gathering = true
      stream.cork()
      queueMicrotask(send)
    }
    return Reflect.apply(write, stream, given)
  }
}
