import type { Place } from '../model/errors.ts'
import { placeText } from '../model/errors.ts'
import type { Json } from '../model/json.ts'
import type { Scalar } from './scalars.ts'

/** A value together with where it stands, at every depth. All readers of inventory files make these. */
export type Located =
  | { readonly kind: 'scalar'; readonly place: Place; readonly value: Scalar }
  | { readonly kind: 'list'; readonly place: Place; readonly items: readonly Located[] }
  | { readonly kind: 'map'; readonly place: Place; readonly entries: ReadonlyMap<string, LocatedEntry> }

/** A value of a map, with where its key stands and whether the key was text (`1234:` is none). */
export interface LocatedEntry {
  readonly key: Place
  readonly textKey: boolean
  readonly value: Located
  /** What was said of the same name and owner before, and counts no more. */
  readonly before?: LocatedEntry
}

/** Names that would reach into JavaScript's own objects; no inventory needs them, so that none may have them. */
export const isForbidden = (name: string): boolean =>
  name === '__proto__' || name === 'constructor' || name === 'prototype'

/** The value without its places. */
export function bare(located: Located): Json {
  if (located.kind === 'scalar') return located.value
  if (located.kind === 'list') return located.items.map(bare)
  return Object.fromEntries([...located.entries].map(([key, entry]) => [key, bare(entry.value)]))
}

/** A value that came from one place as a whole. */
export function locate(value: Json, place: Place): Located {
  if (Array.isArray(value)) return { kind: 'list', place, items: value.map((item) => locate(item, place)) }
  if (typeof value !== 'object' || value === null) {
    return { kind: 'scalar', place, value: (value ?? null) as Scalar }
  }
  const entry = ([key, item]: [string, Json]) =>
    [key, { key: place, textKey: true, value: locate(item, place) }] as const
  return { kind: 'map', place, entries: new Map(Object.entries(value).map(entry)) }
}

/** What a value is, for `expected ..., got ...`. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'nothing (null)'
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object') return 'a map'
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 77)}...` : value)
  return `the ${typeof value} ${String(value)}`
}

/** `file:line:column path: message`, the form of every problem of an inventory. */
export function problem(place: Place, path: string, message: string): string {
  if (path !== '') return `${placeText(place)} ${path}: ${message}`
  const isWhole = place.line === undefined && message.startsWith('expected ')
  return `${placeText(place)}${isWhole ? ':' : ''} ${message}`
}
