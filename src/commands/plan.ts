import { Command } from 'commander'
import { memoryJournal } from '../journal/memory.ts'
import type { Io } from '../model/io.ts'
import { fold, type State } from '../model/state.ts'
import { outline, outlineText } from '../plan/outline.ts'
import { runSchedule } from '../run/run.ts'
import { Exit } from './exit.ts'
import { type RunFlags, withForks, withOutput, withSelection } from './flags.ts'
import { exitCodeOf } from './outcome.ts'
import { type Prepared, prepare } from './prepare.ts'
import { worldOf } from './world.ts'

type PlanFlags = RunFlags & { readonly offline: boolean }

/** `upgrade-fleet plan <playbook.ts>`: what would be done, per wave, host and task. */
export function planCommand(io: Io): Command {
  const command = new Command('plan')
    .argument('<playbook>', 'the playbook, a .ts file')
    .description('print what would be done')
    .option('--offline', 'without a connection: what is observed is then known later', false)
    .action(async (file: string, flags: PlanFlags) => {
      throw new Exit(await plan(io, file, flags))
    })
  return withOutput(withForks(withSelection(command)))
}

async function plan(io: Io, file: string, flags: PlanFlags): Promise<number> {
  const prepared = await prepare(io, file, flags, false)
  try {
    const state = flags.offline ? fold([]) : await observe(io, prepared, flags)
    io.out(outlineText(outline(prepared.schedule, state)))
    const failed = [...state.tasks].filter(([, task]) =>
      ['failed', 'unreachable', 'blocked'].includes(task.status),
    )
    for (const [id, task] of failed) io.out(`FOUND ${id}: ${task.message ?? task.status}\n`)
    // A host that cannot be reached is no mistake of the user's; what only waits for its answer is none either.
    const own = failed.filter(([, task]) => task.status !== 'blocked')
    if (own.length > 0 && own.every(([, task]) => task.status === 'unreachable'))
      return exitCodeOf('unreachable')
    return failed.length > 0 ? exitCodeOf('blocked') : 0
  } finally {
    await prepared.discard()
  }
}

/** Everything that can be observed before the first change, over read-only connections: a check run that nobody watches. */
async function observe(io: Io, { schedule, inventory, run }: Prepared, flags: PlanFlags): Promise<State> {
  const world = worldOf(io, inventory, true)
  const journal = memoryJournal(io.now)
  const state = fold([])
  try {
    await runSchedule({
      run,
      schedule,
      state,
      ledger: journal,
      listeners: [],
      redact: world.redact,
      connect: world.connect,
      check: true,
      forks: flags.forks,
      interrupted: io.interrupted,
      approve: async () => ({ yes: true, by: 'plan' }),
      clock: () => performance.now(),
    })
    return state
  } finally {
    await world.close()
  }
}
