import type { PlayOptions } from '../model/play.ts'
import { healthyFloor, type StopRules, shareOf, stopRules } from '../model/stop-rule.ts'

/** How a host fared that did not end well; it is out of service. */
export type Lost = 'failed' | 'unknown' | 'unreachable' | 'blocked' | 'cancelled'

/**
 * How a host stands in a play. In service: `waiting` (not begun) and `done`. Out of it: `halfway` (begun in an earlier
 * attempt, and not at its end), `working`, `held` (ended a task and waits for the others of its wave), whatever did not
 * end well, and `absent` (out of the run since an earlier play).
 */
export type Stage = 'waiting' | 'halfway' | 'working' | 'held' | 'done' | 'absent' | Lost

/** How many hosts stand how. */
export type Tally = Readonly<Record<Stage, number>>

/** The rules of a rollout, settled: counts of hosts. */
export interface Rules extends StopRules {
  /** Hosts worked on side by side: by `--forks`, and by the play's window. */
  readonly forks: number
  readonly window: number
  readonly linear: boolean
  readonly minHealthy: number
  readonly soaks: boolean
}

/** A play's rollout: all that is decided from. Hosts of a wave begin in their order, so it is enough to count them. */
export interface Rollout {
  readonly rules: Rules
  /** All hosts of the play; those that `--limit` leaves out are in service. */
  readonly hosts: number
  /** Hosts that failed in earlier plays of the run. */
  readonly failedBefore: number
  /** How the hosts of each wave stood at the beginning. */
  readonly waves: readonly Tally[]
  /** Which wave it is at, from 0; how its hosts stand, and those of all waves. */
  readonly at: number
  readonly wave: Tally
  readonly all: Tally
  /** Whether the wave has begun and is not over. */
  readonly open: boolean
  readonly soaked: boolean
  readonly interrupted: boolean
  /** With the linear strategy: the step that the wave is at, and how many hosts are held before each later one. */
  readonly step: number
  readonly asked: Readonly<Record<number, number>>
}

/** What happens to a rollout. */
export type Happening =
  | { readonly type: 'opened' | 'closed' | 'next' | 'soaked' | 'interrupted' }
  /** The next of the wave's hosts began: those left halfway come first. */
  | { readonly type: 'begun' }
  /** A host ended what it did and asks for a step that its wave is not at; it was let go on. */
  | { readonly type: 'held' | 'released'; readonly step: number }
  | { readonly type: 'ended'; readonly stage: 'done' | Lost }

/** The rules that a play's options mean for so many hosts in its waves, of so many in the play. */
export function rulesOf(options: PlayOptions<never>, within: number, hosts: number, forks: number): Rules {
  const { window, strategy, soak, collect = false } = options
  return {
    ...stopRules(options),
    forks: Math.max(1, forks),
    window: window === undefined ? Number.POSITIVE_INFINITY : shareOf(window, within),
    linear: strategy === 'linear',
    minHealthy: collect ? 0 : healthyFloor(options, hosts),
    soaks: soak !== undefined,
  }
}

/** A rollout before its first wave. */
export function rolloutOf(
  rules: Rules,
  waves: readonly (readonly Stage[])[],
  more: { readonly hosts: number; readonly failedBefore: number; readonly interrupted: boolean },
): Rollout {
  const tallies = waves.map(tallyOf)
  const all = tallyOf(waves.flat())
  const wave = tallies[0] ?? all
  return { rules, ...more, waves: tallies, at: 0, wave, all, open: false, soaked: false, step: 0, asked: {} }
}

/** The rollout after something happened. */
export function after(rollout: Rollout, event: Happening): Rollout {
  switch (event.type) {
    case 'opened':
      return { ...rollout, open: true }
    case 'closed':
      return { ...rollout, open: false }
    case 'next': {
      const at = rollout.at + 1
      const wave = rollout.waves[at] ?? rollout.wave
      return { ...rollout, at, wave, soaked: false, step: 0 }
    }
    case 'soaked':
      return { ...rollout, soaked: true }
    case 'interrupted':
      return { ...rollout, interrupted: true }
    case 'begun':
      return moved(rollout, rollout.wave.halfway > 0 ? 'halfway' : 'waiting', 'working')
    case 'held':
      return { ...moved(rollout, 'working', 'held'), asked: more(rollout.asked, event.step, 1) }
    case 'released': {
      const step = Math.max(rollout.step, event.step)
      return { ...moved(rollout, 'held', 'working'), step, asked: more(rollout.asked, event.step, -1) }
    }
    case 'ended':
      return moved(rollout, 'working', event.stage)
    default:
      return event satisfies never
  }
}

/** How many hosts are out of the run by what happened in this play. */
export const lostOf = (tally: Tally): number =>
  tally.failed + tally.unknown + tally.unreachable + tally.blocked + tally.cancelled

/** How many hosts of the play are in service. */
export const inService = ({ hosts, all }: Rollout): number =>
  hosts - all.halfway - all.working - all.held - all.absent - lostOf(all)

const none: Tally = {
  waiting: 0,
  halfway: 0,
  working: 0,
  held: 0,
  done: 0,
  absent: 0,
  failed: 0,
  unknown: 0,
  unreachable: 0,
  blocked: 0,
  cancelled: 0,
}

function tallyOf(stages: readonly Stage[]): Tally {
  const tally: Record<Stage, number> = { ...none }
  for (const stage of stages) tally[stage] += 1
  return tally
}

function moved(rollout: Rollout, from: Stage, to: Stage): Rollout {
  const move = (tally: Tally): Tally => ({ ...tally, [from]: tally[from] - 1, [to]: tally[to] + 1 })
  return { ...rollout, wave: move(rollout.wave), all: move(rollout.all) }
}

function more(asked: Rollout['asked'], step: number, by: 1 | -1): Rollout['asked'] {
  const { [step]: before = 0, ...others } = asked
  return before + by === 0 ? others : { ...others, [step]: before + by }
}
