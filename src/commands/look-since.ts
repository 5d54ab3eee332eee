import { ConnectionError, InputError } from '../model/errors.ts'
import type { Io } from '../model/io.ts'
import type { State } from '../model/state.ts'
import { writtenSince } from '../run/since.ts'
import type { LoginFlags, RunFlags } from './flags.ts'
import { lookingAt } from './looking.ts'
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
    const asIs = { ...state, apply: () => undefined }
    return await writtenSince(
      lookingAt(io, world, { run, schedule, state: asIs, forks: flags.forks }),
      flags.gate,
    )
  } catch (error) {
    if (!(error instanceof InputError || error instanceof ConnectionError)) throw error
    return [`What was written since cannot be asked: ${error.message.split('\n')[0]}`]
  } finally {
    await world.close()
  }
}
