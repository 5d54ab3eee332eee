import type { Place } from '../model/errors.ts'
import { pathText } from './issues.ts'
import { isForbidden, type Located, type LocatedEntry, shown } from './located.ts'

const deepest = 100

/** A program's value as a file would have said it, or what is wrong with it: maps, lists, texts, finite numbers, true, false and null. */
export function plainData(value: unknown, place: Place): Located | string {
  const open = new Set<object>()
  let wrong: string | undefined
  const refuse = (path: readonly PropertyKey[], message: string): Located => {
    wrong ??= `${path.length === 0 ? 'default export' : pathText(path)}: ${message}`
    return { kind: 'scalar', place, value: null }
  }
  const walk = (part: unknown, path: readonly PropertyKey[]): Located => {
    if (part === null || typeof part === 'string' || typeof part === 'boolean')
      return { kind: 'scalar', place, value: part }
    if (typeof part === 'number' && Number.isFinite(part)) return { kind: 'scalar', place, value: part }
    if (typeof part !== 'object') {
      const got = ['number', 'undefined'].includes(typeof part) ? shown(part) : `a ${typeof part}`
      return refuse(path, `expected plain data, got ${got}`)
    }
    if (open.has(part)) return refuse(path, 'expected plain data, got what holds itself')
    if (path.length > deepest) return refuse(path.slice(0, 5), `expected at most ${deepest} levels, got more`)
    const list = Array.isArray(part)
    const prototype: unknown = Object.getPrototypeOf(part)
    if (!list && prototype !== Object.prototype && prototype !== null)
      return refuse(path, `expected plain data, got ${part.constructor?.name ?? 'an object'}`)
    open.add(part)
    const made: Located = list
      ? { kind: 'list', place, items: part.map((item, at) => walk(item, [...path, at])) }
      : { kind: 'map', place, entries: new Map(Object.entries(part).flatMap(entryOf(path))) }
    open.delete(part)
    return made
  }
  const entryOf =
    (path: readonly PropertyKey[]) =>
    ([key, item]: [string, unknown]): [string, LocatedEntry][] => {
      if (isForbidden(key)) refuse(path, `expected another name than ${key}`)
      // What is undefined is not there.
      return item === undefined
        ? []
        : [[key, { key: place, textKey: true, value: walk(item, [...path, key]) }]]
    }
  const root = walk(value, [])
  return wrong ?? root
}
