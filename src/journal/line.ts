import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { Stamped } from '../model/event.ts'
import { fromPlain, type Json, plainText } from '../model/json.ts'

/** The version of the format in which new journals are written; all from 1 up to it are read. */
export const newestVersion = 2

/**
 * What the next line of a journal is chained to: a digest over all lines before it. Version 1 has no chain, and a
 * journal that was begun by it goes on without one.
 */
export type Chain = string | undefined

/** What was read of a line. `torn`: a write that did not come to its end can leave such a line; else somebody changed it. */
export type Read = { readonly event: Stamped } | Damage
/** Why something is no line of a journal. */
export type Damage = { readonly damage: string; readonly torn: boolean }

/** The first line of a journal, which names its version, and the chain that begins with it. */
export function headerLine(): { readonly line: string; readonly chain: string } {
  const rest = `"journal":{"version":${newestVersion}}}`
  const line = `{"crc":"${checksum(rest)}",${rest}`
  return { line: `${line}\n`, chain: link('', line) }
}

const headerShape = /^\{"crc":"([0-9a-f]{8})",("journal":(\{.*\})\})$/s

/** The version that a first line names and the chain that begins with it; undefined when it is no header. */
export function readHeader(
  line: string,
): { readonly version: number; readonly chain: string } | Damage | undefined {
  const [, crc, rest, text] = headerShape.exec(line) ?? []
  if (rest === undefined || text === undefined) return undefined
  if (checksum(rest) !== crc) return { damage: 'its checksum does not fit', torn: true }
  const version = Number(/^\{"version":([1-9]\d{0,8})[,}]/.exec(text)?.[1])
  return version > 0 ? { version, chain: link('', line) } : { damage: 'it names no version', torn: false }
}

/** One line of a journal, chained to what stands before it (in version 1: to nothing), and the chain after it. */
export function journalLine(event: Stamped, before: Chain): { readonly line: string; readonly chain: Chain } {
  const text = plainText(event as Json)
  if (before === undefined) return { line: `{"crc":"${checksum(text)}","event":${text}}\n`, chain: undefined }
  const chain = link(before, text)
  const rest = `"chain":"${chain}","event":${text}}`
  return { line: `{"crc":"${checksum(rest)}",${rest}\n`, chain }
}

const shapes = {
  unchained: /^\{"crc":"([0-9a-f]{8})","event":(.*)\}$/s,
  chained: /^\{"crc":"([0-9a-f]{8})",("chain":"([0-9a-f]{32})","event":(.*)\})$/s,
}

/** The event of a line and the chain after it, or why it is none. */
export function readLine(line: string, before: Chain): Read & { readonly chain?: Chain } {
  if (before === undefined) {
    const [, crc, text] = shapes.unchained.exec(line) ?? []
    if (text === undefined) return shapes.chained.test(line) ? noHeader : noLine
    return checksum(text) === crc ? parsed(text) : wrongChecksum
  }
  const [, crc, rest, chain, text] = shapes.chained.exec(line) ?? []
  if (rest === undefined || text === undefined) return noLine
  if (checksum(rest) !== crc) return wrongChecksum
  if (link(before, text) !== chain)
    return { damage: 'it does not follow on the lines before it: one is missing or was changed', torn: false }
  return { ...parsed(text), chain }
}

const noLine: Damage = { damage: 'it is not a journal line', torn: true }
const noHeader: Damage = {
  damage: "the journal's first line, which names its version, is missing",
  torn: false,
}
const wrongChecksum: Damage = { damage: 'its checksum does not fit', torn: true }

function parsed(text: string): Read {
  try {
    return { event: fromPlain(JSON.parse(text)) as unknown as Stamped }
  } catch {
    return { damage: 'its event is no JSON', torn: false }
  }
}

const checksum = (text: string): string => crc32(text).toString(16).padStart(8, '0')

/** 128 bits of SHA-256: against mishaps and clumsy edits; who may write the file can chain it anew, at any length. */
const link = (before: string, text: string): string =>
  createHash('sha256').update(before).update(text).digest('hex').slice(0, 32)
