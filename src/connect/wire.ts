import { setTimeout as sleep } from 'node:timers/promises'
import { ConnectionError } from '../model/errors.ts'
import type { Link } from './channel.ts'

/** How often and how long something is tried again. */
export interface Retry {
  readonly tries: number
  /** Milliseconds before the second try; each later one waits twice as long, at most 15 s, with jitter. */
  readonly base: number
  /** Seconds after which no further try is begun, however many are left; default none. */
  readonly total?: number
}

/** The link to a machine as long as someone needs it: made anew when it is gone, one attempt for all who wait. */
export interface Wire {
  /** The living link, reconnecting if need be; throws {@link ConnectionError} when it cannot be had. */
  link(): Promise<Link>
  /** Another link, for what the first has no channel left for. Whoever asks closes it. */
  another(): Promise<Link>
  readonly closed: () => boolean
  close(): void
}

/** A machine that cannot be reached, all tries being used up: whoever hears of it does not begin anew. */
export class Tried extends ConnectionError {}

/** For a link that was lost: five tries over about half a minute. */
export const patient: Retry = { tries: 5, base: 2000, total: 120 }

/** For a machine that drops or refuses connections, as one that has too many at once or is just started anew: some seconds. */
export const eager: Retry = { tries: 7, base: 250, total: 60 }

/** Tries until it succeeds, until an error that is not worth another try, or until the tries or the time are used up. */
export async function tryAgain<T>(
  work: () => Promise<T>,
  again: (error: unknown, tries: number) => boolean,
  { tries, base, total = Number.POSITIVE_INFINITY }: Retry,
): Promise<T> {
  const begun = performance.now()
  for (let count = 1; ; count += 1) {
    try {
      return await work()
    } catch (error) {
      if (count >= tries || !again(error, count)) throw error
      const pause = Math.min(15_000, base * 2 ** (count - 1)) * (0.5 + Math.random() / 2)
      if (performance.now() - begun + pause > total * 1000) throw error
      await sleep(pause)
    }
  }
}

/** Keeps a link alive, given the first one. */
export function keepWire(
  host: string,
  first: Link,
  connect: () => Promise<Link>,
  retry: Retry = patient,
): Wire {
  let current = first
  let pending: Promise<Link> | undefined
  let closed = false
  const refuse = () => new ConnectionError(host, 'unreachable', `${host}: this connection was closed.`)
  const reconnect = (): Promise<Link> =>
    tryAgain(
      async () => {
        if (closed) throw refuse()
        const link = await connect()
        if (closed) link.close()
        else current = link
        return link
      },
      (error) =>
        !closed &&
        error instanceof ConnectionError &&
        error.fault === 'unreachable' &&
        !(error instanceof Tried),
      retry,
    )
  return {
    link: async () => {
      if (closed) throw refuse()
      if (current.alive) return current
      pending ??= reconnect().finally(() => {
        pending = undefined
      })
      return pending
    },
    another: connect,
    closed: () => closed,
    close: () => {
      closed = true
      current.close()
    },
  }
}
