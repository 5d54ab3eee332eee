import type { Stamped, WaveOutline } from '../../model/event.ts'
import type { HookMoment } from '../../model/hook.ts'
import type { Json } from '../../model/json.ts'
import { playsOf, type Schedule, taskParts, tasksAndHandlers } from '../../model/schedule.ts'

/** What every hook of a run is told: names and numbers, no variable of a host. */
export interface Told {
  readonly run: string
  readonly kind: 'run' | 'resume' | 'rollback'
  /** The run that a rollback takes back. */
  readonly of?: string
  readonly playbook: string
  readonly tool: string
}

/** What a moment adds. */
export type Details = Readonly<Record<string, Json>>

/** What an event calls for. */
export type Due =
  | { readonly on: Exclude<HookMoment, 'failure' | 'end'>; readonly details: Details }
  | { readonly on: 'failure'; readonly play: string; readonly isForgiven: boolean; readonly details: Details }

/** What an event calls for; undefined for most. Its texts have their secrets hidden already. */
export function detailsOf(
  event: Stamped,
  schedule: Schedule,
  waves: readonly WaveOutline[],
): Due | undefined {
  const { at } = event
  switch (event.type) {
    case 'run.started':
    case 'run.resumed':
      return { on: 'start', details: { at } }
    case 'wave.started': {
      const { play, wave } = event
      const { of = wave, hosts = [] } = waves.find((one) => one.play === play && one.wave === wave) ?? {}
      return { on: 'wave', details: { at, play, wave, of, hosts } }
    }
    case 'cutover':
      return { on: 'cutover', details: { at, gate: event.gate } }
    case 'task.ended': {
      if (!['failed', 'unknown', 'unreachable'].includes(event.result)) return undefined
      const { play, host } = taskParts(event.task)
      const { task, result, message = '' } = event
      const isForgiven = forgives(schedule, task, result === 'failed' && event.mistake !== true)
      return { on: 'failure', play, isForgiven, details: { at, play, host, task, result, message } }
    }
    case 'undo.ended': {
      if (event.error === undefined) return undefined
      const { play, host } = taskParts(event.task)
      const details = { at, play, host, task: event.task, result: 'undo failed', message: event.error }
      return { on: 'failure', play, isForgiven: false, details }
    }
    default:
      return undefined
  }
}

/** Whether a task's failure is ignored, or rescued. */
function forgives(schedule: Schedule, id: string, mayBeIgnored: boolean): boolean {
  const { play: name, task } = taskParts(id)
  const play = playsOf(schedule).find((phase) => phase.play.name === name)?.play
  const step =
    play &&
    (tasksAndHandlers(play).find((one) => one.name === task) ??
      tasksAndHandlers(play).find((one) => one.kind === 'each' && task.startsWith(`${one.name}[`)))
  if (play === undefined || step === undefined) return false
  const rescued = step.within.some(
    ({ block, section }) =>
      section === 'body' && play.blocks.some((one) => one.name === block && one.rescue !== undefined),
  )
  return rescued || (mayBeIgnored && step.options.ignoreErrors === true)
}
