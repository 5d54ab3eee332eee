import type { Duplex } from 'node:stream'

const atMost = 16 * 1024

/**
 * Hands on what a stream brings first only when the line with the server's version is whole. ssh2 1.17 computes another
 * hash than the server when that line comes in pieces, as on a slow link, and then takes its signature for a wrong one.
 * What comes before the end instead is handed on with it.
 */
export function wholeIdent(stream: Duplex): void {
  const { emit } = stream
  let held: Buffer = Buffer.alloc(0)
  const pass = (...event: [string | symbol, ...unknown[]]): boolean => Reflect.apply(emit, stream, event)
  const release = () => {
    stream.emit = emit
    if (held.length > 0) pass('data', held)
  }
  stream.emit = (name: string | symbol, ...rest: unknown[]): boolean => {
    const [chunk] = rest
    if (name === 'data' && Buffer.isBuffer(chunk)) {
      held = Buffer.concat([held, chunk])
      if (held.length > atMost || /^SSH-[^\n]*\n/m.test(held.toString('latin1'))) release()
      return true
    }
    if (name === 'end' || name === 'close' || name === 'error') release()
    return pass(name, ...rest)
  }
}
