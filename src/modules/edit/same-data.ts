import { isDeepStrictEqual } from 'node:util'
import { type DataStep, entryFor } from './data-path.ts'

/** What an edit makes of the data: something at a place, under steps that were missing or not, or nothing any more. */
export type Makes =
  | {
      readonly places: readonly (string | number)[]
      readonly missing: readonly DataStep[]
      readonly data: unknown
    }
  | { readonly places: readonly (string | number)[]; readonly removed: true }

type Place = string | number
type Held = Readonly<Record<Place, unknown>>

/** What stands at a place of the data. */
export const valueAt = (data: unknown, places: readonly Place[]): unknown =>
  places.reduce<unknown>((now, place) => (now as Held)[place], data)

/** Whether two pieces of data are the same, as far as a file can say it. */
export const sameData = (a: unknown, b: unknown): boolean => isDeepStrictEqual(plain(a), plain(b))

/** Throws unless the data is what it was but for the edit: a file is not stored on the word of our own ranges alone. */
export function checkData(before: unknown, after: unknown, makes: Makes, what: string): void {
  if (expected(before, makes).some((data) => sameData(data, after))) return
  throw new TypeError(
    `${what}: the edit would change more than it should; nothing was written. This is a defect of this program: please report it.`,
  )
}

function expected(before: unknown, makes: Makes): readonly unknown[] {
  const { places } = makes
  if (!('removed' in makes)) return [put(before, places, (old) => under(old, makes.missing, makes.data))]
  // Tables that only their entries imply go with the last of them.
  const made = [without(before, places)]
  for (let end = places.length - 1; end > 0; end--) {
    const outer = valueAt(made.at(-1), places.slice(0, end))
    if (Object.keys(outer as Held).length > 0) break
    made.push(without(made.at(-1), places.slice(0, end)))
  }
  return made
}

function under(old: unknown, [first, ...rest]: readonly DataStep[], data: unknown): unknown {
  if (first === undefined) return data
  if ('key' in first) return { ...(old as Held | undefined), [first.key]: under(undefined, rest, data) }
  if ('index' in first) return old
  return [...((old as readonly unknown[] | undefined) ?? []), entryFor(first, under(undefined, rest, data))]
}

function put(data: unknown, [first, ...rest]: readonly Place[], make: (old: unknown) => unknown): unknown {
  if (first === undefined) return make(data)
  const value = put((data as Held)[first], rest, make)
  return Array.isArray(data) ? data.with(Number(first), value) : { ...(data as Held), [first]: value }
}

function without(data: unknown, places: readonly Place[]): unknown {
  const last = places.at(-1)
  return put(data, places.slice(0, -1), (old) =>
    Array.isArray(old)
      ? old.toSpliced(Number(last), 1)
      : Object.fromEntries(Object.entries(old as Held).filter(([key]) => key !== last)),
  )
}

// Parsers give objects of several kinds, and whole numbers that are too long for a number.
function plain(value: unknown): unknown {
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value))
    return BigInt(value)
  if (Array.isArray(value)) return value.map(plain)
  // No file tells a zero from the one below it.
  if (value === 0) return 0
  if (value instanceof Date) return { date: value.toISOString() }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]))
}
