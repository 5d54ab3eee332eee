import { fatalSigns, startedSign } from './health-signs.ts'
import type { Server } from './server.ts'

/** What was seen of a server at a moment (seconds): this start's lines that matter, and its processes, each by pid and start time. */
export type Look = {
  readonly at: number
  readonly lines: readonly string[]
  readonly alive: readonly string[]
}

/** What follows from what was seen: go on waiting, ask the role's endpoints, it is healthy, or it will not be. */
export type Verdict =
  | { readonly is: 'waiting' | 'to be asked' | 'healthy' }
  /** Another virtual machine runs from the home than before: what the log says of the one before counts no more. */
  | { readonly is: 'restarted' }
  | { readonly is: 'failed'; readonly why: string; readonly evidence: readonly string[] }

/** Seconds that a start's script may take until there is a virtual machine, and a restart of its own loop. */
const comes = 20

/**
 * The rules by which a started server is judged, without a machine. Healthy is: one process of the home, the same all the time;
 * the line of this start; the role's endpoints answering at least twice and without a break for `min_healthy` seconds; and
 * after the last answer still that process and no fatal sign. A bad answer begins the time anew.
 */
export function healthWatch(who: string, home: string, wait: Server['wait'], begun: number) {
  const { min_healthy: least = 0 } = wait
  let started: number | undefined
  let green: number | undefined
  let answers = 0
  let breaks = 0
  let replaced = 0
  let wrong = ''
  let last = { name: '', at: begun }
  const failed = (why: string, ...evidence: readonly string[]): Verdict => ({
    is: 'failed',
    why: `${who} ${why}`,
    evidence,
  })

  const notStarted = (): Verdict =>
    failed(
      `has not started in ${wait.start} seconds${replaced === 0 ? '' : `: another process took the place of the one before ${replaced === 1 ? 'once' : `${replaced} times`}`}`,
    )

  function look({ at, lines, alive }: Look): Verdict {
    const fatal = lines.filter((line) => fatalSigns.some(({ text }) => line.includes(text)))
    if (fatal.length > 0) return failed('will not become healthy', ...fatal.slice(0, 5))
    if (alive.length > 1)
      return failed(
        `runs ${alive.length} times from ${home}`,
        ...alive.map((name) => `pid ${name.split(' ')[0]}`),
      )
    const [name] = alive
    if (name === undefined) {
      green = undefined
      return at - last.at > comes ? failed('is not running') : { is: 'waiting' }
    }
    const another = last.name !== '' && last.name !== name
    last = { name, at }
    if (another) {
      replaced++
      started = green = undefined
      // One that never lives until the next look would be waited for without an end.
      if (at - begun > wait.start) return notStarted()
      return { is: 'restarted' }
    }
    if (!lines.some((line) => line.includes(startedSign)))
      return at - begun > wait.start ? notStarted() : { is: 'waiting' }
    started ??= at
    if (green !== undefined && answers > 1 && at - green >= least) return { is: 'healthy' }
    if (green === undefined && wrong !== '' && at - started > wait.answer + least)
      return failed(
        'started, but is not healthy',
        wrong,
        ...(breaks > 0 ? [`it answered well before, and then not, ${breaks} times`] : []),
      )
    return { is: 'to be asked' }
  }

  /** What the endpoints said: nothing wrong, or what. */
  function answered(at: number, said: string | undefined): void {
    if (said === undefined) {
      if (green === undefined) answers = 0
      green ??= at
      answers++
      return
    }
    if (green !== undefined) breaks++
    green = undefined
    wrong = said
  }
  return { look, answered }
}
