import type { ConnectionError } from '../model/errors.ts'

/**
 * What came of a try of a password: `unanswered` was sent, and the server fell silent or went away; `unknown` says nothing
 * about it, as it was not sent, or led on to something else.
 */
export type Verdict = 'accepted' | 'refused' | 'unanswered' | 'unknown'

/** A try of a password that may be made. `end` tells what came of it, once. */
export interface Trial {
  end(verdict: Verdict): void
}

/** What servers refused in a run: it is never offered to them again. */
export interface Refusals {
  /** The refusal of these very settings, if there was one. */
  before(settings: string): ConnectionError | undefined
  remember(settings: string, error: ConnectionError): void
  /**
   * Waits until a password (or its name, for one that has one) may be tried by that user at that address. Until a server has accepted it, one at a time tries
   * it; the first refusal then bars it everywhere, a later one at its address alone. No answer counts as a refusal there,
   * the second time where it was accepted before, and everywhere when two addresses gave none and nobody accepted it. Says
   * why where it is barred. A try that must be over ends with `end`.
   */
  turn(password: string, user: string, address: string, host: string): Promise<Trial | { barred: string }>
}

interface Tried {
  accepted: boolean
  /** Why nobody tries it any more. */
  barred: string | undefined
  readonly places: Map<string, Place>
  trying: Promise<void> | undefined
}

interface Place {
  readonly host: string
  accepted: boolean
  unanswered: number
  barred: string | undefined
}

// One fewer than the failures after which accounts are locked at the strictest.
const mostUnanswered = 2

/** Remembers them, in memory. */
export function keepRefusals(): Refusals {
  const errors = new Map<string, ConnectionError>()
  const passwords = new Map<string, Tried>()
  return {
    before: (settings) => errors.get(settings),
    remember: (settings, error) => void errors.set(settings, error),
    turn: async (password, user, address, host) => {
      const key = `${user}\0${password}`
      const tried = passwords.get(key) ?? {
        accepted: false,
        barred: undefined,
        places: new Map(),
        trying: undefined,
      }
      passwords.set(key, tried)
      const place = tried.places.get(address) ?? { host, accepted: false, unanswered: 0, barred: undefined }
      tried.places.set(address, place)
      for (;;) {
        const barred = place.barred ?? tried.barred
        if (barred !== undefined) return { barred }
        if (tried.accepted) return { end: (verdict) => settle(tried, place, verdict) }
        if (tried.trying === undefined) break
        await tried.trying
      }
      let over = (): void => undefined
      tried.trying = new Promise((resolve) => {
        over = resolve
      })
      return {
        end: (verdict) => {
          settle(tried, place, verdict)
          tried.trying = undefined
          over()
        },
      }
    },
  }
}

function settle(tried: Tried, place: Place, verdict: Verdict): void {
  switch (verdict) {
    case 'accepted':
      tried.accepted = true
      place.accepted = true
      place.unanswered = 0
      break
    case 'refused':
      place.barred = `it was refused by ${place.host}`
      if (!tried.accepted) tried.barred ??= place.barred
      break
    case 'unanswered': {
      place.unanswered += 1
      if (!place.accepted || place.unanswered >= mostUnanswered) place.barred = silent([place])
      const all = [...tried.places.values()].filter((one) => one.unanswered > 0)
      if (!tried.accepted && all.length >= mostUnanswered) tried.barred ??= silent(all)
      break
    }
    case 'unknown':
      break
    default:
      verdict satisfies never
  }
}

const silent = (places: readonly Place[]): string =>
  `${places.map(({ host }) => host).join(' and ')} did not answer it, and may have counted a failure (if that is only slow, give it more time: -T SECONDS)`
