import { accountAgain, accountOf } from '../model/account.ts'
import type { Action, Change, TaskId } from '../model/action.ts'
import type { Connection } from '../model/connection.ts'
import { seconds } from '../model/duration.ts'
import { evaluate } from '../model/evaluate.ts'
import type { TaskResult } from '../model/event.ts'
import type { Host } from '../model/host.ts'
import type { Json } from '../model/json.ts'
import { type TaskAt, taskId } from '../model/schedule.ts'
import { isDone } from '../model/state.ts'
import { type Ahead, changesNow } from './ahead.ts'
import { delegated, pauseAfter } from './between.ts'
import { type RunContext, tell } from './context.ts'
import { usual, withDeadline } from './deadline.ts'
import { tellDiff } from './diff.ts'
import { at, type End, fault, wentWrong } from './fault.ts'
import { aloneUnder } from './machines.ts'
import { observed } from './observed.ts'
import { endJobs, onFor } from './on.ts'

/**
 * Does one task, or finds it done. Its end is told as an event. In check mode `unsettled` names what would be changed
 * before it, so that nothing is asked of a world that the run would have changed meanwhile.
 */
export async function perform(
  context: RunContext,
  task: TaskAt,
  unsettled?: string,
  ahead?: Ahead,
): Promise<TaskResult> {
  const before = context.state.tasks.get(task.id)
  if (isDone(before)) return before.status
  if (await isDeclined(context, task, unsettled)) {
    const message = context.interrupted.aborted ? 'interrupted' : 'a person said no to it (--step)'
    tell(context, { type: 'task.ended', task: task.id, result: 'cancelled', message, seconds: 0 })
    return 'cancelled'
  }
  const begun = context.clock()
  const end = await attempt(context, task, unsettled, ahead)
  const seconds = (context.clock() - begun) / 1000
  tell(context, { type: 'task.ended', task: task.id, ...end, ...notices(task, end), seconds })
  return end.result
}

/** Whether somebody who is asked before each task says no to this one. Nobody is asked where nothing would be done. */
async function isDeclined(
  context: RunContext,
  task: TaskAt,
  unsettled: string | undefined,
): Promise<boolean> {
  if (context.step === undefined || unsettled !== undefined) return false
  return evaluate(context.schedule, context.state, task).kind === 'action' && !(await context.step(task.id))
}

/** The handlers that are to be done since this task changed something, or in check mode may change something. */
export function notices(
  { phase, host, step }: Pick<TaskAt, 'phase' | 'host' | 'step'>,
  { result }: Pick<End, 'result'>,
): { readonly notify?: readonly TaskId[] } {
  const { notify = [] } = step.options
  const names = typeof notify === 'string' ? [notify] : notify
  if (names.length === 0 || !['changed', 'would-change', 'not-known'].includes(result)) return {}
  return { notify: names.map((name) => taskId(phase.play.name, host.name, name)) }
}

async function attempt(
  context: RunContext,
  task: TaskAt,
  unsettled: string | undefined,
  ahead: Ahead | undefined,
): Promise<End> {
  const made = evaluate(context.schedule, context.state, task)
  const refused = context.refuses?.(task, made, false)
  if (refused !== undefined) return { result: 'blocked', message: at(task, refused) }
  switch (made.kind) {
    case 'skip':
      return { result: 'skipped', message: made.why }
    case 'wrong':
      return { result: 'failed', mistake: true, message: at(task, made.problem) }
    case 'later':
      if (context.check) return { result: 'not-known', message: `known after ${made.after}` }
      return {
        result: 'blocked',
        message: at(task, `it needs the output of ${made.after}, which is not there`),
      }
    case 'action':
      if (unsettled !== undefined) return { result: 'not-known', message: `known after ${unsettled}` }
      return connected(context, task, made.action, made.machine, ahead)
    default:
      return made satisfies never
  }
}

async function connected(
  context: RunContext,
  task: TaskAt,
  action: Action,
  machine: Host,
  ahead: Ahead | undefined,
): Promise<End> {
  const { work } = action
  if (work.kind === 'change' && task.phase.play.options.collect === true)
    return {
      result: 'failed',
      mistake: true,
      message: at(task, `a collecting play only observes, and ${action.module} changes something`),
    }
  if (work.kind === 'change' && rests(work) && !task.phase.play.options.restoredBy?.length)
    return {
      result: 'failed',
      mistake: true,
      message: at(task, `${action.module} is undone by a restore point, and its play names none`),
    }
  let connection: Connection
  try {
    connection = (await context.connect(machine)).as(accountOf(task.phase.play, task.step))
  } catch (error) {
    return fault(task, error, false)
  }
  if (work.kind === 'observe') return observed(context, connection, task, action, work, machine)
  const { retries = 0 } = task.step.options
  for (let tries = 0; ; tries++) {
    const end = await aloneUnder(context, machine.name, () =>
      changed(context, connection, task, action, work, machine, tries === 0 ? ahead : undefined),
    )
    if (end.result !== 'failed' || end.mistake === true || tries >= retries) return end
    // It has tries left: not an end that could be forgiven.
    if (context.interrupted.aborted)
      return { result: 'cancelled', message: `interrupted after ${end.message}` }
    tell(context, { type: 'task.retried', task: task.id, left: retries - tries, message: end.message ?? '' })
    await pauseAfter(task, tries, context.interrupted)
  }
}

