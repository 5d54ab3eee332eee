import { isForgiven, tasksOf } from '../model/evaluate.ts'
import type { TaskResult } from '../model/event.ts'
import type { Host } from '../model/host.ts'
import type { Entry, Step } from '../model/play.ts'
import { type PlayPhase, type TaskAt, taskId } from '../model/schedule.ts'
import { lookAhead } from './ahead.ts'
import { runBlock } from './block.ts'
import { type RunContext, tell } from './context.ts'
import { runHandlers } from './handlers.ts'
import { performOnce } from './once.ts'
import { notices, perform } from './task.ts'
import { throttled } from './throttle.ts'
import { type Came, cancelled, fine, type Walk, worse, worst } from './walk.ts'

export { worse } from './walk.ts'

/** A host's leave to begin the nth entry of its play (a task, `each`, block or flush, from 0), asked before each of its tasks: false ends its work there, cancelled. */
export type Turn = (entry: number) => Promise<boolean>

/**
 * Works on one host's tasks of a play in order, then on the handlers that they notified, and says the worst that came
 * of them. Handlers are done after a failure too, but not after an interrupt, nor on a host that does not answer.
 */
export async function runHost(
  context: RunContext,
  phase: PlayPhase,
  host: Host,
  unsettled: string | undefined,
  turn: Turn,
): Promise<TaskResult> {
  const walk: Walk = {
    context,
    phase,
    host,
    turn,
    entry: 0,
    unsettled,
    ahead: lookAhead(context),
    recovering: false,
    tried: new Set(),
    run,
  }
  const came = await run(walk, phase.play.entries)
  if (context.interrupted.aborted || came.result === 'unreachable') return came.result
  const handled = await runHandlers(walk)
  return worse(came.result, handled.result)
}

/** Does entries in order, up to the first that does not end well; all of them in a collecting play. */
async function run(walk: Walk, entries: readonly Entry[]): Promise<Came> {
  const { phase } = walk
  const isTop = entries === phase.play.entries
  let so: Came = fine
  for (const [at, entry] of entries.entries()) {
    if (isTop) walk.entry = at
    if (!(await mayGoOn(walk))) return worst(so, cancelled)
    await walk.ahead.look(walk, entries, at)
    const came = await runEntry(walk, entry)
    so = worst(so, came)
    if (came.result !== 'ok' && phase.play.options.collect !== true) return so
  }
  return so
}

/** What a block began is brought to its end, whatever the stop rule says; only an interrupt ends it. */
const mayGoOn = async ({ context, recovering, turn, entry }: Walk): Promise<boolean> =>
  !context.interrupted.aborted && (recovering || (await turn(entry)))

function runEntry(walk: Walk, entry: Entry): Promise<Came> {
  switch (entry.kind) {
    case 'flush':
      return runHandlers(walk)
    case 'block':
      return runBlock(walk, entry)
    default:
      return runStep(walk, entry)
  }
}

async function runStep(walk: Walk, step: Step): Promise<Came> {
  const { context, phase, host } = walk
  const tasks = tasksOf(context.schedule, context.state, phase, host, step)
  if ('kind' in tasks) {
    const task = taskId(phase.play.name, host.name, step.name)
    const result: TaskResult = tasks.kind === 'wrong' ? 'failed' : context.check ? 'not-known' : 'blocked'
    const message = `${task}: ${tasks.kind === 'wrong' ? tasks.problem : `known after ${tasks.after}`}`
    const mistake = tasks.kind === 'wrong' ? { mistake: true as const } : {}
    const notify = notices({ phase, host, step }, { result })
    tell(context, { type: 'task.ended', task, result, message, seconds: 0, ...mistake, ...notify })
    return cameOf(walk, task, result)
  }
  let so: Came = fine
  for (const task of tasks) {
    // In an earlier attempt: what came after it went by that.
    if (isForgiven(step, context.state.tasks.get(task.id))) continue
    if (!(await mayGoOn(walk))) return worst(so, cancelled)
    const result = await throttled(context, task, () => doTask(walk, task))
    walk.ahead.ended(result === 'ok' || result === 'skipped')
    if (result === 'would-change') walk.unsettled ??= task.id
    if (isForgiven(step, context.state.tasks.get(task.id))) continue
    const came = cameOf(walk, task.id, result)
    so = worst(so, came)
    if (came.result !== 'ok' && phase.play.options.collect !== true) return so
  }
  return so
}

/** Does a task when it may: whoever had to wait for others may have been told to stop meanwhile. */
async function doTask(walk: Walk, task: TaskAt): Promise<TaskResult> {
  if (walk.context.interrupted.aborted) return 'cancelled'
  const once = task.step.options.runOnce !== undefined
  return once
    ? performOnce(walk.context, task, walk.unsettled)
    : perform(walk.context, task, walk.unsettled, walk.ahead)
}

function cameOf({ context }: Walk, task: string, result: TaskResult): Came {
  const bad = worse('ok', result)
  if (bad === 'ok') return fine
  const { message = '', mistake = false } = context.state.tasks.get(task) ?? {}
  const failure = { task, result: bad as NonNullable<Came['failure']>['result'], message }
  return { result, failure: mistake ? { ...failure, mistake } : failure }
}
