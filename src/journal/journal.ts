import { type Event, isStored, type Stamped } from '../model/event.ts'

/**
 * What happened, in order. `append` stamps and takes an event at once; it is only safe when a `sync` that began after
 * it has resolved. A failed write or sync rejects every later call too: nothing may be done whose intent is not on disk.
 */
export interface Journal {
  append(event: Event): Stamped
  /** Resolves when all that was appended before the call is on disk. Callers side by side share one fdatasync. */
  sync(): Promise<void>
  close(): Promise<void>
}

/** Puts order and time on events: stored ones count up from `after` + 1, others bear the number of the last. */
export function stamper(now: () => Date, after = 0): (event: Event) => Stamped {
  let seq = after
  return (event) => {
    if (isStored(event)) seq += 1
    return { seq, at: now().toISOString(), ...event }
  }
}
