import semver from 'semver'
import { InputError } from '../model/errors.ts'

/** Versions that an upgrade can begin with. */
export const sources = ['1.8.0', '1.9.0', '1.9.1', '2.0.0', '2.6.0'] as const
/** Versions that an upgrade can end with. */
export const targets = ['2.0.0', '2.6.0', '3.0.0'] as const

/** Versions that a fleet can be at. */
export const versions = ['1.8.0', '1.9.0', '1.9.1', '2.0.0', '2.6.0', '3.0.0'] as const

/** A version that a fleet can be at. */
export type Version = (typeof versions)[number]
export type Source = (typeof sources)[number]
export type Target = (typeof targets)[number]

/** One supported step between two versions. */
export type Hop = { readonly from: string; readonly to: Target }

/** Which versions a step may begin with, where it ends, and what there is to know of it (the vendor's upgrade pages). */
const edges: readonly { from: string; to: Target; note: string }[] = [
  {
    from: '1.8.0 || 1.9.0 || 1.9.1',
    to: '2.0.0',
    note: 'the 2.0.0 client goes through 1.9 and 1.10 itself; no 1.10.0 pack is needed',
  },
  { from: '2.0.0', to: '2.6.0', note: 'identity 5.2.0 to 5.7.0; the last version that can use SVN' },
  { from: '2.6.0', to: '3.0.0', note: 'identity 5.7.0 to 5.9.0; deployment.toml in place of XML; no SVN' },
  { from: '2.0.0', to: '3.0.0', note: 'the direct way, chosen with via=2.0.0' },
]

/**
 * The hops between two versions: by way of 2.6.0, unless `via` names the version after which the target comes next.
 * Refuses what has no way, and says what to do first.
 */
export function route(from: string, to: string, via?: string): readonly Hop[] {
  if (semver.valid(from) === null || semver.valid(to) === null)
    throw new InputError(
      `${semver.valid(from) === null ? from : to} is no version; versions are written as 2.6.0.`,
    )
  if (semver.eq(from, to)) return []
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
  const ways = waysTo(from, to)
  const wanted = via === undefined ? ways : ways.filter((way) => way.at(-1)?.from === via)
  const way = wanted.toSorted((a, b) => b.length - a.length)[0]
  if (way === undefined)
    throw new InputError(
      `There is no way from ${from} to ${to}${via === undefined ? '' : ` via ${via}`}.`,
      `Known versions: ${sources.join(', ')}; targets: ${targets.join(', ')}.`,
    )
  return way
}

/** The way in words, one line a hop. */
export function explain(hops: readonly Hop[]): readonly string[] {
  return hops.map(({ from, to }) => {
    const edge = edges.find((each) => each.to === to && semver.satisfies(from, each.from))
    return `${from} -> ${to}: ${edge?.note ?? ''}`
  })
}

function waysTo(from: string, to: string): readonly (readonly Hop[])[] {
  return edges
    .filter((edge) => semver.satisfies(from, edge.from) && semver.lte(edge.to, to))
    .flatMap((edge): readonly (readonly Hop[])[] => {
      const hop: Hop = { from, to: edge.to }
      return edge.to === to ? [[hop]] : waysTo(edge.to, to).map((rest) => [hop, ...rest])
    })
}
