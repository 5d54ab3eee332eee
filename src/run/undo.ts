import { evaluate, tasksOf } from '../model/evaluate.ts'
import { type Host, machineOf } from '../model/host.ts'
import type { PlayPhase, TaskAt } from '../model/schedule.ts'
import type { TaskState } from '../model/state.ts'
import { type RunContext, tell } from './context.ts'
import { endJobs, onFor } from './on.ts'

/** How undoing is done: for which end, and which runs may have left jobs or before-images of the tasks. */
export interface Undoing {
  readonly purpose: 'rollback' | 'rewind'
  /** The run whose tasks are undone; its directory on the machines holds the before-images. */
  readonly of: string
  /** It, and the rollbacks of it so far. */
  readonly runs: readonly string[]
}

/** The tasks of a play on a host that began, in the order in which they stand in the play. */
export function begunTasks(
  context: Pick<RunContext, 'schedule' | 'state'>,
  phase: PlayPhase,
  host: Host,
): readonly { task: TaskAt; state: TaskState }[] {
  return phase.play.steps.flatMap((step) => {
    const tasks = tasksOf(context.schedule, context.state, phase, host, step)
    if ('kind' in tasks) return []
    return tasks.flatMap((task) => {
      const state = context.state.tasks.get(task.id)
      return state?.begun === true ? [{ task, state }] : []
    })
  })
}

/** Takes one change back by its undo function. Answers why it could not, or undefined. */
export async function undoTask(
  context: RunContext,
  task: TaskAt,
  state: TaskState,
  undoing: Undoing,
): Promise<string | undefined> {
  const begun = context.clock()
  tell(context, { type: 'undo.started', task: task.id, purpose: undoing.purpose })
  await context.ledger.sync()
  const error = await tryUndo(context, task, state, undoing).then(
    () => undefined,
    (reason: unknown) => (reason instanceof Error ? reason.message : String(reason)),
  )
  const seconds = (context.clock() - begun) / 1000
  tell(context, {
    type: 'undo.ended',
    task: task.id,
    purpose: undoing.purpose,
    seconds,
    ...(error !== undefined && { error }),
  })
  await context.ledger.sync()
  return error
}

async function tryUndo(context: RunContext, task: TaskAt, state: TaskState, undoing: Undoing): Promise<void> {
  const { work } = undoAction(context, task, state)
  if (work.kind !== 'change' || typeof work.undo !== 'function') throw new Error('it has no undo function')
  const connection = await context.connect(machineOf(task.host))
  if (state.status === 'running' || state.undoing) await endJobs(connection, undoing.runs, task.id)
  const times = context.state.tasks.get(task.id)?.undos ?? 1
  const { signal } = new AbortController()
  const on = onFor(context, connection, {
    task: task.id,
    keptBy: undoing.of,
    attempt: `undo-${times}`,
    signal,
  })
  await work.undo(on, state.input, state.remembered)
}

/** Why a restore point could not be brought back, found out by reading; undefined when nothing speaks against it. */
export async function proveUndo(
  context: RunContext,
  task: TaskAt,
  state: TaskState,
  undoing: Undoing,
): Promise<string | undefined> {
  try {
    const { work } = undoAction(context, task, state)
    if (work.kind !== 'change' || work.prove === undefined) return undefined
    const { signal } = new AbortController()
    const doing = { task: task.id, keptBy: undoing.of, attempt: 'prove', signal }
    const connection = await context.connect(machineOf(task.host))
    await work.prove(onFor(context, connection, doing), state.input, state.remembered)
    return undefined
  } catch (reason) {
    return `${task.id}: ${reason instanceof Error ? reason.message : String(reason)}`
  }
}

/** The task's function made again with the journal's outputs; the undo gets the journal's input all the same. */
function undoAction(context: RunContext, task: TaskAt, state: TaskState) {
  const made = evaluate(context.schedule, context.state, task)
  if (made.kind !== 'action')
    throw new Error(`its function no longer makes an action (${made.kind}), so its undo cannot be found`)
  if (made.action.module !== state.module)
    throw new Error(`it was done by ${state.module}, and the playbook now has ${made.action.module} there`)
  return made.action
}

/** Ends what unfinished tasks left running on their machines. */
export async function endUnfinished(
  context: RunContext,
  tasks: readonly TaskAt[],
  runs: readonly string[],
): Promise<void> {
  for (const task of tasks) {
    const state = context.state.tasks.get(task.id)
    if (state?.status !== 'running' && state?.status !== 'unknown') continue
    const connection = await context.connect(machineOf(task.host))
    await endJobs(connection, runs, task.id)
  }
}
