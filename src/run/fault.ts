import { ConnectionError, UnknownOutcome } from '../model/errors.ts'
import type { TaskResult } from '../model/event.ts'
import type { Json } from '../model/json.ts'
import type { TaskAt } from '../model/schedule.ts'
import type { Ended } from './deadline.ts'

/** What a task came to, before it is told. */
export interface End {
  readonly result: TaskResult
  readonly output?: Json
  readonly message?: string
  /** It is a mistake of ours, which nothing forgives. */
  readonly mistake?: true
}

/** What a piece of work that did not end well makes of its task; `began`: a change was under way, so it may have happened. */
export function wentWrong(
  task: TaskAt,
  ended: Exclude<Ended<unknown>, { kind: 'done' }>,
  timeout: number | string,
  began: boolean,
): End {
  if (ended.kind === 'hangs')
    return {
      result: began ? 'unknown' : 'failed',
      message: at(task, `it did not end within ${timeout}, nor when it was told to`),
    }
  if (ended.late) {
    const why = ended.error instanceof Error ? ended.error.message : String(ended.error)
    return {
      result: began ? 'unknown' : 'failed',
      message: at(task, `it did not end within ${timeout}: ${why}`),
    }
  }
  return fault(task, ended.error, began)
}

/** What an error makes of its task. */
export function fault(task: TaskAt, error: unknown, began: boolean): End {
  if (error instanceof UnknownOutcome)
    return { result: began ? 'unknown' : 'failed', message: at(task, error.message) }
  if (error instanceof ConnectionError) {
    const nothing = ['unreachable', 'host-key', 'auth'].includes(error.fault)
    const result = began ? 'unknown' : nothing ? 'unreachable' : 'failed'
    return { result, message: at(task, error.message) }
  }
  const name = error instanceof Error ? error.name : ''
  if (error instanceof Error && name === 'Interrupted')
    return { result: 'cancelled', message: at(task, error.message) }
  if (error instanceof Error && name === 'TaskError')
    return { result: 'failed', message: at(task, error.message) }
  if (error instanceof Error && name === 'InputError')
    return { result: 'failed', mistake: true, message: at(task, error.message) }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { result: 'failed', mistake: true, message: at(task, `a defect in the module: ${text}`) }
}

/** Words with the task's place in the playbook. */
export const at = (task: TaskAt, why: string): string =>
  `${why}${task.step.place === undefined ? '' : `\n  at ${task.step.place}`}`
