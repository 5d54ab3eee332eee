import { StringDecoder } from 'node:string_decoder'

const mostKept = 64 * 1024
const longestPiece = 64 * 1024

/** Takes a stream as it comes, and never holds more than twice what is kept of it: its end, at most 64 KiB. */
export interface Kept {
  take(chunk: Buffer): void
  /** The end of what came; from the beginning of a character. */
  end(): { readonly text: string; readonly truncated: boolean }
}

/** Keeps the end of a stream, and gives each line to `onLine`; one without end in pieces of 64 KiB. */
export function keptOf(onLine: (line: string) => void): Kept {
  let tail: Buffer = Buffer.alloc(0)
  let came = 0
  let open = ''
  const decoder = new StringDecoder('utf8')
  const lines = (text: string) => {
    const parts = (open + text).split('\n')
    open = parts.pop() ?? ''
    for (const line of parts) onLine(line)
    while (open.length >= longestPiece) {
      onLine(open.slice(0, longestPiece))
      open = open.slice(longestPiece)
    }
  }
  return {
    take: (chunk) => {
      came += chunk.length
      tail = Buffer.concat([tail, chunk.subarray(-mostKept)])
      if (tail.length > 2 * mostKept) tail = Buffer.from(tail.subarray(-mostKept))
      lines(decoder.write(chunk))
    },
    end: () => {
      lines(decoder.end())
      if (open !== '') onLine(open)
      open = ''
      const truncated = came > mostKept
      let from = Math.max(0, tail.length - mostKept)
      while (truncated && ((tail[from] ?? 0) & 0xc0) === 0x80) from += 1
      return { text: tail.toString('utf8', from), truncated }
    },
  }
}
