import type { ConnectionError } from '../model/errors.ts'

/** A try of a password that may be made. `end` tells what came of it, once. */
export interface Trial {
  end(verdict: 'accepted' | 'refused' | 'unknown'): void
}

/** What servers refused in a run: it is never offered to them again. */
export interface Refusals {
  /** The refusal of these very settings, if there was one. */
  before(settings: string): ConnectionError | undefined
  remember(settings: string, error: ConnectionError): void
  /**
   * Waits until a password may be tried by that user at that address. Until a server has accepted it, one at a time tries
   * it; the first refusal then bars it everywhere, a later one at its address alone. Gives the name of the host that
   * refused it where it is barred. A try that must be over ends with `end`.
   */
  turn(password: string, user: string, address: string, host: string): Promise<Trial | { refusedBy: string }>
}

interface Tried {
  accepted: boolean
  /** Who refused it before anybody accepted it. */
  refusedBy: string | undefined
  /** Host names by address. */
  readonly refusedAt: Map<string, string>
  trying: Promise<void> | undefined
}

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
        refusedBy: undefined,
        refusedAt: new Map(),
        trying: undefined,
      }
      passwords.set(key, tried)
      for (;;) {
        const refusedBy = tried.refusedAt.get(address) ?? tried.refusedBy
        if (refusedBy !== undefined) return { refusedBy }
        if (tried.accepted) return { end: (verdict) => settle(tried, verdict, address, host) }
        if (tried.trying === undefined) break
        await tried.trying
      }
      let over = (): void => undefined
      tried.trying = new Promise((resolve) => {
        over = resolve
      })
      return {
        end: (verdict) => {
          settle(tried, verdict, address, host)
          tried.trying = undefined
          over()
        },
      }
    },
  }
}

function settle(
  tried: Tried,
  verdict: 'accepted' | 'refused' | 'unknown',
  address: string,
  host: string,
): void {
  if (verdict === 'accepted') tried.accepted = true
  if (verdict !== 'refused') return
  tried.refusedAt.set(address, host)
  if (!tried.accepted) tried.refusedBy ??= host
}
