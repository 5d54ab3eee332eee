import type { Stamped, TaskResult, WaveOutline } from '../../model/event.ts'
import { clean, oneLine, taskNames } from '../text.ts'
import { bad, progressText, resultText } from '../words.ts'

/** A host of a wave, as it is now. Kept up to date in place: thousands of events touch few of these. */
export interface HostRow {
  readonly name: string
  state: 'waiting' | 'busy' | 'done' | 'failed'
  /** The task under way, or the one that failed with its message. */
  doing: string
  /** When that task began, in milliseconds. */
  since: number
  said: string | undefined
  progress: { readonly share: number; readonly text: string } | undefined
}

/** A wave, as it is now. */
export interface WaveRow {
  readonly play: string
  readonly wave: number
  readonly of: number
  readonly tasks: readonly string[]
  readonly hosts: readonly HostRow[]
  state: 'waiting' | 'active' | 'done' | 'left'
  began: number
  ended: number
  readonly counts: Map<TaskResult, number>
  undone: number
  /** What failed, first lines. */
  readonly troubles: { readonly host: string; readonly lines: readonly string[] }[]
}

/** The rows of a run, found by play and host. */
export interface Rows {
  readonly waves: readonly WaveRow[]
  /** Takes an event in; gives the wave that it changed. */
  take(event: Stamped): WaveRow | undefined
  /** Nothing more comes: gives the waves that are under way, which are left as they are. */
  leave(at: number): readonly WaveRow[]
}

/** Rows for these waves, all waiting. */
export function makeRows(outlines: readonly WaveOutline[]): Rows {
  const waves = outlines.map(
    (outline): WaveRow => ({
      play: oneLine(outline.play),
      wave: outline.wave,
      of: outline.of,
      tasks: outline.tasks,
      hosts: outline.hosts.map((name) => ({ ...idle, name: oneLine(name) })),
      state: 'waiting',
      began: 0,
      ended: 0,
      counts: new Map(),
      undone: 0,
      troubles: [],
    }),
  )
  const byWave = new Map(outlines.map((outline, at) => [`${outline.play}/${outline.wave}`, waves[at]]))
  const places = new Map<string, { readonly wave: WaveRow; readonly host: HostRow }>()
  outlines.forEach((outline, at) => {
    const wave = waves[at]
    outline.hosts.forEach((name, place) => {
      const host = wave?.hosts[place]
      if (wave && host) places.set(`${outline.play}/${name}`, { wave, host })
    })
  })
  const placeOf = (task: string) => places.get(task.split('/', 2).join('/'))

  return {
    waves,
    take(event) {
      const at = Date.parse(event.at)
      if (event.type === 'wave.started' || event.type === 'wave.ended') {
        const wave = byWave.get(`${event.play}/${event.wave}`)
        if (wave === undefined || (event.type === 'wave.ended' && wave.state === 'done')) return undefined
        if (event.type === 'wave.started') start(wave, at)
        else finish(wave, at)
        return wave
      }
      if (event.type === 'tasks.rewound') {
        // A resume takes a restore point back outside of any wave: nobody else will say that it is over.
        const wave = placeOf(event.by)?.wave
        if (wave?.state !== 'active') return undefined
        finish(wave, at)
        return wave
      }
      if (!('task' in event)) return undefined
      const place = placeOf(event.task)
      if (place === undefined) return undefined
      if (place.wave.state !== 'active') start(place.wave, at)
      tell(place.wave, place.host, event, at)
      return place.wave
    },
    leave(at) {
      const left = waves.filter(({ state }) => state === 'active')
      for (const wave of left) Object.assign(wave, { state: 'left', ended: at })
      return left
    },
  }
}

const idle = { state: 'waiting' as const, doing: '', since: 0, said: undefined, progress: undefined }

function start(wave: WaveRow, at: number): void {
  wave.state = 'active'
  wave.began = at
}

function finish(wave: WaveRow, at: number): void {
  wave.state = 'done'
  wave.ended = at
  for (const host of wave.hosts) if (host.state !== 'failed') host.state = 'done'
}

function tell(wave: WaveRow, host: HostRow, event: Stamped & { readonly task: string }, at: number): void {
  const task = taskNames(event.task).task
  switch (event.type) {
    case 'task.started':
    case 'undo.started':
      Object.assign(host, idle, { state: 'busy', since: at })
      host.doing = event.type === 'undo.started' ? `undo ${task}` : task
      break
    case 'task.said':
      host.said = oneLine(event.line)
      break
    case 'task.progress':
      if (host.doing !== task) Object.assign(host, idle, { state: 'busy', since: at, doing: task })
      host.progress = {
        share: event.total > 0 ? Math.min(1, event.done / event.total) : 0,
        text: progressText(event),
      }
      break
    case 'task.ended':
      wave.counts.set(event.result, (wave.counts.get(event.result) ?? 0) + 1)
      if (bad.has(event.result)) fail(wave, host, `${task}: ${resultText(event.result)}`, event.message)
      else {
        const last = task.replace(/\[.*$/s, '') === oneLine(wave.tasks.at(-1) ?? '')
        Object.assign(host, idle, { state: last ? 'done' : 'busy', doing: `after ${task}`, since: at })
      }
      break
    case 'undo.ended':
      if (event.error !== undefined) fail(wave, host, `undo ${task}: failed`, event.error)
      else {
        wave.undone += 1
        Object.assign(host, idle, { state: 'busy', doing: `undid ${task}`, since: at })
      }
      break
    default:
  }
}

function fail(wave: WaveRow, host: HostRow, what: string, message: string | undefined): void {
  const [first = '', ...more] = clean(message ?? '')
    .trimEnd()
    .split('\n')
  const line = first === '' ? what : `${what}: ${first}`
  Object.assign(host, idle, { state: 'failed', doing: line })
  wave.troubles.push({ host: host.name, lines: [line, ...more] })
}
