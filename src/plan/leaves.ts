import type { Json } from '../model/json.ts'
import { sanitize } from '../model/sanitize.ts'
import { isSecret } from '../model/secret.ts'
import { secretTitle } from '../model/secret-schema.ts'

/** A value within an input or output: the way to it (`db.port`; empty for the whole), and its text on one line. */
export type Leaf = readonly [path: string, text: string]

/** All values of some JSON as readable lines, in their own order; a list of plain values is one of them. */
export function leavesOf(value: Json, path = ''): readonly Leaf[] {
  if (value === undefined) return []
  if (isSecret(value)) return [[path, `(secret ${sanitize(secretTitle(value.name))})`]]
  if (Array.isArray(value)) {
    if (value.length > 0 && !value.every(isPlain))
      return value.flatMap((item: Json, at) => leavesOf(item, `${path}[${at}]`))
    return [[path, value.length === 0 ? '(none)' : value.map(plainText).join(', ')]]
  }
  if (typeof value !== 'object' || value === null) return [[path, plainText(value)]]
  const entries = Object.entries(value as Readonly<Record<string, Json>>)
  if (entries.length === 0) return [[path, '(empty)']]
  return entries.flatMap(([key, item]) =>
    leavesOf(item, path === '' ? sanitize(key) : `${path}.${sanitize(key)}`),
  )
}

const isPlain = (value: Json): boolean => typeof value !== 'object' || value === null

function plainText(value: Json): string {
  if (typeof value !== 'string') return String(value)
  // What would be taken for our own marks, or begin a new line, is shown as JSON.
  return value === '' || value.trim() !== value || /[\n\r]|^\(/.test(value)
    ? sanitize(JSON.stringify(value))
    : sanitize(value)
}

/** What differs between two values: `path: old -> new`, one line for each place. Empty when they are equal. */
export function differences(before: Json, now: Json): readonly string[] {
  const old = new Map(leavesOf(before))
  const fresh = new Map(leavesOf(now))
  return [...new Set([...old.keys(), ...fresh.keys()])]
    .filter((path) => old.get(path) !== fresh.get(path))
    .map((path) => {
      const change = `${old.get(path) ?? '(not there)'} -> ${fresh.get(path) ?? '(not there)'}`
      return path === '' ? change : `${path}: ${change}`
    })
}
