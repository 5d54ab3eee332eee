import { memoryJournal } from '../journal/memory.ts'
import { ConnectionError, InputError } from '../model/errors.ts'
import type { Io } from '../model/io.ts'
import type { State } from '../model/state.ts'
import { writtenSince } from '../run/since.ts'
import type { LoginFlags, RunFlags } from './flags.ts'
import type { Prepared } from './prepare.ts'
import { worldOf } from './world.ts'

/** What was written since a cut-over, asked over read-only connections: a line for each difference, and for who cannot be asked. */
export async function lookSince(
  io: Io,
  { schedule, inventory, run }: Pick<Prepared, 'schedule' | 'inventory' | 'run'>,
  flags: LoginFlags & Pick<RunFlags, 'forks'> & { readonly gate: string },
  state: State,
): Promise<readonly string[]> {
  const world = worldOf(io, inventory, true, { ...flags, holdKeys: true })
  try {
    return await writtenSince(
      {
        ...{ run, schedule, state: { ...state, apply: () => undefined } },
        ledger: memoryJournal(io.now),
        listeners: [],
        redact: world.redact,
        connect: world.connect,
        check: true,
        forks: flags.forks,
        interrupted: io.interrupted,
        approve: async () => ({ yes: false, by: 'nobody' }),
        clock: () => performance.now(),
      },
      flags.gate,
    )
  } catch (error) {
    if (!(error instanceof InputError || error instanceof ConnectionError)) throw error
    return [`What was written since cannot be asked: ${error.message.split('\n')[0]}`]
  } finally {
    await world.close()
  }
}
