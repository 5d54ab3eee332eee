import type { Evaluated } from '../model/evaluate.ts'
import { machineOf } from '../model/host.ts'
import { type TaskAt, taskId } from '../model/schedule.ts'
import { digestOf } from './digest.ts'
import type { PlanDocument, PlanTask } from './document.ts'
import { overText, planTasks } from './moved.ts'

/**
 * What holds a run to a plan: why a task may not be begun, or undefined. It is asked before a task is looked at, and again
 * (`changes`) before one begins to change something. Once it refused, it refuses everything, so that the run stops there.
 */
export function planGuard(
  plan: Pick<PlanDocument, 'parts'>,
): (task: TaskAt, made: Evaluated, changes: boolean) => string | undefined {
  const tasks = planTasks(plan)
  let left: string | undefined
  return (task, made, changes) => {
    if (left !== undefined) return `the run left its plan at ${left}, so nothing more is begun`
    const why = refusal(tasks.get(task.id) ?? eachStep(tasks, task), task, made, changes)
    if (why === undefined) return undefined
    left = task.id
    return `it is not what was planned: ${why} (resume --accept-changed leaves the plan)`
  }
}

/** The whole `each` of an item, where the plan did not know its items. */
function eachStep(tasks: ReadonlyMap<string, PlanTask>, task: TaskAt): PlanTask | undefined {
  const { item, phase, host, step } = task
  const whole = item === undefined ? undefined : tasks.get(taskId(phase.play.name, host.name, step.name))
  return whole?.does === 'later' ? whole : undefined
}

function refusal(
  planned: PlanTask | undefined,
  { host }: TaskAt,
  made: Evaluated,
  changes: boolean,
): string | undefined {
  if (planned === undefined) return 'the plan does not have it'
  // What waits for an output that is not there, or is a mistake, ends by itself.
  if (planned.does === 'later' || made.kind === 'later' || made.kind === 'wrong') return undefined
  if (made.kind === 'skip')
    return planned.does === 'skip' ? undefined : `${planned.module ?? planned.does} -> skipped: ${made.why}`
  const { module, input } = made.action
  if (planned.does === 'skip') return `skipped -> ${module}`
  if (planned.module !== module) return `${planned.module} -> ${module}`
  const over = made.machine.name === machineOf(host).name ? undefined : made.machine.name
  if (planned.over !== over) return `${overText(planned.over)} -> ${overText(over)}`
  if (planned.input_digest !== digestOf(input)) return 'its input is another'
  return changes && planned.word === 'no change' ? 'no change -> would change' : undefined
}
