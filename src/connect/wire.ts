import { setTimeout as sleep } from 'node:timers/promises'
import { ConnectionError } from '../model/errors.ts'
import type { Link } from './channel.ts'

/** How often and how long a lost link is tried again, before a call that needs it fails. */
export interface Retry {
  readonly tries: number
  /** Milliseconds before the second try; each later one waits twice as long, at most 15 s, with jitter. */
  readonly base: number
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

/** Five tries over about half a minute. */
export const patient: Retry = { tries: 5, base: 2000 }

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
  const reconnect = async (): Promise<Link> => {
    for (let attempt = 1; ; attempt += 1) {
      if (closed) throw refuse()
      try {
        const link = await connect()
        if (closed) link.close()
        else current = link
        return link
      } catch (error) {
        const again = error instanceof ConnectionError && error.fault === 'unreachable'
        if (!again || attempt >= retry.tries) throw error
        const pause = Math.min(15_000, retry.base * 2 ** (attempt - 1))
        await sleep(pause * (0.5 + Math.random() / 2))
      }
    }
  }
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
