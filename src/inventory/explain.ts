import type { Place } from '../model/errors.ts'
import { InputError } from '../model/errors.ts'
import type { Json } from '../model/json.ts'
import { didYouMean } from '../model/nearest.ts'
import type { Draft } from './draft.ts'
import { bare, type LocatedEntry } from './located.ts'
import { layersOf, relate } from './settle.ts'

/** One value that somebody says of a variable. */
export interface Said {
  readonly place: Place
  /** The group that it is said for; undefined: for the host itself. */
  readonly group: string | undefined
  readonly value: Json
}

/** All that is said of a host's variable: the first wins over all others, and each over those behind it. */
export interface Explained {
  readonly host: string
  readonly variable: string
  readonly said: readonly Said[]
}

/** Finds out who says `HOST.VAR`. A host's name may have dots. Throws an InputError with the nearest name. */
export function explainVar(draft: Draft, text: string): Explained {
  const host = [...draft.hosts.keys()]
    .filter((name) => text.startsWith(`${name}.`))
    .reduce((longest, name) => (name.length > longest.length ? name : longest), '')
  const found = draft.hosts.get(host)
  if (found === undefined) {
    const [first = text] = text.split('.')
    const near = didYouMean(first, draft.hosts.keys())
    throw new InputError(
      `explain ${text}: expected HOST.VAR, with a host of the inventory${near}`,
      'See what there is: upgrade-fleet inventory --graph',
    )
  }
  const variable = text.slice(host.length + 1)
  const layers = layersOf(draft, relate(draft).get(host) ?? [], found)
  const said = layers.flatMap(({ vars, group }) =>
    rowOf(vars.get(variable)).map((one) => ({ ...one, group })),
  )
  if (said.length === 0) {
    const names = layers.flatMap(({ vars }) => [...vars.keys()])
    throw new InputError(
      `explain ${text}: nobody says "${variable}" of ${host}${didYouMean(variable, names)}`,
    )
  }
  return { host, variable, said: said.toReversed() }
}

// What was said first comes first.
function rowOf(entry: LocatedEntry | undefined): readonly Omit<Said, 'group'>[] {
  if (entry === undefined) return []
  return [...rowOf(entry.before), { place: entry.value.place, value: bare(entry.value) }]
}
