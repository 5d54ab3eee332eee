import type { decide } from '../../src/run/decide.ts'
import { inspect } from './invariants.ts'
import { type Case, firstWorld, keyOf, nextWorlds, Violation, type World } from './world.ts'

/** What exploring a case came to: how many states there are, and the shortest way to what must not be. */
export interface Explored {
  readonly states: number
  readonly broken: { readonly rule: string; readonly path: readonly string[] } | undefined
}

interface Seen {
  readonly world: World
  readonly from: Seen | undefined
  readonly what: string
  /** How many of the states that follow it are not known to end. */
  open: number
  readonly before: Seen[]
}

/** Goes every way that a case can go, breadth first, and stops at the first that breaks a rule. Every way must end. */
export function explore(one: Case, choose: typeof decide): Explored {
  const first: Seen = { world: firstWorld(one), from: undefined, what: 'start', open: 0, before: [] }
  const seen = new Map([[keyOf(first.world), first]])
  const queue = [first]
  for (const at of queue) {
    try {
      const nexts = nextWorlds(one, at.world, choose)
      if (nexts.length === 0 && at.world.over === undefined) throw new Violation('it always goes on')
      const waits = nexts.every(({ what }) => what === 'Ctrl-C' || what === 'crash')
      if (waits && at.world.over === undefined) throw new Violation('it goes on by itself')
      at.open = nexts.length
      for (const { what, world } of nexts) {
        inspect(one, at.world, what, world)
        const key = keyOf(world)
        const known = seen.get(key)
        if (known !== undefined) known.before.push(at)
        else {
          const next: Seen = { world, from: at, what, open: 0, before: [at] }
          seen.set(key, next)
          queue.push(next)
        }
      }
    } catch (error) {
      if (!(error instanceof Violation)) throw error
      return { states: seen.size, broken: { rule: error.message, path: pathTo(at) } }
    }
  }
  const endless = queue.length - countEnding(queue)
  const broken = endless > 0 ? { rule: 'it always ends', path: [] } : undefined
  return { states: seen.size, broken }
}

/** States from which every way ends: those without a next, then those of which all next ones are such. Nothing else is without circles. */
function countEnding(states: readonly Seen[]): number {
  const ending = states.filter(({ open }) => open === 0)
  for (const state of ending)
    for (const before of state.before) {
      before.open -= 1
      if (before.open === 0) ending.push(before)
    }
  return ending.length
}

function pathTo(seen: Seen): readonly string[] {
  return seen.from === undefined ? [] : [...pathTo(seen.from), seen.what]
}

/** Explores one case after the other: the states of all, and what broke a rule. */
export function exploreAll(cases: readonly Case[], choose: typeof decide) {
  const explored = cases.map((one) => ({ one, ...explore(one, choose) }))
  return {
    states: explored.reduce((sum, { states }) => sum + states, 0),
    broken: explored.filter(({ broken }) => broken !== undefined),
  }
}
