import { tasksOf } from '../model/evaluate.ts'
import { hostsOf, type PlayPhase, playsOf, type TaskAt } from '../model/schedule.ts'
import { type RunContext, tell } from './context.ts'
import { begunTasks, endUnfinished, proveUndo, undoTask } from './undo.ts'

/**
 * Before a resumed run goes on: what rests on a restore point and failed, or whose end is unknown, is never continued.
 * Its restore point is brought back, and everything that rests on it becomes to be done again. Answers what hindered
 * it, or undefined when the run may go on.
 */
export async function rewindBroken(context: RunContext): Promise<string | undefined> {
  for (const point of playsOf(context.schedule)) {
    const resting = playsOf(context.schedule).filter((phase) =>
      phase.play.options.restoredBy?.some((play) => play.name === point.play.name),
    )
    const tasks = resting.flatMap((phase) => allTasks(context, phase))
    if (!tasks.some((task) => isBroken(context, task)) || !tasks.some((task) => isTouched(context, task)))
      continue
    const why = await rewind(context, point, tasks)
    if (why !== undefined) return why
  }
  return undefined
}

async function rewind(
  context: RunContext,
  point: PlayPhase,
  tasks: readonly TaskAt[],
): Promise<string | undefined> {
  const runs = [context.run]
  await endUnfinished(context, tasks, runs)
  const undoing = { purpose: 'rewind', of: context.run, runs } as const
  const found = await Promise.all(
    hostsOf(point)
      .flatMap((host) => begunTasks(context, point, host))
      .map(({ task, state }) => proveUndo(context, task, state, undoing)),
  )
  const reasons = found.filter((why) => why !== undefined)
  if (reasons.length > 0) return `nothing was brought back: ${reasons.join('; ')}`
  const ended = await Promise.all(
    hostsOf(point).map(async (host) => {
      for (const { task, state } of begunTasks(context, point, host).toReversed()) {
        const error = await undoTask(context, task, state, undoing)
        if (error !== undefined) return `${task.id}: the restore point could not be brought back: ${error}`
      }
      return undefined
    }),
  )
  const hindered = ended.find((why) => why !== undefined)
  if (hindered !== undefined) return hindered
  const known = tasks.filter((task) => context.state.tasks.has(task.id)).map((task) => task.id)
  tell(context, { type: 'tasks.rewound', tasks: known, by: point.play.name })
  await context.ledger.sync()
  return undefined
}

function allTasks(context: RunContext, phase: PlayPhase): readonly TaskAt[] {
  return hostsOf(phase).flatMap((host) =>
    phase.play.steps.flatMap((step) => {
      const tasks = tasksOf(context.schedule, context.state, phase, host, step)
      return 'kind' in tasks ? [] : tasks
    }),
  )
}

const isBroken = (context: RunContext, task: TaskAt): boolean =>
  ['running', 'failed', 'unknown'].includes(context.state.tasks.get(task.id)?.status ?? '')

/** Whether it may have changed what the restore point covers. */
function isTouched(context: RunContext, task: TaskAt): boolean {
  const state = context.state.tasks.get(task.id)
  return state?.begun === true && state.undo === 'restored'
}
