import { crc32 } from 'node:zlib'
import type { Stamped } from '../model/event.ts'
import { fromPlain, type Json, toPlain } from '../model/json.ts'

/** One line of a journal: `{"crc":"8 hex digits","event":{...}}`, the checksum over the event's JSON text as it stands. */
export function journalLine(event: Stamped): string {
  const text = JSON.stringify(toPlain(event as Json))
  return `{"crc":"${checksum(text)}","event":${text}}\n`
}

const shape = /^\{"crc":"([0-9a-f]{8})","event":(.*)\}$/s

/** The event of a line, or why it is none. */
export function readLine(line: string): { readonly event: Stamped } | { readonly damage: string } {
  const [, crc, text] = shape.exec(line) ?? []
  if (crc === undefined || text === undefined) return { damage: 'it is not a journal line' }
  if (checksum(text) !== crc) return { damage: 'its checksum does not fit' }
  return { event: fromPlain(JSON.parse(text)) as unknown as Stamped }
}

const checksum = (text: string): string => crc32(text).toString(16).padStart(8, '0')
