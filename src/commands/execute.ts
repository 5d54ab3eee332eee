import { fileJournal } from '../journal/file.ts'
import type { Journal } from '../journal/journal.ts'
import { memoryJournal as inMemory } from '../journal/memory.ts'
import type { RunFolder } from '../journal/runs.ts'
import type { Event, Outcome, Stamped } from '../model/event.ts'
import type { Inventory } from '../model/inventory.ts'
import type { Io } from '../model/io.ts'
import type { Schedule } from '../model/schedule.ts'
import { fold } from '../model/state.ts'
import type { RunContext } from '../run/context.ts'
import { tell } from '../run/context.ts'
import { asker } from './ask.ts'
import type { RunFlags } from './flags.ts'
import { openScreen } from './screen.ts'
import { worldOf } from './world.ts'

/** What is to be done with a schedule, and on the strength of which events. */
export interface Execution {
  /** The id of this run: that of its journal. */
  readonly run: string
  /** Where its journal is; without one, nothing is kept (check mode). */
  readonly folder: RunFolder | undefined
  readonly schedule: Schedule
  readonly inventory: Inventory
  /** Events of the runs that it goes on from or takes back. */
  readonly before: readonly Stamped[]
  /** The first event: `run.started` or `run.resumed`. */
  readonly first: Event
  readonly work: (context: RunContext) => Promise<Outcome>
  /** What stands in the way of a task or a wave: a plan that is held to, a time that is not to be passed. */
  readonly rules?: Pick<RunContext, 'refuses' | 'mayNotStart'>
  readonly flags: Pick<RunFlags, 'forks' | 'check' | 'yes' | 'output' | 'verbose'>
}

/** Does it: journal, connections, screen, and after the end all of them closed, whatever happened. The lock is held already. */
export async function execute(io: Io, execution: Execution): Promise<Outcome> {
  const { flags, folder } = execution
  const world = worldOf(io, execution.inventory, flags.check)
  const reporter = await openScreen(io, flags.output, folder)
  let journal: Journal | undefined
  try {
    const opened = folder === undefined ? undefined : await fileJournal(folder.journal, io.now)
    journal = opened?.journal ?? inMemory(io.now)
    const context: RunContext = {
      run: execution.run,
      schedule: execution.schedule,
      state: fold(execution.before),
      ledger: journal,
      listeners: [reporter.event],
      redact: world.redact,
      connect: world.connect,
      check: flags.check,
      forks: flags.forks,
      interrupted: io.interrupted,
      approve: asker(io, flags.yes, reporter),
      clock: () => performance.now(),
      ...execution.rules,
    }
    const begun = context.clock()
    tell(context, execution.first)
    await journal.sync()
    const outcome = await execution.work(context)
    tell(context, { type: 'run.ended', outcome, seconds: (context.clock() - begun) / 1000 })
    await journal.sync()
    return outcome
  } finally {
    reporter.end()
    await world.close()
    await journal?.close()
  }
}
