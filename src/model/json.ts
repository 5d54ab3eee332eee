/** What may stand in the journal: JSON, where a property may also be undefined (zod's `.optional()` makes such) and a {@link Secret} stands for its name. */
export type Json =
  | null
  | boolean
  | number
  | string
  | undefined
  | Secret
  | readonly Json[]
  | { readonly [key: string]: Json }

import { isSecret, type Secret, secret } from './secret.ts'

/** A value as JSON text with sorted keys, so that equal values have equal text; a secret is written as `{"$secret": name}`. */
export function stableText(value: Json): string {
  return JSON.stringify(plain(value, true))
}

/** A value as JSON-safe data: secrets become `{"$secret": name}`, undefined properties go. */
export function toPlain(value: Json): unknown {
  return plain(value, false)
}

/** The value's {@link toPlain} as JSON text. */
export function plainText(value: Json): string {
  return JSON.stringify(isPlain(value) ? value : plain(value, false))
}

/** Whether JSON writes a value as {@link toPlain} would: most events are such, and need no copy. */
function isPlain(value: Json): boolean {
  if (typeof value !== 'object' || value === null) return true
  if (Array.isArray(value)) return value.every(isPlain)
  if (isSecret(value) || 'toJSON' in value) return false
  return Object.entries(value).every(([key, item]) => !looksSecret.test(key) && isPlain(item))
}

/** The reverse of {@link toPlain}: `{"$secret": name}` becomes a {@link Secret} again. */
export function fromPlain(value: unknown): Json {
  if (Array.isArray(value)) return value.map(fromPlain)
  if (typeof value !== 'object' || value === null) return value as Json
  const name = (value as Record<string, unknown>)['$secret']
  if (typeof name === 'string') return secret(name)
  const entries = Object.entries(value).map(
    ([key, item]) => [looksSecret.test(key) ? key.slice(1) : key, fromPlain(item)] as const,
  )
  return Object.assign(Object.create(null), Object.fromEntries(entries)) as Json
}

const looksSecret = /^\$+secret$/

function plain(value: Json, sorted: boolean): unknown {
  if (isSecret(value)) return { $secret: value.name }
  if (Array.isArray(value)) return value.map((item) => plain(item, sorted) ?? null)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    // What a machine answered is data: it must not come back from the journal as a secret of the controller's.
    .map(([key, item]) => [looksSecret.test(key) ? `$${key}` : key, plain(item, sorted)] as const)
  if (sorted) entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries)
}
