import semver from 'semver'
import { InputError } from '../model/errors.ts'
import { isVersion, versions } from './releases.ts'

export { type Version, versions } from './releases.ts'

/** Versions that an upgrade can begin with: each hop from there on is built. */
export const sources = [
  ...(['1.8.0', '1.9.0', '1.9.1', '1.10.0'] as const),
  ...(['2.0.0', '2.1.0', '2.2.0', '2.5.0', '2.6.0'] as const),
] as const
/** Versions that an upgrade can end with. */
export const targets = ['2.0.0', '2.6.0', '3.0.0'] as const

export type Source = (typeof sources)[number]
export type Target = (typeof targets)[number]

/** One supported step between two versions. */
export type Hop = {
  readonly from: string
  readonly to: Target /** The whole fleet is started there because somebody asked for it. */
  readonly lands?: true
}

/** Which versions a step may begin with and where it ends (the vendor's upgrade pages). */
type Edge = {
  readonly from: string
  readonly to: Target
}

/** The graph. Of several ways, the one whose edges stand first is taken when nobody says `via`. */
const edges: readonly Edge[] = [
  { from: '1.8.0 || 1.9.0 || 1.9.1 || 1.10.0', to: '2.0.0' },
  { from: '2.0.0 || 2.1.0 || 2.2.0 || 2.5.0', to: '2.6.0' },
  { from: '2.6.0', to: '3.0.0' },
  { from: '2.0.0 || 2.1.0 || 2.2.0 || 2.5.0', to: '3.0.0' },
  // The vendor's page runs the client of 2.0.0 in a home of 2.6.0 and goes on there; by 2.0.0 each hop has gates of its own.
  { from: '1.10.0', to: '2.6.0' },
]

/** What one may ask of a way: the versions right before the target, in order, and where the whole fleet is to be started. */
export type Wish = {
  readonly via?: string | readonly string[] | undefined
  readonly land?: readonly string[]
}

/**
 * The hops between two versions: by way of 2.6.0, unless `via` names the versions right before the target.
 * Refuses what has no way, and says what to do first.
 */
export function route(from: string, to: string, wish: Wish | string = {}): readonly Hop[] {
  const { via, land = [] } = typeof wish === 'string' ? { via: wish } : wish
  refuse(from, to)
  if (from === to) return []
  const last = via === undefined ? [] : [via].flat()
  const [way] = ways(from, to).filter((each) =>
    endsWith(
      each.map((hop) => hop.from),
      last,
    ),
  )
  if (way === undefined) throw noWay(from, to, last)
  const strange = land.filter((version) => !way.some((hop) => hop.to === version))
  if (strange.length > 0)
    throw new InputError(
      `The way ${text(way)} does not come by ${strange.join(', ')}.`,
      'Land at a version of the way, or choose another way with --via.',
    )
  return way.map((hop) => (land.includes(hop.to) ? { ...hop, lands: true as const } : hop))
}

/** All ways between two versions, the usual one first. */
export function ways(from: string, to: string): readonly (readonly Hop[])[] {
  return edges
    .filter((edge) => semver.satisfies(from, edge.from) && semver.lte(edge.to, to))
    .flatMap((edge): readonly (readonly Hop[])[] => {
      const hop: Hop = { from, to: edge.to }
      return edge.to === to ? [[hop]] : ways(edge.to, to).map((rest) => [hop, ...rest])
    })
}

/** The versions that a way comes by, its ends among them. */
export const text = (way: readonly Hop[]): string =>
  [...way.slice(0, 1).map(({ from }) => from), ...way.map(({ to }) => to)].join(' -> ')

function refuse(from: string, to: string): void {
  for (const version of [from, to])
    if (semver.valid(version) === null)
      throw new InputError(`${version} is no version; versions are written as 2.6.0.`)
  if (semver.gt(from, to))
    throw new InputError(
      `There is no way down from ${from} to ${to}.`,
      'To go back, roll the run back: upgrade-fleet rollback',
    )
  if (semver.lt(from, '1.8.0'))
    throw new InputError(
      `There is no way from ${from}: releases before 1.8.0 go release by release.`,
      'Upgrade to 1.8.0 first, by its own documentation.',
    )
  for (const version of [from, to]) if (!isVersion(version)) throw unknown(version)
}

function unknown(version: string): InputError {
  const [next] = versions.filter((each) => semver.gt(each, version))
  return new InputError(
    `Nothing is known of a release ${version}; known are ${versions.join(', ')}.`,
    next === undefined
      ? `The last release that is upgraded to is ${targets.at(-1)}.`
      : `If it is a release, upgrade to ${next} first, by its own documentation.`,
  )
}

function noWay(from: string, to: string, via: readonly string[]): InputError {
  const known = ways(from, to)
  if (known.length > 0)
    return new InputError(
      `There is no way from ${from} to ${to} via ${via.join(', ')}.`,
      `Known: ${known.map(text).join('; ')}.`,
    )
  const reached = targets.filter((target) => semver.gt(target, from) && ways(from, target).length > 0)
  return new InputError(
    `There is no way from ${from} to ${to}: no hop ends at ${to}.`,
    `From ${from} there is a way to ${reached.join(', ')}.`,
  )
}

const endsWith = (list: readonly string[], end: readonly string[]): boolean =>
  end.every((each, at) => list[list.length - end.length + at] === each)
