import { tasksOf } from '../model/evaluate.ts'
import type { TaskResult } from '../model/event.ts'
import type { Host } from '../model/host.ts'
import { type PlayPhase, taskId } from '../model/schedule.ts'
import { type RunContext, tell } from './context.ts'
import { allEnded } from './deadline.ts'
import { decide } from './decide.ts'
import { perform } from './task.ts'

/** The worst that came of a host in a wave; `ok` when all its tasks are done. */
export type HostEnd = { readonly host: Host; readonly result: TaskResult }

/** What a host's failure is worth to whoever asks for the worst of several. */
const rank: readonly TaskResult[] = ['ok', 'cancelled', 'blocked', 'unreachable', 'failed', 'unknown']

/** The worse of two results; what is no failure counts as `ok`. */
export function worse(one: TaskResult, other: TaskResult): TaskResult {
  return rank.indexOf(other) > Math.max(rank.indexOf(one), 0) ? other : rank.includes(one) ? one : 'ok'
}

/** Works on the hosts of one wave side by side, `forks` at a time, and says what came of each. */
export async function runWave(
  context: RunContext,
  phase: PlayPhase,
  hosts: readonly Host[],
  unsettled: string | undefined,
): Promise<readonly HostEnd[]> {
  const { maxFailPercentage = 0, anyErrorsFatal = false } = phase.play.options
  const ends: HostEnd[] = []
  let halted = false
  const next = hosts[Symbol.iterator]()
  const worker = async (): Promise<void> => {
    for (const host of next) {
      const result = await runHost(context, phase, host, unsettled, () => halted)
      ends.push({ host, result })
      const failed = ends.filter((end) => end.result !== 'ok').length
      halted ||= decide({ size: hosts.length, failed, maxFailPercentage, anyErrorsFatal }) === 'stop now'
    }
  }
  // When the journal fails, every host learns it at its next entry. What is under way by then is let to its end first.
  await allEnded(Array.from({ length: Math.min(context.forks, hosts.length) }, worker))
  return ends
}

async function runHost(
  context: RunContext,
  phase: PlayPhase,
  host: Host,
  unsettled: string | undefined,
  halted: () => boolean,
): Promise<TaskResult> {
  const { collect = false } = phase.play.options
  let worst: TaskResult = 'ok'
  let waiting = unsettled
  for (const step of phase.play.steps) {
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
      if (context.interrupted.aborted || halted()) return worse(worst, 'cancelled')
      const result = await perform(context, task, waiting)
      if (result === 'would-change') waiting ??= task.id
      const forgiven = result === 'failed' && step.options.ignoreErrors === true
      if (!forgiven) worst = worse(worst, result)
      if (worse('ok', result) !== 'ok' && !forgiven && !collect) return worst
    }
  }
  return worst
}
