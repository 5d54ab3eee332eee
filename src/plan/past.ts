import type { Stamped } from '../model/event.ts'
import { taskParts } from '../model/schedule.ts'

/** How long a wave took, whether anything of it changed something, and how long taking it back took. */
export interface WavePast {
  /** Undefined: it never came to its end. */
  readonly seconds?: number
  readonly changed: boolean
  /** Undefined: it was never taken back. */
  readonly undoSeconds?: number
}

/** What earlier runs of a playbook took: each wave by {@link waveKey}, of the latest run that went through it. */
export interface Past {
  readonly waves: ReadonlyMap<string, WavePast>
  /** Seconds of each task, of the latest run that ended it. */
  readonly tasks: ReadonlyMap<string, number>
  /** The latest run, and how long all of it took if it came to an end. */
  readonly latest: { readonly run: string; readonly seconds: number | undefined } | undefined
}

/** The name of a wave: its play and its number from 1. */
export const waveKey = (play: string, wave: number): string => `${play}/${wave}`

/**
 * What a playbook took, out of the journals of its runs and their rollbacks, the oldest first. Waves are measured by the
 * controller's clock, since hosts go through them side by side; a wave in several parts (a resumed run) by their sum.
 */
export function pastOf(playbook: string, journals: readonly (readonly Stamped[])[]): Past {
  const waves = new Map<string, WavePast>()
  const tasks = new Map<string, number>()
  let latest: Past['latest']
  for (const events of journals) {
    const [first] = events
    if (first?.type !== 'run.started' || first.playbook !== playbook || first.check) continue
    const spans = waveSpans(events)
    if (first.kind === 'rollback') {
      for (const [key, undoSeconds] of spans)
        waves.set(key, { ...(waves.get(key) ?? { changed: true }), undoSeconds })
      continue
    }
    const changed = changedWaves(events)
    for (const [key, seconds] of spans)
      waves.set(key, { ...waves.get(key), seconds, changed: changed.has(key) })
    for (const event of events)
      if (event.type === 'task.ended' && !['cancelled', 'blocked'].includes(event.result))
        tasks.set(event.task, event.seconds)
    const ends = events.flatMap((event) => (event.type === 'run.ended' ? [event.seconds] : []))
    const seconds = ends.length === 0 ? undefined : ends.reduce((sum, part) => sum + part)
    latest = { run: first.run, seconds }
  }
  return { waves, tasks, latest }
}

/** Seconds between the beginnings and ends of each wave that ended. */
function waveSpans(events: readonly Stamped[]): ReadonlyMap<string, number> {
  const begun = new Map<string, number>()
  const spans = new Map<string, number>()
  for (const event of events) {
    if (event.type !== 'wave.started' && event.type !== 'wave.ended') continue
    const key = waveKey(event.play, event.wave)
    if (event.type === 'wave.started') begun.set(key, Date.parse(event.at))
    const start = begun.get(key)
    if (event.type === 'wave.ended' && start !== undefined) {
      begun.delete(key)
      const seconds = (Date.parse(event.at) - start) / 1000
      // A clock that was set back meanwhile tells nothing.
      if (seconds >= 0) spans.set(key, (spans.get(key) ?? 0) + seconds)
    }
  }
  return spans
}

/** The waves in which a change was begun: by the hosts that the first event says they have. */
function changedWaves(events: readonly Stamped[]): ReadonlySet<string> {
  const [first] = events
  const outlines = first?.type === 'run.started' ? first.waves : []
  const waveOf = new Map(
    outlines.flatMap(({ play, wave, hosts }) =>
      hosts.map((host) => [`${play}/${host}`, waveKey(play, wave)]),
    ),
  )
  return new Set(
    events.flatMap((event) => {
      if (event.type !== 'task.started' || event.kind !== 'change') return []
      const { play, host } = taskParts(event.task)
      return waveOf.get(`${play}/${host}`) ?? []
    }),
  )
}
