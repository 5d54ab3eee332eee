import { accountOf } from '../model/account.ts'
import type { Action, Observe } from '../model/action.ts'
import type { Connection } from '../model/connection.ts'
import { seconds } from '../model/duration.ts'
import type { Host } from '../model/host.ts'
import type { Json } from '../model/json.ts'
import type { TaskAt } from '../model/schedule.ts'
import { delegated, pauseAfter } from './between.ts'
import { type RunContext, tell } from './context.ts'
import { usual, withDeadline } from './deadline.ts'
import { at, type End, wentWrong } from './fault.ts'
import { onFor } from './on.ts'

/** Lets a task look, again where it has tries left, until what it says is as its `until` wants it. Its start is told as an event. */
export async function observed(
  context: RunContext,
  connection: Connection,
  task: TaskAt,
  action: Action,
  work: Observe<unknown>,
  machine: Host,
): Promise<End> {
  const { until, retries = until === undefined ? 0 : 3, timeout = usual.observe } = task.step.options
  const number = (context.state.tasks.get(task.id)?.attempt ?? 0) + 1
  const { module, input } = action
  tell(context, {
    type: 'task.started',
    task: task.id,
    module,
    kind: 'observe',
    input,
    remembered: null,
    attempt: number,
    undo: 'none',
    ...delegated(task, machine, connection),
  })
  const account = accountOf(task.phase.play, task.step)
  const doing = { task: task.id, keptBy: context.run, attempt: String(number), account }
  for (let tries = 0; ; tries++) {
    const ended = await withDeadline(seconds(timeout), context.interrupted, (signal, isOver) =>
      work.read(onFor(context, connection, { ...doing, signal, isOver }), input),
    )
    if (context.interrupted.aborted && ended.kind !== 'done')
      return { result: 'cancelled', message: 'interrupted' }
    const last = tries >= retries || context.interrupted.aborted
    if (ended.kind === 'done') {
      const output = ended.value as Json
      const so = until === undefined ? { holds: true } : asked(() => until(output as never))
      if ('problem' in so)
        return { result: 'failed', mistake: true, message: at(task, `its \`until\` threw: ${so.problem}`) }
      if (so.holds) return { result: 'ok', output }
      if (tries < retries && context.interrupted.aborted)
        return { result: 'cancelled', message: 'interrupted before it was so' }
      if (last) {
        const said = JSON.stringify(output) ?? 'nothing'
        return {
          result: 'failed',
          message: at(task, `it was still not so after ${tries + 1} tries; the last answer was ${said}`),
        }
      }
    } else if (last) return wentWrong(task, ended, timeout, false)
    await pauseAfter(task, tries, context.interrupted)
  }
}

/** A word of the playbook's own functions, which may throw. */
function asked(look: () => boolean): { readonly holds: boolean } | { readonly problem: string } {
  try {
    return { holds: look() }
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) }
  }
}
