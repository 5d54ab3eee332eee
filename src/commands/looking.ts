import { memoryJournal } from '../journal/memory.ts'
import type { Io } from '../model/io.ts'
import type { RunContext } from '../run/context.ts'
import type { World } from './world.ts'

/** A run that nobody watches and that only looks, in check mode: what it tells is kept nowhere but in memory. */
export const lookingAt = (
  io: Io,
  { redact, connect }: Pick<World, 'redact' | 'connect'>,
  run: Pick<RunContext, 'run' | 'schedule' | 'state' | 'forks'>,
): RunContext => ({
  ...run,
  ledger: memoryJournal(io.now),
  listeners: [],
  redact,
  connect,
  check: true,
  interrupted: io.interrupted,
  approve: async () => ({ yes: true, by: 'plan' }),
  clock: () => performance.now(),
})
