import { randomBytes } from 'node:crypto'
import { realpath } from 'node:fs/promises'
import { hostname } from 'node:os'
import type { HeldError } from '../connect/leases.ts'
import { takeLock } from '../journal/lock.ts'
import { findRun, openState } from '../journal/runs.ts'
import type { Io } from '../model/io.ts'
import { holderText, type LockHolder } from '../model/lock.ts'
import { sanitize } from '../model/sanitize.ts'
import { fold } from '../model/state.ts'

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

/** Who this process is to the machines that it locks; `state` is the directory that its run is kept in. */
export async function holderOf(
  io: Io,
  state: string,
  run: string,
  by: LockHolder['by'],
): Promise<LockHolder> {
  return {
    run,
    user: io.user,
    machine: hostname(),
    pid: io.pid,
    state: await realpath(state).catch(() => state),
    since: io.now().toISOString(),
    token: randomBytes(8).toString('hex'),
    by,
  }
}

/** Whether a run of that state directory told its end, so that what it left locked it could only not let go of. */
export async function hasEnded(state: string, run: string): Promise<boolean> {
  const found = await findRun(state, run)
  return found !== undefined && fold(found.events).outcome !== undefined
}

/** Other runs hold the locks of machines. Exit code 7; nothing was changed. */
export class MachinesLocked extends Error {
  override readonly name = 'MachinesLocked'
  constructor(held: readonly HeldError[]) {
    const holders = new Map<string, string[]>()
    for (const { host, holder } of held) {
      const who = holderText(holder)
      holders.set(who, [...(holders.get(who) ?? []), host])
    }
    const lines = [...holders].map(([who, hosts]) => `Locked by ${who}: ${hosts.join(', ')}.`)
    const runs = new Set(held.map(({ holder }) => sanitize(holder?.run ?? 'RUN')))
    const next = [...runs].flatMap((run) => [
      `If it was broken off, go on from its own controller: upgrade-fleet resume ${run}, or: rollback ${run}`,
      `If that is gone for good: upgrade-fleet unlock --run ${run}`,
    ])
    super(
      [...lines, 'Nothing was changed: one run at a time changes a host. Wait for it to end.', ...next].join(
        '\n',
      ),
    )
  }
}
