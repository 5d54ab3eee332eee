import { hostsText, thingsOf } from '../model/count.ts'
import type { Event, Outcome, TaskResult } from '../model/event.ts'
import { amount, clean, duration, names, oneLine, plural, taskNames, taskPath } from './text.ts'

/** Results after which something is wrong with the task's host. */
export const bad: ReadonlySet<TaskResult> = new Set<TaskResult>([
  'failed',
  'unknown',
  'unreachable',
  'blocked',
  'cancelled',
])

/** All results, in the order in which they are counted out. */
export const results: readonly TaskResult[] = [
  'changed',
  'ok',
  'skipped',
  'would-change',
  'not-known',
  'failed',
  'unknown',
  'unreachable',
  'blocked',
  'cancelled',
]

/** A result in words. */
export function resultText(result: TaskResult): string {
  if (result === 'would-change') return 'would change'
  if (result === 'not-known') return 'not known before the run'
  if (result === 'unknown') return 'outcome unknown'
  return result
}

/** `3 changed, 1 failed`: what happened how often, nothing left out. */
export function countsText(counts: ReadonlyMap<TaskResult, number>, undone = 0): string {
  const parts = results.flatMap((result) => {
    const count = counts.get(result) ?? 0
    return count === 0 ? [] : [`${count} ${resultText(result)}`]
  })
  if (undone > 0) parts.push(`${undone} undone`)
  return parts.length === 0 ? 'nothing done' : parts.join(', ')
}

/** How a run ended, as a clause. */
export function outcomeText(outcome: Outcome): string {
  switch (outcome) {
    case 'ok':
      return 'done'
    case 'blocked':
      return 'blocked by what preflight found: nothing was changed'
    case 'failed':
      return 'failed'
    case 'unreachable':
      return 'stopped: hosts are unreachable'
    case 'rolled-back':
      return 'failed, and everything was rolled back'
    case 'needs-operator':
      return 'stopped: a person must look'
    case 'fenced':
      return 'stopped: it does not hold the locks of its hosts any more'
    case 'interrupted':
      return 'interrupted: it can be resumed'
    default:
      return outcome satisfies never
  }
}

/** An event as lines for a person; the first says it, the others are its details. Empty: nothing to say. */
export function eventLines(event: Event): readonly string[] {
  switch (event.type) {
    case 'run.started': {
      const hosts = hostsText(
        event.waves.flatMap((wave) => wave.hosts),
        thingsOf(event.waves),
      )
      const what =
        event.kind === 'rollback' ? `rollback of ${oneLine(event.of ?? '')}` : oneLine(event.playbook)
      const check = event.check ? ', only checking: nothing is changed' : ''
      return [`run ${event.run}: ${what}, ${plural(event.waves.length, 'wave')}, ${hosts}${check}`]
    }
    case 'run.resumed':
      return [
        `run ${event.run} goes on: ${oneLine(event.playbook)}, ${plural(event.waves.length, 'wave')} in all`,
      ]
    case 'wave.soaking':
      return [`${oneLine(event.play)}: waits ${duration(event.seconds)} before wave ${event.wave}`]
    case 'task.said':
      return clean(event.line)
        .split('\n')
        .map((line) => `${taskPath(event.task)} | ${line}`)
    case 'task.diffed':
      return [`${taskPath(event.task)}: what differs`, ...event.lines.map(clean)]
    case 'task.progress':
      return [`${taskPath(event.task)}: ${progressText(event)}`]
    case 'task.ended':
      return ended(taskPath(event.task), resultText(event.result), event.message, event.seconds)
    case 'task.retried':
      return ended(taskPath(event.task), `failed, and is done again (${event.left} left)`, event.message, 0)
    case 'block.failed':
      return [
        `${taskPath(event.block)}: a task of this block failed: ${oneLine(taskNames(event.failure.task).task)}`,
      ]
    case 'block.again':
      return [`${taskPath(event.block)}: begun anew`]
    case 'due':
      return [
        ...(event.blocks.length > 0
          ? [`still due, \`always\` of: ${event.blocks.map(taskPath).join(', ')}`]
          : []),
        ...(event.handlers.length > 0
          ? [`still due, notified handlers: ${event.handlers.map(taskPath).join(', ')}`]
          : []),
      ]
    case 'tasks.rewound':
      return [
        `${oneLine(event.by)} was brought back; what rested on it counts as not done:`,
        ...event.tasks.map((task) => `  ${taskPath(task)}`),
      ]
    case 'undo.ended':
      return ended(
        taskPath(event.task),
        event.error === undefined ? 'undone' : 'undo failed',
        event.error,
        event.seconds,
      )
    case 'approved':
      return [`${oneLine(event.gate)}: approved by ${oneLine(event.by)}: ${oneLine(event.question)}`]
    case 'refused':
      return [`${oneLine(event.gate)}: refused: ${oneLine(event.question)}`]
    case 'concluded':
      return [`${oneLine(event.gate)}: ${oneLine(event.reason)}: nothing more to do`]
    case 'cutover':
      return [`CUT-OVER ${oneLine(event.gate)}: from now on rollback is never automatic`]
    case 'stopped':
      return [
        `${event.play === '' ? '' : `${oneLine(event.play)}: `}${oneLine(event.reason)}: nothing new is started`,
      ]
    case 'run.ended':
      return [`${outcomeText(event.outcome)} (${duration(event.seconds)})`]
    case 'machines.met':
    case 'wave.started':
    case 'wave.ended':
    case 'task.checking':
    case 'task.output':
    case 'task.started':
    case 'undo.started':
      return []
    default:
      return event satisfies never
  }
}

/** `60 % of 500 MiB`. */
export function progressText({ done, total, unit }: { done: number; total: number; unit: string }): string {
  if (!(total > 0)) return amount(done, unit)
  return `${Math.floor((Math.min(done, total) / total) * 100)} % of ${amount(total, unit)}`
}

/** `stop gateways, wave 1 of 2: gw1, gw2`. */
export function waveText(wave: { play: string; wave: number; of: number; hosts: readonly string[] }): string {
  const part = wave.of > 1 ? `, wave ${wave.wave} of ${wave.of}` : ''
  return `${oneLine(wave.play)}${part}: ${names(wave.hosts)}`
}

function ended(who: string, what: string, message: string | undefined, seconds: number): readonly string[] {
  const [first, ...more] = message === undefined ? [] : clean(message).trimEnd().split('\n')
  const why = first === undefined || first === '' ? '' : `: ${first}`
  return [`${who}: ${what} (${duration(seconds)})${why}`, ...more]
}
