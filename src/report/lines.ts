import type { Stamped, WaveOutline } from '../model/event.ts'
import type { Reporter } from './reporter.ts'
import { localTime } from './text.ts'
import { eventLines, waveText } from './words.ts'

/** How often a long task tells of its progress. */
const progressEvery = 30_000

/** Plain lines for logs and pipes: `HH:MM:SS play > host > task: changed (1.2 s)`, details indented under them. */
export function linesReporter(
  out: (text: string) => void,
  options: { readonly time?: (at: string) => string } = {},
): Reporter {
  const time = options.time ?? localTime
  const told = new Map<string, number>()
  let waves: readonly WaveOutline[] = []

  const say = (event: Stamped, lines: readonly string[]) => {
    const [first, ...more] = lines
    if (first === undefined) return
    out([`${time(event.at)} ${first}\n`, ...more.map((line) => `         ${line}\n`)].join(''))
  }

  return {
    event(event) {
      if (event.type === 'run.started' || event.type === 'run.resumed') waves = event.waves
      if (event.type === 'wave.started') {
        const outline = waves.find(({ play, wave }) => play === event.play && wave === event.wave)
        say(event, [`== ${outline === undefined ? event.play : waveText(outline)}`])
      } else if (event.type === 'task.progress') {
        const now = Date.parse(event.at)
        const last = told.get(event.task)
        // What ends soon says so by ending.
        if (last === undefined) told.set(event.task, now)
        else if (now - last >= progressEvery) {
          told.set(event.task, now)
          say(event, eventLines(event))
        }
      } else {
        if (event.type === 'task.ended') told.delete(event.task)
        // Each line that was said stands alone, so that a search finds it with its task.
        if (event.type === 'task.said') for (const line of eventLines(event)) say(event, [line])
        else say(event, eventLines(event))
      }
    },
    note: (line) => out(`${line}\n`),
    end() {},
  }
}
