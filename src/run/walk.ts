import type { TaskResult } from '../model/event.ts'
import type { Host } from '../model/host.ts'
import type { Entry } from '../model/play.ts'
import type { PlayPhase } from '../model/schedule.ts'
import type { Failure } from '../model/task-options.ts'
import type { Ahead } from './ahead.ts'
import type { RunContext } from './context.ts'
import type { Turn } from './host.ts'

/** One host on its way through a play. */
export interface Walk {
  readonly context: RunContext
  readonly phase: PlayPhase
  readonly host: Host
  readonly turn: Turn
  /** Which entry of the play is under way. */
  entry: number
  /** Check mode: the first task that would change something, or the one that is not known before it. */
  unsettled: string | undefined
  /** What the next tasks' checks said before their turn. */
  readonly ahead: Ahead
  /** In a rescue or an `always`. */
  readonly recovering: boolean
  /** Handlers that failed here: they are not tried twice. */
  readonly tried: Set<string>
  /** Does entries in order. */
  readonly run: (walk: Walk, entries: readonly Entry[]) => Promise<Came>
}

/** What came of a piece of the way: `ok`, or the worst of it and the task that it came from. */
export interface Came {
  readonly result: TaskResult
  readonly failure?: Failure
}

/** Nothing went wrong. */
export const fine: Came = { result: 'ok' }

/** It was told to stop before its next task. */
export const cancelled: Came = {
  result: 'cancelled',
  failure: { task: '', result: 'cancelled', message: 'it was told to stop before its next task' },
}

/** What a host's failure is worth to whoever asks for the worst of several. */
const rank: readonly TaskResult[] = ['ok', 'cancelled', 'blocked', 'unreachable', 'failed', 'unknown']

/** The worse of two results; what is no failure counts as `ok`. */
export function worse(one: TaskResult, other: TaskResult): TaskResult {
  return rank.indexOf(other) > Math.max(rank.indexOf(one), 0) ? other : rank.includes(one) ? one : 'ok'
}

/** The worse of two ends; of two equal ones the first. */
export const worst = (one: Came, other: Came): Came =>
  worse(one.result, other.result) === worse('ok', one.result) ? one : other
