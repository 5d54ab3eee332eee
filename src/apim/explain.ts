import { factsOf, type HopStep } from './hop-facts.ts'
import { releases } from './releases.ts'
import { type Hop, route, text, type Wish, ways } from './versions.ts'

/** A way in words: hop by hop its steps, where each is done, landings, point of no return, what is needed, and what nobody has verified. */
export function explain(from: string, to: string, wish: Wish = {}): readonly string[] {
  const way = route(from, to, wish)
  if (way.length === 0) return [`${from} is ${to}: nothing to do`]
  const others = ways(from, to).filter((each) => text(each) !== text(way))
  return [
    `${text(way)}: ${way.length === 1 ? 'one hop' : `${way.length} hops`}`,
    ...way.flatMap((hop, at) => ['', ...hopLines(hop, at === way.length - 1)]),
    '',
    ...(others.length === 0
      ? ['There is no other way.']
      : [
          'Other ways:',
          ...others.map((each) => `  ${text(each)}: --via ${viaOf(from, to, each).join(',')}`),
        ]),
  ]
}

// The fewest versions before the target that name this way and no other.
function viaOf(from: string, to: string, way: readonly Hop[]): readonly string[] {
  const before = way.map((hop) => hop.from)
  const ends = before.map((_, at) => before.slice(before.length - 1 - at))
  return ends.find((via) => text(route(from, to, { via })) === text(way)) ?? before
}

function hopLines(hop: Hop, last: boolean): readonly string[] {
  const { identity, artifacts, steps, noReturn, notVerified } = factsOf(hop)
  const unsure = [...steps.flatMap(({ nv }) => (nv === undefined ? [] : [nv])), ...notVerified]
  return [
    `${hop.from} -> ${hop.to} (identity ${identity.from} -> ${identity.to})`,
    ...where(steps),
    `  Landing: ${landing(hop, last)}`,
    `  Point of no return: ${noReturn}. The checkpoint before it is what a rollback restores.`,
    `  Artefacts: ${artifacts.join(', ')}; the driver of each database engine`,
    `  Java: ${releases[hop.to].java.said}, on ${last || hop.lands ? 'every node' : 'the migration host'}`,
    '  Not verified:',
    ...unsure.map((each) => `    - ${each}`),
  ]
}

const titles = {
  'each database': 'once per shared database',
  'migration host': 'once, on the migration host',
  'each tree': 'once per tree of artefacts',
  'every node': 'on every node of a landing',
} as const

function where(steps: readonly HopStep[]): readonly string[] {
  return steps.map(({ at, does }, index) => `  ${index + 1}. ${titles[at]}: ${does}`)
}

function landing({ to, lands }: Hop, last: boolean): string {
  if (last || lands) return `the whole fleet is started at ${to}, each group behind its health gate`
  return to === '2.6.0'
    ? 'none; where SVN is in use, the whole fleet is started at 2.6.0 on a clean repository, checked, and stopped again'
    : 'none: only the migration host runs it'
}
