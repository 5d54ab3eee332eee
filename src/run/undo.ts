import { accountAgain } from '../model/account.ts'
import type { TaskId } from '../model/action.ts'
import { seconds } from '../model/duration.ts'
import { ConnectionError, TaskError } from '../model/errors.ts'
import { evaluate, tasksOf } from '../model/evaluate.ts'
import type { UndoPurpose } from '../model/event.ts'
import { type Host, machineOf } from '../model/host.ts'
import { pastOf } from '../model/past.ts'
import type { Play, Step } from '../model/play.ts'
import { type PlayPhase, type Schedule, type TaskAt, taskParts } from '../model/schedule.ts'
import { isDone, type State, type TaskState } from '../model/state.ts'
import { type RunContext, tell } from './context.ts'
import { inForks, usual, withDeadline } from './deadline.ts'
import { byMachine } from './machines.ts'
import { endJobs, onFor } from './on.ts'

/** How undoing is done: for which end, and which runs may have left jobs or before-images of the tasks. */
export interface Undoing {
  readonly purpose: UndoPurpose
  /** The run whose tasks are undone; its directory on the machines holds the before-images. */
  readonly of: string
  /** It, and the rollbacks of it so far. */
  readonly runs: readonly string[]
  /** Users were let in since: a restore point keeps what is there now before it brings back what was. */
  readonly keepsNow?: boolean
}

/** A schedule with what was done of it so far. */
export type Known = { readonly schedule: Schedule; readonly state: State }

/** Why undoing does not go on: something stands in its way, or it was told to stop. */
export type Halt = { readonly kind: 'hindered'; readonly why: string } | { readonly kind: 'interrupted' }

/** The tasks of a play on a host that began, in the order in which undoing goes back from the last; its handlers come last of all. */
export function begunTasks(
  context: Known,
  phase: PlayPhase,
  host: Host,
): readonly { task: TaskAt; state: TaskState }[] {
  // A handler (a reload) makes what the tasks wrote take effect: undone, it must see what was brought back.
  return [...phase.play.handlers.toReversed(), ...phase.play.steps].flatMap((step) => {
    // By what was known when it was done: its items may come from a task that was taken back since.
    const tasks = tasksOf(context.schedule, pastOf(context.state), phase, host, step)
    if ('kind' in tasks) return []
    return tasks.flatMap((task) => {
      const state = context.state.tasks.get(task.id)
      return state?.begun === true ? [{ task, state }] : []
    })
  })
}

/** Why a play cannot be taken back whole: a task of it began that the playbook does not give any more. Hosts outside `within` have no say. */
export function lostTask(
  context: Known,
  phase: PlayPhase,
  within: (host: Host) => boolean,
): string | undefined {
  const prefix = `${phase.play.name}/`
  const found = new Set(
    phase.waves.flat().flatMap((host) => begunTasks(context, phase, host).map(({ task }) => task.id)),
  )
  const out = new Set(
    phase.waves.flatMap((wave) => wave.flatMap((host) => (within(host) ? [] : [host.name]))),
  )
  for (const [id, state] of context.state.tasks)
    if (state.begun && id.startsWith(prefix) && !found.has(id) && !out.has(taskParts(id).host))
      return `${id} began, and the playbook does not give that task any more, so its undo cannot be found; a person must look`
  return undefined
}

/**
 * Takes back what hosts began in a play, side by side, on each the last task first; a `restored` change is left to its
 * restore point. What was done once for all is taken back when all that came after it is, and nothing that came before it.
 */
export async function undoHosts(
  context: RunContext,
  phase: PlayPhase,
  hosts: readonly Host[],
  undoing: Undoing,
): Promise<readonly Halt[]> {
  for (const steps of coursesBack(phase.play)) {
    const machines = byMachine(context, hosts, (host) => machineOf(host).name)
    const ended = await inForks(context.forks, machines, (names) =>
      undoMachine(context, phase, names, undoing, steps),
    )
    const halts = ended.filter((halt) => halt !== undefined)
    if (halts.length > 0) return halts
  }
  return []
}

