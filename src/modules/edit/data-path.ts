import { didYouMean } from '../../model/nearest.ts'
import { linesText, placeOf, refused } from './splice.ts'

/**
 * Where in a TOML, YAML or JSON file: keys with dots between them, odd ones in quotes, `[0]` for the entry of a list by its place and
 * `[name=x]` for the one whose `name` is `x`, or `[.=x]` for the text or number x itself: `apim.throttling.url_group[0].type`,
 * `versions[version=5.3.0].migratorConfigs`.
 */
export type DataPath = string

/** One step of it. */
export type DataStep =
  | { readonly key: string }
  | { readonly index: number }
  | { readonly where: string; readonly is: string }

/** What such a file holds, where it stands. `at` is for messages. */
export interface DataNode {
  readonly kind: 'scalar' | 'map' | 'list'
  readonly at: number
  readonly value?: unknown
  readonly entries?: readonly { readonly key: string; readonly node: DataNode }[]
  readonly items?: readonly DataNode[]
}

const keyAt = /"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\s.[\]"'=]+)/y
const listAt = /\[\s*(?:(\d+)|([^\s=[\]"']+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\]]*)))\s*\]/y

/** The steps of a path. Throws a TypeError that shows what is none. */
export function parseDataPath(path: DataPath): readonly DataStep[] {
  const steps: DataStep[] = []
  let at = 0
  const wrong = () => new TypeError(`"${path.slice(at)}" in "${path}" is no step of a path`)
  while (at < path.length || steps.length === 0) {
    listAt.lastIndex = at
    const entry = listAt.exec(path)
    if (entry !== null) {
      const [, index, where = '', double, single, plain] = entry
      at = listAt.lastIndex
      steps.push(
        index === undefined
          ? { where, is: double ?? single ?? plain?.trim() ?? '' }
          : { index: Number(index) },
      )
      continue
    }
    if (steps.length > 0) {
      if (path[at] !== '.') throw wrong()
      at++
    }
    keyAt.lastIndex = at
    const key = keyAt.exec(path)
    if (key === null) throw wrong()
    at = keyAt.lastIndex
    const [, double, single, plain = ''] = key
    steps.push({ key: double === undefined ? (single ?? plain) : String(JSON.parse(`"${double}"`)) })
  }
  return steps
}

/** How far a path leads: the deepest that is there with all on the way, from the root on, and the steps that are missing under it. */
export interface Walk<N extends DataNode> {
  readonly way: readonly N[]
  readonly found: N
  readonly missing: readonly DataStep[]
  /** For each of `way` but the root, its place in the one before: a key, or the index in a list. */
  readonly places: readonly (string | number)[]
}

/** What is edited, for messages. */
export type Named = { readonly file: string; readonly text: string; readonly path: DataPath }

/** Walks a path. Throws, with the lines, where two are on it. */
export function walk<N extends DataNode>(root: N, steps: readonly DataStep[], named: Named): Walk<N> {
  const way: N[] = [root]
  const places: (string | number)[] = []
  let found = root
  for (const [at, step] of steps.entries()) {
    const next = step1(found, step) as { readonly node: N; readonly place: string | number }[]
    const [one, ...more] = next
    if (one === undefined) return { way, found, missing: steps.slice(at), places }
    if (more.length > 0)
      throw refused(
        `${named.file}: "${named.path}" matches ${next.length}: ${linesText(
          named.text,
          next.map(({ node }) => node.at),
        )}`,
        'Say which, by what it alone has, or [0] for the first.',
      )
    found = one.node
    way.push(found)
    places.push(one.place)
  }
  return { way, found, missing: [], places }
}

function step1(
  node: DataNode,
  step: DataStep,
): readonly { readonly node: DataNode; readonly place: string | number }[] {
  if ('key' in step)
    return (node.entries ?? [])
      .filter(({ key }) => key === step.key)
      .map((entry) => ({ node: entry.node, place: step.key }))
  const items = (node.items ?? []).map((item, place) => ({ node: item, place }))
  if ('index' in step) return items.slice(step.index, step.index + 1)
  const is = ({ kind, value }: DataNode) => kind === 'scalar' && String(value) === step.is
  return items.filter(({ node }) =>
    step.where === '.' ? is(node) : node.entries?.some((entry) => entry.key === step.where && is(entry.node)),
  )
}

/** The new entry of a list that a step asks for, with what else is to be in it. */
export const entryFor = (step: Extract<DataStep, { readonly where: string }>, data: unknown): unknown =>
  step.where === '.' ? data : { [step.where]: step.is, ...(data as object) }

/** The refusal of a path that leads nowhere: how far it leads, and what is near. */
export function nowhere(
  { found, missing }: Pick<Walk<DataNode>, 'found' | 'missing'>,
  { file, text, path }: Named,
): Error {
  const [step] = missing
  const keys = (found.entries ?? []).map(({ key }) => key)
  const what =
    step === undefined
      ? ''
      : 'key' in step
        ? found.kind === 'map'
          ? `there is no "${step.key}" here${didYouMean(step.key, keys)}`
          : `here is a ${found.kind === 'list' ? 'list' : 'value'}, not something with keys`
        : found.kind === 'list'
          ? `none of the ${found.items?.length ?? 0} entries is [${'index' in step ? step.index : `${step.where}=${step.is}`}]`
          : `here is no list`
  return refused(
    `${placeOf(file, text, found.at)}: "${path}" matches nothing: ${what}`,
    'Correct the path, or say create: true where it is to be made.',
  )
}

/** A path as text, of keys and places. */
export const placesText = (places: readonly (string | number)[]): string =>
  places
    .map((place, at) => (typeof place === 'number' ? `[${place}]` : `${at > 0 ? '.' : ''}${place}`))
    .join('')
