import type { Stamped } from '../model/event.ts'
import { type Chain, newestVersion, readHeader, readLine } from './line.ts'

/** What a journal's bytes come to. Nothing is thrown: whoever needs the events judges the damage. */
export interface ParsedJournal {
  /** The version of its format; of an empty one, that in which it will be written. */
  readonly version: number
  readonly events: readonly Stamped[]
  /** Bytes up to the end of its last good line. */
  readonly size: number
  /** Bytes after them that a write left which did not come to its end; they are cut off before the journal goes on. */
  readonly torn: number
  /** What the next line is chained to. An empty journal has no header yet, and so no chain. */
  readonly chain: Chain
  /** The first line that is no such remainder and cannot be trusted, from 1, and why; or that its version is too new. */
  readonly damage?: { readonly line: number; readonly why: string }
  readonly tooNew?: true
}

const newline = 0x0a

/** Reads a journal's bytes, line by line up to the first that is not good. */
export function parseJournal(bytes: Buffer): ParsedJournal {
  const events: Stamped[] = []
  let version = newestVersion
  let chain: Chain
  let size = 0
  const soFar = (more: Partial<ParsedJournal> = {}): ParsedJournal => ({
    version,
    events,
    size,
    torn: 0,
    chain,
    ...more,
  })
  const torn = () => soFar({ torn: bytes.length - size })
  for (let line = 1; size < bytes.length; line++) {
    const end = bytes.indexOf(newline, size)
    if (end < 0) return torn()
    const text = bytes.toString('utf8', size, end)
    const isLast = end + 1 === bytes.length
    const damaged = ({ damage, torn: byCrash }: { readonly damage: string; readonly torn: boolean }) =>
      isLast && byCrash ? torn() : soFar({ damage: { line, why: damage } })
    const header = line === 1 ? readHeader(text) : undefined
    if (header !== undefined) {
      if ('damage' in header) return damaged(header)
      version = header.version
      if (version > newestVersion) return soFar({ tooNew: true })
      chain = header.chain
    } else {
      const read = readLine(text, chain)
      if ('damage' in read) return damaged(read)
      const expected = events.length + 1
      if (read.event?.seq !== expected)
        return damaged({ damage: `it is event ${read.event?.seq}, expected ${expected}`, torn: false })
      if (line === 1) version = 1
      events.push(read.event)
      chain = read.chain
    }
    size = end + 1
  }
  return soFar()
}
