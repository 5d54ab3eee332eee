import { createHash } from 'node:crypto'
import { type Json, stableText } from '../model/json.ts'

/** SHA-256, hexadecimal, of a value's canonical text: equal values have equal digests, in whatever order their keys stand. */
export const digestOf = (value: Json): string =>
  createHash('sha256')
    .update(stableText(value) ?? 'null')
    .digest('hex')
