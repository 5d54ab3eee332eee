import { durationText } from '../model/duration.ts'
import { InputError } from '../model/errors.ts'
import type { WaveOutline } from '../model/event.ts'
import { taskParts } from '../model/schedule.ts'
import type { State } from '../model/state.ts'
import { type Past, waveKey } from './past.ts'

/** The moment that `--not-after` means: `05:00` is the next time that this clock shows it, else an ISO date and time. Throws an InputError. */
export function momentOf(text: string, now: Date): Date {
  const [, hours, minutes] = /^(\d{1,2}):(\d{2})$/.exec(text) ?? []
  if (hours !== undefined && minutes !== undefined && Number(hours) < 24 && Number(minutes) < 60) {
    const [year, month, day] = [now.getFullYear(), now.getMonth(), now.getDate()]
    const today = new Date(year, month, day, Number(hours), Number(minutes))
    return today > now ? today : new Date(year, month, day + 1, Number(hours), Number(minutes))
  }
  const [, date = ''] = /^(\d{4}-\d{2}-\d{2})[T ]\d{2}:\d{2}/.exec(text) ?? []
  const moment = new Date(isDay(date) ? text : Number.NaN)
  if (Number.isNaN(moment.getTime()))
    throw new InputError(
      `--not-after ${text}: expected a time of day such as 05:00, or a date and time such as 2026-11-23T05:00`,
    )
  if (moment <= now) throw new InputError(`--not-after ${text}: expected a time to come, it is over`)
  return moment
}

/** Whether the calendar has such a day; a Date takes the 30th of February for the 2nd of March. */
function isDay(date: string): boolean {
  const day = new Date(`${date}T00:00Z`)
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(date)
}

/** Seconds that a wave and taking it back are expected to take; undefined where no earlier run tells. */
interface WaveTime {
  readonly key: string
  readonly forth: number | undefined
  readonly back: number | undefined
}

function timeOf({ play, wave }: Pick<WaveOutline, 'play' | 'wave'>, past: Past): WaveTime {
  const key = waveKey(play, wave)
  const known = past.waves.get(key)
  // What changed nothing needs no way back; what was never taken back is thought to take as long back as forth.
  const back = known?.undoSeconds ?? (known?.changed === false ? 0 : known?.seconds)
  return { key, forth: known?.seconds, back }
}

const sum = (numbers: readonly (number | undefined)[]): number =>
  numbers.reduce<number>((total, number) => total + (number ?? 0), 0)

/**
 * Why a wave may not start: with what it took last time, and taking back all that is begun by then, it would end after the
 * moment. Times that no earlier run tells count as nothing, and that is said.
 */
export function noTimeFor(
  waves: readonly WaveOutline[],
  past: Past,
  moment: Date,
  state: State,
  now: () => Date,
): (play: string, wave: number) => string | undefined {
  return (play, wave) => {
    const own = timeOf({ play, wave }, past)
    const begun = begunWaves(waves, state).map((one) => timeOf(one, past))
    const back = [...begun.filter(({ key }) => key !== own.key), own]
    const ends = now().getTime() + (own.forth ?? 0) * 1000
    const over = ends + sum(back.map((one) => one.back)) * 1000
    if (over <= moment.getTime()) return undefined
    const unknown = back.filter((one) => one.back === undefined).length
    const guess = unknown === 0 ? '' : `; ${unknownText(unknown)}`
    return `no time is left: wave ${wave} would end at ${timeText(new Date(ends))}, and a rollback from there at ${timeText(new Date(over))}, later than ${timeText(moment)} (by what it took last time${guess})`
  }
}

function begunWaves(waves: readonly WaveOutline[], state: State): readonly WaveOutline[] {
  const begun = new Set(
    [...state.tasks].flatMap(([id, task]) => {
      const { play, host } = taskParts(id)
      return task.begun ? [`${play}/${host}`] : []
    }),
  )
  return waves.filter(({ play, hosts }) => hosts.some((host) => begun.has(`${play}/${host}`)))
}

/** What a plan says of a moment that must not be passed. */
export interface TimePlan {
  /** When each wave must start at the latest, by {@link waveKey}. */
  readonly latest: ReadonlyMap<string, Date>
  readonly lines: readonly string[]
}

/** Works out, by what it took last time, when each wave must start, and the last moment to turn back. */
export function timePlan(waves: readonly WaveOutline[], past: Past, moment: Date, now: Date): TimePlan {
  const times = waves.map((wave) => timeOf(wave, past))
  const back = (until: number) => sum(times.slice(0, until + 1).map((time) => time.back))
  const latest = new Map(
    times.map(({ key, forth }, at) => [key, new Date(moment.getTime() - ((forth ?? 0) + back(at)) * 1000)]),
  )
  const starts = times.map(
    (_, at) => now.getTime() + sum(times.slice(0, at).map((time) => time.forth)) * 1000,
  )
  const late = times.findIndex(({ key }, at) => (starts[at] ?? 0) > (latest.get(key)?.getTime() ?? 0))
  const whole = back(times.length - 1)
  const unknown = times.filter((time) => time.forth === undefined || time.back === undefined).length
  const wave = waves[late]
  return {
    latest,
    lines: [
      `not after ${timeText(moment)}: the last moment to turn back is ${timeText(new Date(moment.getTime() - whole * 1000))}, since taking everything back takes ${durationText(whole)}`,
      ...(unknown > 0 ? [`  ${unknownText(unknown)}`] : []),
      ...(wave === undefined
        ? []
        : [
            `  begun now, the run would stop before "${wave.play}", wave ${wave.wave}: no time is left for it`,
          ]),
    ],
  }
}

const unknownText = (count: number): string =>
  `${count} ${count === 1 ? 'wave whose time' : 'waves whose times'} no earlier run tells ${count === 1 ? 'counts' : 'count'} as nothing`

/** Local date and time. */
export function timeText(moment: Date): string {
  const two = (number: number) => String(number).padStart(2, '0')
  const day = `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`
  return `${day} ${two(moment.getHours())}:${two(moment.getMinutes())}:${two(moment.getSeconds())}`
}
