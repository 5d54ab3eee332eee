import type { Duplex } from 'node:stream'

/** Watches one connection for bytes. */
export interface Watchdog {
  /** Begins to listen; a listener makes a stream flow, so not before its reader does. */
  begin(): void
  end(): void
  /** Milliseconds since the last byte came. */
  readonly quiet: () => number
}

const longestLook = 5000
const asleep = 250

/**
 * Calls `bark` when the other side has not said a byte for `limit` milliseconds of our own waking time. The keepalives
 * see to it that a living one does, and any byte counts, so a slow link is not taken for a dead one. A time in which this
 * process was suspended says nothing of the peer: what it said meanwhile waits to be read, and it is asked once more. Nor
 * does a time in which it is `held`, since a person is asked.
 */
export function watchdog(sock: Duplex, limit: number, held: () => boolean, bark: () => void): Watchdog {
  let since = performance.now()
  let heard = since
  let forgiven = false
  let timer: NodeJS.Timeout | undefined
  const plan = () => {
    const begun = performance.now()
    const pause = Math.max(1, Math.min(longestLook, limit / 4, since + limit - begun))
    timer = setTimeout(() => look(begun + pause), pause).unref()
  }
  const look = (due: number) => {
    const now = performance.now()
    const late = now - due
    if (late > asleep) {
      since = Math.min(now, since + late)
      if (!forgiven) since = Math.max(since, now - limit / 2)
      forgiven = true
    }
    if (held()) since = now
    if (now - since >= limit) bark()
    else plan()
  }
  const onData = () => {
    since = performance.now()
    heard = since
    forgiven = false
  }
  plan()
  return {
    begin: () => void sock.on('data', onData),
    end: () => clearTimeout(timer),
    quiet: () => performance.now() - heard,
  }
}
