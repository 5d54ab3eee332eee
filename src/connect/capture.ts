import { StringDecoder } from 'node:string_decoder'
import type { Tap } from './channel.ts'

const half = 1024 * 1024
const longestLine = 64 * 1024

/** What a stream said, its middle left out when it is more than the head and tail that are kept. */
export interface Capture {
  readonly tap: Tap
  readonly truncated: () => boolean
  readonly bytes: () => Buffer
  readonly text: () => string
}

/** Keeps the first and the last `cap` bytes of a stream, whatever its length, less the lines that this would cut, and hands each line on as it comes. */
export function capture(onLine?: (line: string) => void, cap = half): Capture {
  const head: Buffer[] = []
  const tail: Buffer[] = []
  let room = cap
  let tailSize = 0
  let dropped = 0
  const lines = onLine === undefined ? undefined : splitLines(onLine)
  const keep = (chunk: Buffer) => {
    const first = chunk.subarray(0, room)
    if (first.length > 0) head.push(first)
    room -= first.length
    const rest = chunk.subarray(first.length)
    if (rest.length === 0) return
    tail.push(rest)
    tailSize += rest.length
    for (let oldest = tail[0]; oldest !== undefined && tailSize > cap; oldest = tail[0]) {
      const surplus = Math.min(oldest.length, tailSize - cap)
      if (surplus === oldest.length) tail.shift()
      else tail[0] = oldest.subarray(surplus)
      tailSize -= surplus
      dropped += surplus
    }
  }
  const bytes = () => {
    lines?.end()
    if (dropped === 0) return Buffer.concat([...head, ...tail])
    const first = wholeLines(Buffer.concat(head), 'begin')
    const last = wholeLines(Buffer.concat(tail), 'end')
    const left = dropped + 2 * cap - first.length - last.length
    return Buffer.concat([first, Buffer.from(`\n... ${left} bytes left out ...\n`), last])
  }
  return {
    tap: (chunk) => {
      keep(chunk)
      lines?.write(chunk)
      return undefined
    },
    truncated: () => dropped > 0,
    bytes,
    text: () => bytes().toString('utf8'),
  }
}

/** So far from a cut its line's end is looked for. */
const nearCut = 4096

/** Without the line that was cut, where its end is near: half a secret could stand there, which nobody would know for one. */
function wholeLines(kept: Buffer, side: 'begin' | 'end'): Buffer {
  const at = side === 'begin' ? kept.lastIndexOf(10) : kept.indexOf(10)
  if (at < 0 || (side === 'begin' ? kept.length - at : at) > nearCut) return kept
  return side === 'begin' ? kept.subarray(0, at) : kept.subarray(at + 1)
}

/** Cuts bytes into lines without their ends; a line without end is cut at 64 KiB, and `end` hands on the last one. */
export function splitLines(onLine: (line: string) => void): { write(chunk: Buffer): void; end(): void } {
  const decoder = new StringDecoder('utf8')
  let open = ''
  const take = (text: string) => {
    const parts = (open + text).split('\n')
    open = parts.pop() ?? ''
    for (const line of parts) onLine(line.endsWith('\r') ? line.slice(0, -1) : line)
    for (; open.length > longestLine; open = open.slice(longestLine)) onLine(open.slice(0, longestLine))
  }
  return {
    write: (chunk) => take(decoder.write(chunk)),
    end: () => {
      take(decoder.end())
      if (open !== '') onLine(open)
      open = ''
    },
  }
}
