import { actsAs } from '../model/account.ts'
import type { Connection } from '../model/connection.ts'
import { seconds } from '../model/duration.ts'
import { type Host, machineOf } from '../model/host.ts'
import type { TaskAt } from '../model/schedule.ts'
import { pause } from './deadline.ts'

/** Where a task is done, if not over the machine of its host, and as whom, if not as who logs in. */
export const delegated = (
  task: TaskAt,
  machine: Host,
  { endpoint }: Connection,
): { readonly on?: string; readonly as?: string } => {
  const as = actsAs(endpoint)
  return {
    ...(machine.name !== machineOf(task.host).name && { on: machine.name }),
    ...(as !== undefined && { as }),
  }
}

/** Waits between two tries of a task. */
export const pauseAfter = ({ step }: TaskAt, tries: number, interrupted: AbortSignal): Promise<void> => {
  const { delay = 5, backoff = 1 } = step.options
  return pause(seconds(delay) * 1000 * backoff ** tries, interrupted)
}
