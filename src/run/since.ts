import { accountOf } from '../model/account.ts'
import { seconds } from '../model/duration.ts'
import { evaluate, tasksOf } from '../model/evaluate.ts'
import { type Json, stableText } from '../model/json.ts'
import { pastOf } from '../model/past.ts'
import { playsOf, type TaskAt } from '../model/schedule.ts'
import type { RunContext } from './context.ts'
import { inForks, usual, withDeadline } from './deadline.ts'
import { onFor } from './on.ts'

/** A reading from before a cut-over that can be made again. */
interface Reading {
  readonly task: TaskAt
  readonly said: Json
}

/**
 * What going back behind a cut-over loses, as far as the playbook looked at it before: its last readings that can tell (rows of
 * tables) are made again, and differences are told in words. What cannot be asked is told too; nothing is changed or journalled.
 */
export async function writtenSince(context: RunContext, gate: string): Promise<readonly string[]> {
  const lines = await inForks(context.forks, readingsBefore(context, gate), (one) => readAgain(context, one))
  return lines.flat()
}

function readingsBefore(context: RunContext, gate: string): readonly Reading[] {
  const { schedule, state } = context
  const { phases } = schedule
  const end = phases.findIndex((phase) => phase.kind === 'cutover' && phase.name === gate)
  const last = new Map<string, Reading>()
  for (const phase of playsOf(schedule).filter((one) => end < 0 || phases.indexOf(one) < end))
    for (const host of phase.waves.flat())
      for (const step of phase.play.steps) {
        const tasks = tasksOf(schedule, pastOf(state), phase, host, step)
        if ('kind' in tasks) continue
        for (const task of tasks) {
          const known = state.tasks.get(task.id)
          if (known?.status !== 'ok' || known.undo !== 'none') continue
          const made = evaluate(schedule, pastOf(state), task)
          if (made.kind !== 'action' || made.action.work.kind !== 'observe') continue
          if (made.action.work.since === undefined) continue
          const { module, input } = made.action
          last.set(stableText({ module, input, host: host.name }), { task, said: known.output })
        }
      }
  return [...last.values()]
}

async function readAgain(context: RunContext, { task, said }: Reading): Promise<readonly string[]> {
  const made = evaluate(context.schedule, pastOf(context.state), task)
  if (made.kind !== 'action' || made.action.work.kind !== 'observe') return []
  const { work, input } = made.action
  const { timeout = usual.observe } = task.step.options
  const account = accountOf(task.phase.play, task.step)
  const about = task.host.name
  try {
    const connection = (await context.connect(made.machine)).as(account)
    const doing = { task: task.id, keptBy: context.run, attempt: 'since', account }
    const ended = await withDeadline(seconds(timeout), context.interrupted, (signal, isOver) =>
      work.read(onFor(context, connection, { ...doing, signal, isOver }), input),
    )
    if (ended.kind === 'threw') throw ended.error
    if (ended.kind !== 'done') return [`${about}: it did not say within ${timeout} what was written since`]
    return (work.since?.(said, ended.value as Json) ?? []).map((line) => `${about}: ${line}`)
  } catch (error) {
    const [why = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
    return [`${about}: what was written since cannot be asked: ${why}`]
  }
}
