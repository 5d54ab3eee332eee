import { evaluate, evaluateGate, tasksOf } from '../model/evaluate.ts'
import type { WaveOutline } from '../model/event.ts'
import { type Json, stableText } from '../model/json.ts'
import type { PlayPhase, Schedule, TaskAt } from '../model/schedule.ts'
import { playsOf } from '../model/schedule.ts'
import type { State } from '../model/state.ts'

/** What is known of a task before it is done. */
export interface PlannedTask {
  readonly id: string
  readonly host: string
  readonly name: string
  readonly known:
    | {
        readonly kind: 'observe' | 'change'
        readonly module: string
        readonly input: Json
        readonly undo: string
      }
    | { readonly kind: 'skip'; readonly why: string }
    | { readonly kind: 'later'; readonly after: string }
}

/** A wave with its tasks, or a gate between plays. */
export type PlannedPart =
  | (WaveOutline & { readonly kind: 'wave'; readonly planned: readonly PlannedTask[] })
  | { readonly kind: 'approval' | 'conclusion' | 'cutover'; readonly name: string; readonly text: string }

/** The waves of a schedule, as the screen shows them. */
export function waveOutlines(schedule: Schedule): readonly WaveOutline[] {
  return playsOf(schedule).flatMap((phase) => phase.waves.map((hosts, at) => wave(phase, at, hosts)))
}

/** Everything that would be done, as far as this state lets it be known. */
export function outline(schedule: Schedule, state: State): readonly PlannedPart[] {
  return schedule.phases.flatMap((phase): readonly PlannedPart[] => {
    if (phase.kind === 'cutover')
      return [{ kind: 'cutover', name: phase.name, text: 'after this, rollback is never automatic' }]
    if (phase.kind !== 'play') {
      const asked = evaluateGate(schedule, state, phase)
      const text =
        'text' in asked
          ? (asked.text ?? 'no reason to')
          : asked.kind === 'later'
            ? `known after ${asked.after}`
            : ''
      return [{ kind: phase.kind, name: phase.name, text }]
    }
    return phase.waves.map((hosts, at) => ({
      kind: 'wave',
      ...wave(phase, at, hosts),
      planned: hosts.flatMap((host) =>
        phase.play.steps.flatMap((step): readonly PlannedTask[] => {
          const tasks = tasksOf(schedule, state, phase, host, step)
          if ('kind' in tasks) {
            const after = tasks.kind === 'later' ? tasks.after : 'a mistake is mended'
            const id = `${phase.play.name}/${host.name}/${step.name}`
            return [{ id, host: host.name, name: step.name, known: { kind: 'later', after } }]
          }
          return tasks.map((task) => planned(schedule, state, task))
        }),
      ),
    }))
  })
}

function wave(phase: PlayPhase, at: number, hosts: PlayPhase['waves'][number]): WaveOutline {
  return {
    play: phase.play.name,
    wave: at + 1,
    of: phase.waves.length,
    hosts: hosts.map((host) => host.name),
    tasks: phase.play.steps.map((step) => step.name),
  }
}

function planned(schedule: Schedule, state: State, task: TaskAt): PlannedTask {
  const made = evaluate(schedule, state, task)
  const base = { id: task.id, host: task.host.name, name: task.id.split('/').slice(2).join('/') }
  switch (made.kind) {
    case 'action': {
      const { module, input, work } = made.action
      const points = task.phase.play.options.restoredBy?.map((play) => play.name).join(', ')
      const undo =
        work.kind === 'observe'
          ? ''
          : typeof work.undo === 'function'
            ? 'undone by itself'
            : work.undo.kind === 'restored'
              ? `brought back by ${points}`
              : `cannot be undone: ${work.undo.why}`
      return { ...base, known: { kind: work.kind, module, input, undo } }
    }
    case 'skip':
      return { ...base, known: { kind: 'skip', why: made.why } }
    case 'later':
      return { ...base, known: { kind: 'later', after: made.after } }
    case 'wrong':
      return { ...base, known: { kind: 'later', after: `a mistake is mended: ${made.problem}` } }
  }
}

const headings = { approval: 'ASK', conclusion: 'END HERE IF', cutover: 'CUT-OVER' } as const

/** A plan as text, for a person: per wave, host and task what would be done. */
export function outlineText(parts: readonly PlannedPart[]): string {
  return parts
    .map((part) => {
      if (part.kind !== 'wave') return `${headings[part.kind]} ${part.name}: ${part.text}\n`
      const nth = part.of > 1 ? ` (wave ${part.wave} of ${part.of})` : ''
      const lines = part.planned.map((task) => `  ${task.host} > ${task.name}: ${knownText(task.known)}`)
      return [`PLAY ${part.play}${nth}`, ...lines, ''].join('\n')
    })
    .join('\n')
}

function knownText(known: PlannedTask['known']): string {
  switch (known.kind) {
    case 'skip':
      return `skipped: ${known.why}`
    case 'later':
      return `known after ${known.after}`
    default: {
      const undo = known.undo === '' ? '' : ` [${known.undo}]`
      const text = stableText(known.input) ?? ''
      return `${known.module} ${text.length > 160 ? `${text.slice(0, 157)}...` : text}${undo}`
    }
  }
}