/** The steps of a play, cut before and after each that is done once for all: the last course first, handlers in the last of all. */
function coursesBack({ steps, handlers }: Play): readonly ReadonlySet<Step>[] {
  const courses: Step[][] = [[...handlers]]
  let isOnce = false
  for (const step of steps) {
    const once = step.options.runOnce !== undefined
    if (once || isOnce) courses.push([step])
    else courses.at(-1)?.push(step)
    isOnce = once
  }
  return courses.toReversed().map((course) => new Set(course))
}

/** Takes back what was done on one machine, under all its names: what was done last goes first, whichever name it was done under. */
async function undoMachine(
  context: RunContext,
  phase: PlayPhase,
  hosts: readonly Host[],
  undoing: Undoing,
  steps: ReadonlySet<Step>,
): Promise<Halt | undefined> {
  const begun = hosts.map((host) => begunTasks(context, phase, host))
  for (const { task, state } of lastFirst([...context.state.tasks.keys()], begun)) {
    if (!steps.has(task.step) || state.undo === 'restored') continue
    if (context.interrupted.aborted) return { kind: 'interrupted' }
    if (state.undo === 'irreversible')
      return {
        kind: 'hindered',
        why: `${task.id} cannot be undone: ${reasonOf(context, task)}; a person must look`,
      }
    const error = await undoTask(context, task, state, undoing)
    if (error !== undefined) return { kind: 'hindered', why: `${task.id}: ${error}` }
  }
  return undefined
}

/** The tasks of several hosts from the last to the first by `order`; those of each host from its last, whatever that says. */
function lastFirst<T extends { readonly task: TaskAt }>(
  order: readonly TaskId[],
  hosts: readonly (readonly T[])[],
): readonly T[] {
  if (hosts.length < 2) return hosts.flatMap((tasks) => tasks.toReversed())
  const place = new Map(order.map((id, at) => [id, at]))
  const left = hosts.map((tasks) => [...tasks])
  const found: T[] = []
  for (;;) {
    const tails = left.filter((tasks) => tasks.length > 0)
    const [first] = tails.toSorted((a, b) => at(b) - at(a))
    const last = first?.pop()
    if (last === undefined) return found
    found.push(last)
  }
  function at(tasks: readonly T[]): number {
    return place.get(tasks.at(-1)?.task.id ?? '') ?? 0
  }
}

/** Why a change cannot be undone, in its module's words. */
function reasonOf(context: Known, task: TaskAt): string {
  const made = evaluate(context.schedule, pastOf(context.state), task)
  const undo =
    made.kind === 'action' && made.action.work.kind === 'change' ? made.action.work.undo : undefined
  return typeof undo === 'object' && undo.kind === 'irreversible'
    ? undo.why
    : 'its module said so when it was done'
}

/** Takes one change back by its undo function. Answers why it could not, or undefined. */
async function undoTask(
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
  const took = (context.clock() - begun) / 1000
  tell(context, {
    type: 'undo.ended',
    task: task.id,
    purpose: undoing.purpose,
    seconds: took,
    ...(error !== undefined && { error }),
  })
  await context.ledger.sync()
  return error
}

async function tryUndo(context: RunContext, task: TaskAt, state: TaskState, undoing: Undoing): Promise<void> {
  const { work, machine } = undoAction(context, task, state)
  if (work.kind !== 'change' || typeof work.undo !== 'function') throw new Error('it has no undo function')
  const account = accountAgain(state.as)
  const connection = (await context.connect(machine)).as(account)
  // What did not end well may have left a job behind that still changes what is about to be brought back.
  if (!isDone(state) || state.undoing) await endJobs(connection, undoing.runs, task.id)
  const times = context.state.tasks.get(task.id)?.undos ?? 1
  const doing = { task: task.id, keptBy: undoing.of, attempt: `undo-${times}`, account }
  const { timeout = usual.change } = task.step.options
  const { undo, keepNow } = work
  const ended = await withDeadline(seconds(timeout), undefined, async (signal, isOver) => {
    const on = onFor(context, connection, { ...doing, signal, isOver })
    if (undoing.keepsNow === true && keepNow !== undefined)
      await keepNow(on, state.input, state.remembered).catch((error: unknown) => {
        throw notKept(error, undoing.of)
      })
    await undo(on, state.input, state.remembered)
  })
  if (ended.kind === 'hangs')
    throw new Error(`it was not undone within ${timeout}, nor did it end when it was told to`)
  if (ended.kind === 'threw') throw ended.error
}

