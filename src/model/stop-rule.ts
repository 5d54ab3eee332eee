import type { PlayOptions, Share } from './play.ts'

/** What stops a play, settled: counts of hosts, percentages worked out. */
export interface StopRules {
  /** A failure stops nothing: the play only collects. */
  readonly collect: boolean
  readonly anyErrorsFatal: boolean
  /** The first wave must end well whole. */
  readonly canary: boolean
  /** How much of a wave may fail, in percent. */
  readonly maxFailPercentage: number
  /** How many hosts may fail. */
  readonly maxFailures: { readonly wave: number; readonly play: number; readonly run: number }
}

/** What a rule is asked about. Failed counts hosts that failed, whose outcome is unknown, that are unreachable, blocked or cancelled. */
export interface Failures {
  /** Which wave of its play, from 1. */
  readonly wave: number
  /** Hosts of the wave, and how many of them are out of the run since an earlier play. */
  readonly size: number
  readonly absent: number
  /** Failed hosts of the wave, of the play, and of the run, the play included. */
  readonly failed: number
  readonly failedInPlay: number
  readonly failedInRun: number
}

/** Which rule stops the run, and with what numbers. */
export type Breach =
  | {
      readonly rule: 'anyErrorsFatal' | 'canary' | 'all failed'
      readonly failed: number
      readonly of: number
    }
  | {
      readonly rule: 'maxFailPercentage'
      readonly failed: number
      readonly of: number
      readonly allowed: number
    }
  | {
      readonly rule: 'maxFailures'
      readonly scope: 'wave' | 'play' | 'run'
      readonly failed: number
      readonly allowed: number
    }

/** The stop rules that a play's options mean. */
export function stopRules(options: PlayOptions<never>): StopRules {
  const { collect = false, anyErrorsFatal = false, canary, maxFailures } = options
  const { maxFailPercentage = maxFailures === undefined ? 0 : 100 } = options
  const none = Number.POSITIVE_INFINITY
  return {
    collect,
    anyErrorsFatal,
    canary: canary !== undefined,
    maxFailPercentage,
    maxFailures: { wave: none, play: none, run: none, ...maxFailures },
  }
}

/** The stop rule of a rolling run, the only one: which of a play's rules these failures break, or undefined: the run goes on. */
export function breachOf(rules: StopRules, seen: Failures): Breach | undefined {
  const { failed, size: of } = seen
  if (failed === 0 || rules.collect) return undefined
  if (rules.anyErrorsFatal) return { rule: 'anyErrorsFatal', failed, of }
  if (rules.canary && seen.wave === 1) return { rule: 'canary', failed, of }
  if (failed / of > rules.maxFailPercentage / 100)
    return { rule: 'maxFailPercentage', failed, of, allowed: rules.maxFailPercentage }
  const counts = { wave: failed, play: seen.failedInPlay, run: seen.failedInRun }
  for (const scope of ['wave', 'play', 'run'] as const) {
    const allowed = rules.maxFailures[scope]
    if (counts[scope] > allowed) return { rule: 'maxFailures', scope, failed: counts[scope], allowed }
  }
  // Whatever share may fail: a wave of which nothing is left speaks for the next.
  return failed >= of - seen.absent ? { rule: 'all failed', failed, of } : undefined
}

/**
 * How many failed hosts of a wave stop the run, from 1, when nothing failed before it: "stops when the 2nd of 4 fails". `wave`
 * counts from 1. Undefined for a play that only collects.
 */
export function stopsAt(options: PlayOptions<never>, size: number, wave: number): number | undefined {
  const rules = stopRules(options)
  for (let failed = 1; failed <= size; failed++) {
    const counts = { failed, failedInPlay: failed, failedInRun: failed }
    if (breachOf(rules, { wave, size, absent: 0, ...counts }) !== undefined) return failed
  }
  return undefined
}

/** How many of `total` hosts a share is: a percentage is of all, floored, at least 1, as Ansible counts. */
export function shareOf(share: Share, total: number): number {
  return typeof share === 'number' ? share : Math.floor((Number.parseFloat(share) / 100) * total) || 1
}

/** How many of `total` hosts a play keeps in service at the least; a percentage is rounded up. */
export function healthyFloor(options: PlayOptions<never>, total: number): number {
  const { minHealthy = 0 } = options
  return typeof minHealthy === 'number'
    ? minHealthy
    : Math.ceil((Number.parseFloat(minHealthy) * total) / 100)
}