async function changed(
  context: RunContext,
  connection: Connection,
  task: TaskAt,
  action: Action,
  work: Change<unknown>,
  machine: Host,
  ahead: Ahead | undefined,
): Promise<End> {
  const { timeout = usual.change } = task.step.options
  const { module, input } = action
  const before = context.state.tasks.get(task.id)
  const crashed = before?.status === 'running'
  const attempt = crashed ? before.attempt : (before?.attempt ?? 0) + 1
  const account = accountOf(task.phase.play, task.step)
  const doing = { task: task.id, keptBy: context.run, attempt: String(attempt), account }
  const bind = (signal: AbortSignal, isOver: () => boolean) =>
    onFor(context, connection, { ...doing, signal, isOver })

  if (context.interrupted.aborted) return { result: 'cancelled', message: 'interrupted' }
  tell(context, { type: 'task.checking', task: task.id })
  // A try that failed, or whose end is unknown, may have left a job that still changes things; the next is not to race it.
  if (before?.begun === true && !crashed) {
    try {
      await endJobs(connection.as(accountAgain(before.as)), [context.run], task.id)
    } catch (error) {
      return fault(task, error, false)
    }
  }
  const { check, remember } = work
  const checked =
    check === undefined
      ? undefined
      : ((await ahead?.take(task, action)) ??
        (await withDeadline(seconds(timeout), context.interrupted, (signal, isOver) =>
          check(bind(signal, isOver), input, before?.begun ? before.remembered : undefined),
        )))
  if (checked !== undefined && checked.kind !== 'done') {
    if (context.interrupted.aborted) return { result: 'cancelled', message: 'interrupted' }
    return wentWrong(task, checked, timeout, false)
  }
  // A change that was begun and then is so already was made by us: it counts as changed, and is undone in a rollback.
  if (checked?.value !== undefined)
    return { result: before?.begun ? 'changed' : 'ok', output: checked.value as Json }
  await tellDiff(context, task, work, input, timeout, bind)
  if (context.check) return { result: 'would-change' }
  const refused = before?.begun
    ? undefined
    : context.refuses?.(task, { kind: 'action', action, machine }, true)
  if (refused !== undefined) return { result: 'blocked', message: at(task, refused) }

  let remembered: Json = before?.remembered ?? null
  if (before?.begun !== true && remember !== undefined) {
    const memory = await withDeadline(seconds(timeout), context.interrupted, (signal, isOver) =>
      remember(bind(signal, isOver), input),
    )
    if (context.interrupted.aborted && memory.kind !== 'done')
      return { result: 'cancelled', message: 'interrupted' }
    if (memory.kind !== 'done') return wentWrong(task, memory, timeout, false)
    remembered = memory.value
  }
  // The last moment: after this it is under way, and is brought to its end.
  if (context.interrupted.aborted) return { result: 'cancelled', message: 'interrupted' }
  const undo = typeof work.undo === 'function' ? 'function' : work.undo.kind
  tell(context, {
    type: 'task.started',
    task: task.id,
    module,
    kind: 'change',
    input,
    remembered,
    attempt,
    undo,
    ...delegated(task, machine, connection),
  })
  await context.ledger.sync()
  changesNow(context, machine.name)
  const applied = await withDeadline(seconds(timeout), undefined, (signal, isOver) =>
    work.apply(bind(signal, isOver), input, remembered),
  )
  // What others looked at in its midst is not what it left.
  changesNow(context, machine.name)
  if (applied.kind !== 'done') return wentWrong(task, applied, timeout, true)
  const output = applied.value as Json
  // An earlier try may have changed what this one found no more to be changed.
  const nothing = before?.begun !== true && work.changed?.(output) === false
  return { result: nothing ? 'ok' : 'changed', output }
}

const rests = (work: Change<unknown>): boolean =>
  typeof work.undo === 'object' && work.undo.kind === 'restored'