function notKept(error: unknown, run: string): TaskError {
  const why = error instanceof Error ? error.message : String(error)
  return new TaskError(
    `what is there now could not be kept, so nothing was brought back: ${why}; to go back without it: upgrade-fleet rollback ${run} --after-cutover ${run} --discard-new-state`,
    error instanceof TaskError ? error.evidence : [],
  )
}

/** Why restore points could not be brought back, found out by reading; empty when nothing speaks against it. */
export async function unproved(
  context: RunContext,
  begun: readonly { readonly task: TaskAt; readonly state: TaskState }[],
  undoing: Pick<Undoing, 'of'>,
): Promise<readonly string[]> {
  const found = await Promise.all(begun.map(({ task, state }) => proveUndo(context, task, state, undoing)))
  return found.filter((why) => why !== undefined)
}

async function proveUndo(
  context: RunContext,
  task: TaskAt,
  state: TaskState,
  undoing: Pick<Undoing, 'of'>,
): Promise<string | undefined> {
  try {
    const { work, machine } = undoAction(context, task, state)
    if (work.kind !== 'change' || work.prove === undefined) return undefined
    const { prove } = work
    const account = accountAgain(state.as)
    const connection = (await context.connect(machine)).as(account)
    const doing = { task: task.id, keptBy: undoing.of, attempt: 'prove', account }
    const { timeout = usual.change } = task.step.options
    const ended = await withDeadline(seconds(timeout), context.interrupted, (signal, isOver) =>
      prove(onFor(context, connection, { ...doing, signal, isOver }), state.input, state.remembered),
    )
    if (ended.kind === 'done') return undefined
    if (ended.kind === 'threw') throw ended.error
    return `${task.id}: it was not proved within ${timeout}`
  } catch (reason) {
    return `${task.id}: ${reason instanceof Error ? reason.message : String(reason)}`
  }
}

/** The task's function made again with the journal's outputs; the undo gets the journal's input all the same. */
function undoAction(context: RunContext, task: TaskAt, state: TaskState) {
  const made = evaluate(context.schedule, pastOf(context.state), task)
  if (made.kind !== 'action')
    throw new Error(`its function no longer makes an action (${made.kind}), so its undo cannot be found`)
  if (made.action.module !== state.module)
    throw new Error(`it was done by ${state.module}, and the playbook now has ${made.action.module} there`)
  if (made.machine.name !== (state.on ?? machineOf(task.host).name))
    throw new Error(
      `it was done on ${state.on ?? machineOf(task.host).name}, and the playbook now has ${made.machine.name} there`,
    )
  return { work: made.action.work, machine: made.machine }
}

/** Ends what tasks that did not end well left running on their machines. Answers why it could not, or undefined. */
export async function endUnfinished(
  context: RunContext,
  tasks: readonly { readonly task: TaskAt; readonly state: TaskState }[],
  runs: readonly string[],
): Promise<string | undefined> {
  for (const { task, state } of tasks) {
    if (isDone(state)) continue
    try {
      const made = evaluate(context.schedule, pastOf(context.state), task)
      const machine = made.kind === 'action' ? made.machine : machineOf(task.host)
      await endJobs((await context.connect(machine)).as(accountAgain(state.as)), runs, task.id)
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error
      return `${task.id} may have left something running that could not be ended: ${error.message}`
    }
  }
  return undefined
}
