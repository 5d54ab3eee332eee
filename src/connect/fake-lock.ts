import type { LockState, MachineLock } from '../model/lock.ts'

/** The lock of a fake machine. */
export interface FakeLock extends MachineLock {
  readonly states: readonly LockState[]
  /** Whether the state of that number is the newest. */
  holds(number: number): boolean
}

/** A lock in memory. */
export function fakeLock(): FakeLock {
  const states: LockState[] = []
  return {
    states,
    holds: (number) => states.length === number,
    look: async () => states.at(-1) ?? { number: 0, held: false, holder: undefined },
    add: async (after, note) => {
      if (states.length !== after) return undefined
      states.push({ ...note, number: after + 1 })
      return after + 1
    },
    take: async (holder) => {
      const newest = states.at(-1)
      if (newest?.held) return newest
      const next = { number: states.length + 1, held: true, holder }
      states.push(next)
      return next
    },
  }
}
