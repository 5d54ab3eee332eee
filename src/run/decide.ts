import { type Breach, breachOf } from '../model/stop-rule.ts'
import { inService, lostOf, type Rollout, type Tally } from './rollout.ts'

/** Why a rollout is over. */
export type RolloutEnd =
  | { readonly kind: 'done' | 'interrupted' }
  | { readonly kind: 'stopped'; readonly breach: Breach | Unhealthy }

/** The next host would be one too few in service. */
export interface Unhealthy {
  readonly rule: 'minHealthy'
  readonly inService: number
  readonly least: number
}

/** What comes next. In an open wave `halt` says that hosts under way stop at their next task. */
export type Decision =
  /** Between waves: wait for the soak time, begin the wave, or leave it (nothing is to be done in it, or no more). */
  | { readonly act: 'soak' | 'open' | 'next' }
  | { readonly act: 'end'; readonly end: RolloutEnd }
  /** In a wave: the next host begins; a host held before this step goes on (or, with `halt`, learns that it is over); wait; all have ended. */
  | { readonly act: 'begin' | 'close' | 'wait'; readonly halt: boolean }
  | { readonly act: 'release'; readonly step: number; readonly halt: boolean }

/** The rules of a rolling play, all of them: every strategy asks this, and nothing else decides. It is proved by test/model-check. */
export const decide = (rollout: Rollout): Decision => (rollout.open ? within(rollout) : between(rollout))

function between(rollout: Rollout): Decision {
  if (rollout.interrupted) return { act: 'end', end: { kind: 'interrupted' } }
  const breach = breachIn(rollout)
  if (breach !== undefined) return { act: 'end', end: { kind: 'stopped', breach } }
  const { waiting, halfway, done } = rollout.wave
  if (waiting + halfway === 0)
    return rollout.at + 1 < rollout.waves.length ? { act: 'next' } : { act: 'end', end: { kind: 'done' } }
  const { rules } = rollout
  const needed = rules.linear ? waiting : halfway > 0 ? 0 : 1
  if (needed > spare(rollout)) {
    const breach = { rule: 'minHealthy', inService: inService(rollout), least: rules.minHealthy } as const
    return { act: 'end', end: { kind: 'stopped', breach } }
  }
  const isFirst = rollout.all.done + lostOf(rollout.all) === 0
  // A wave that was begun in an earlier attempt has had its wait.
  if (rules.soaks && !isFirst && !rollout.soaked && halfway + done === 0) return { act: 'soak' }
  return { act: 'open' }
}

function within(rollout: Rollout): Decision {
  const { rules, wave } = rollout
  const breach = breachIn(rollout)
  const stop = rollout.interrupted || breach !== undefined
  const halt = stop && (rollout.interrupted || breach?.rule === 'anyErrorsFatal' || rules.linear)
  const first = Object.keys(rollout.asked)[0]
  if (halt && first !== undefined) return { act: 'release', step: Number(first), halt }
  const hasRoom = wave.working < Math.min(rules.forks, windowOf(rollout))
  const mayBegin = wave.halfway > 0 || (wave.waiting > 0 && spare(rollout) > 0)
  if (!stop && hasRoom && mayBegin) return { act: 'begin', halt }
  if (!stop && hasRoom && first !== undefined) {
    const isEven = wave.working + wave.waiting + wave.halfway === 0
    if (isEven || Number(first) <= rollout.step) return { act: 'release', step: Number(first), halt }
  }
  return { act: wave.working + wave.held === 0 ? 'close' : 'wait', halt }
}

/** The canary is no part of the window. */
const windowOf = ({ rules, at }: Rollout): number =>
  rules.canary && at === 0 ? Number.POSITIVE_INFINITY : rules.window

/** How many hosts that are in service may be taken out of it. */
const spare = (rollout: Rollout): number =>
  rollout.rules.minHealthy === 0 ? Number.POSITIVE_INFINITY : inService(rollout) - rollout.rules.minHealthy

function breachIn(rollout: Rollout): Breach | undefined {
  const { wave, all } = rollout
  const failed = failuresIn(wave)
  if (failed === 0) return undefined
  const size = Object.values(wave).reduce((sum, count) => sum + count, 0)
  const failedInPlay = failuresIn(all)
  return breachOf(rollout.rules, {
    wave: rollout.at + 1,
    size,
    absent: wave.absent,
    failed,
    failedInPlay,
    failedInRun: rollout.failedBefore + failedInPlay,
  })
}

/** Hosts that were told to stop did so because of others; where there are no others, something is wrong with themselves. */
const failuresIn = (tally: Tally): number => lostOf(tally) - tally.cancelled || tally.cancelled
