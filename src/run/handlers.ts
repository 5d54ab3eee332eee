import { evaluate } from '../model/evaluate.ts'
import type { TaskResult } from '../model/event.ts'
import { taskId } from '../model/schedule.ts'
import { tell } from './context.ts'
import { perform } from './task.ts'
import { throttled } from './throttle.ts'
import { type Came, cancelled, fine, type Walk, worst } from './walk.ts'

/** Does the handlers that were notified on a host, in the order in which they are defined; one that fails keeps no other from being done. */
export async function runHandlers(walk: Walk): Promise<Came> {
  const { context, phase, host } = walk
  let so: Came = fine
  for (const step of phase.play.handlers) {
    const id = taskId(phase.play.name, host.name, step.name)
    const notice = context.state.notified.get(id)
    if (notice === undefined || walk.tried.has(id)) continue
    if (context.interrupted.aborted) return worst(so, cancelled)
    const task = { id, phase, step, host }
    if (context.check) {
      const made = evaluate(context.schedule, context.state, task)
      const changes = made.kind === 'action' && made.action.work.kind === 'change'
      const result: TaskResult = notice.sure && changes ? 'would-change' : 'not-known'
      const message = `would run${notice.sure ? `, for ${notice.by} would change something` : ` if ${notice.by} changes something`}`
      tell(context, { type: 'task.ended', task: id, result, message, seconds: 0 })
      walk.unsettled ??= id
      continue
    }
    const result = await throttled(context, task, async () =>
      context.interrupted.aborted ? 'cancelled' : perform(context, task),
    )
    if (!context.state.notified.has(id)) continue
    walk.tried.add(id)
    const { message = '', mistake = false } = context.state.tasks.get(id) ?? {}
    const failed = result as NonNullable<Came['failure']>['result']
    so = worst(so, { result, failure: { task: id, result: failed, message, ...(mistake && { mistake }) } })
  }
  return so
}
