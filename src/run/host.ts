import { tasksOf } from '../model/evaluate.ts'
import type { TaskResult } from '../model/event.ts'
import type { Host } from '../model/host.ts'
import { type PlayPhase, taskId } from '../model/schedule.ts'
import { type RunContext, tell } from './context.ts'
import { perform } from './task.ts'

/** What a host's failure is worth to whoever asks for the worst of several. */
const rank: readonly TaskResult[] = ['ok', 'cancelled', 'blocked', 'unreachable', 'failed', 'unknown']

/** The worse of two results; what is no failure counts as `ok`. */
export function worse(one: TaskResult, other: TaskResult): TaskResult {
  return rank.indexOf(other) > Math.max(rank.indexOf(one), 0) ? other : rank.includes(one) ? one : 'ok'
}

/** A host's leave to begin the nth step of its play (from 0), asked before each of its tasks: false ends its work there, cancelled. */
export type Turn = (step: number) => Promise<boolean>

/** Works on one host's tasks of a play in order, and says the worst that came of them. */
export async function runHost(
  context: RunContext,
  phase: PlayPhase,
  host: Host,
  unsettled: string | undefined,
  turn: Turn,
): Promise<TaskResult> {
  const { collect = false } = phase.play.options
  let worst: TaskResult = 'ok'
  let waiting = unsettled
  for (const [at, step] of phase.play.steps.entries()) {
    if (!(await turn(at))) return worse(worst, 'cancelled')
    const tasks = tasksOf(context.schedule, context.state, phase, host, step)
    if ('kind' in tasks) {
      const task = taskId(phase.play.name, host.name, step.name)
      const result: TaskResult = tasks.kind === 'wrong' ? 'failed' : context.check ? 'not-known' : 'blocked'
      const why = tasks.kind === 'wrong' ? tasks.problem : `known after ${tasks.after}`
      tell(context, { type: 'task.ended', task, result, message: `${task}: ${why}`, seconds: 0 })
      worst = worse(worst, result)
      if (result !== 'not-known' && !collect) return worst
      continue
    }
    for (const task of tasks) {
      if (context.interrupted.aborted || !(await turn(at))) return worse(worst, 'cancelled')
      const result = await perform(context, task, waiting)
      if (result === 'would-change') waiting ??= task.id
      const forgiven = result === 'failed' && step.options.ignoreErrors === true
      if (!forgiven) worst = worse(worst, result)
      if (worse('ok', result) !== 'ok' && !forgiven && !collect) return worst
    }
  }
  return worst
}
