import type { Place } from '../model/errors.ts'
import { isTelling } from '../model/telling.ts'
import { bare, type Located, type LocatedEntry } from './located.ts'
import { unsafeText } from './unsafe.ts'

/**
 * A value of an encrypted file with each text closed, and each number under a name that sounds like a secret: what it gives for
 * them is where they stand, the file and a JSON pointer `at`.
 */
export function closed(value: Located, path: string, at: readonly string[]): Located {
  if (value.kind === 'list')
    return { ...value, items: value.items.map((item, index) => closed(item, path, [...at, String(index)])) }
  if (value.kind === 'map') {
    if (value.entries.has('__ansible_vault')) return value
    if (unsafeText(bare(value)) !== undefined) return sealed(value.place, path, at)
    const entries = [...value.entries].map(
      ([key, entry]) => [key, { ...entry, value: closed(entry.value, path, [...at, key]) }] as const,
    )
    return { ...value, entries: new Map(entries) }
  }
  const name = at.findLast((part) => !/^\d+$/.test(part)) ?? ''
  const isClosed =
    typeof value.value === 'string' ? value.value !== '' : typeof value.value === 'number' && isTelling(name)
  return isClosed ? sealed(value.place, path, at) : value
}

function sealed(place: Place, path: string, at: readonly string[]): Located {
  const entry = (text: string): LocatedEntry => ({
    key: place,
    textKey: true,
    value: { kind: 'scalar', place, value: text },
  })
  const pointer = at.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
  return {
    kind: 'map',
    place,
    entries: new Map([
      ['__sealed', entry(path)],
      ['at', entry(pointer)],
    ]),
  }
}
