import { takeLock } from '../journal/lock.ts'
import { openState } from '../journal/runs.ts'
import type { Io } from '../model/io.ts'

/**
 * Works with the lock of a state directory held. What is done next is decided within: what was read before the lock was
 * taken may be of another run that ended meanwhile.
 */
export async function locked<T>(io: Io, state: string, run: string, work: () => Promise<T>): Promise<T> {
  await openState(state, io.uid)
  const unlock = await takeLock(state, { run, user: io.user, pid: io.pid, now: io.now() })
  try {
    return await work()
  } finally {
    await unlock()
  }
}
