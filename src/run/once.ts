import { everywhere, isForgiven, stateFor } from '../model/evaluate.ts'
import type { TaskResult } from '../model/event.ts'
import type { TaskAt } from '../model/schedule.ts'
import { isDone } from '../model/state.ts'
import { type RunContext, tell } from './context.ts'
import { perform } from './task.ts'

/** Where nothing was begun: another host may do it. */
const untouched: ReadonlySet<TaskResult> = new Set(['unreachable', 'blocked', 'cancelled'])

/** What is under way, or came of it, for all hosts of a scope. */
interface Shared {
  readonly task: TaskAt
  readonly result: Promise<TaskResult>
}
const shared = new WeakMap<RunContext, Map<string, Shared>>()

/**
 * Does a task once for the hosts of its scope: the first that comes to it does it, the others wait for what comes of it.
 * What a host began before a crash is brought to its end there, whoever comes first: nobody else may do it again.
 */
export async function performOnce(
  context: RunContext,
  task: TaskAt,
  unsettled?: string,
): Promise<TaskResult> {
  const doings = shared.get(context) ?? new Map<string, Shared>()
  shared.set(context, doings)
  const scope = everywhere(task)
  const key = scope[0]?.id ?? task.id
  const begin = (): Shared => {
    const begun = scope.find((one) => context.state.tasks.get(one.id)?.begun === true)
    const result = perform(context, begun ?? task, unsettled)
    const made: Shared = { task: begun ?? task, result }
    doings.set(key, made)
    // First of all that wait for it: whoever comes then may try again.
    const forget = (came: TaskResult) => untouched.has(came) && doings.delete(key)
    result.then(forget, () => {})
    return made
  }
  for (;;) {
    const known = stateFor(context.state, task)
    if (isDone(known)) return known.status
    if (isForgiven(task.step, known)) return 'ok'
    const doing = doings.get(key) ?? begin()
    const came = await doing.result
    if (doing.task.id === task.id) return came
    // Where another was to do it and nothing was begun, this host may: unless that other began it in an earlier attempt.
    if (untouched.has(came) && context.state.tasks.get(doing.task.id)?.begun !== true) {
      if (context.interrupted.aborted) return 'cancelled'
      continue
    }
    if (isForgiven(doing.task.step, context.state.tasks.get(doing.task.id))) return 'ok'
    if (['ok', 'changed', 'skipped', 'would-change', 'not-known'].includes(came)) return came
    const message = `${doing.task.id} is ${came}, and it is done once for all`
    tell(context, { type: 'task.ended', task: task.id, result: 'blocked', message, seconds: 0 })
    return 'blocked'
  }
}
