import { isStored, type Stamped } from '../model/event.ts'
import { type Journal, stamper } from './journal.ts'

/** A journal in memory: check mode's, and the tests'. `events` is what a file would hold. */
export function memoryJournal(now: () => Date): Journal & { readonly events: readonly Stamped[] } {
  const stamp = stamper(now)
  const events: Stamped[] = []
  return {
    events,
    append: (event) => {
      const stamped = stamp(event)
      if (isStored(event)) events.push(stamped)
      return stamped
    },
    sync: async () => {},
    close: async () => {},
  }
}
