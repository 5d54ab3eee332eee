import { Command, Option } from 'commander'
import { loadBundle } from '../load/load-playbook.ts'
import { InputError } from '../model/errors.ts'
import type { Outcome } from '../model/event.ts'
import type { Io } from '../model/io.ts'
import { fold } from '../model/state.ts'
import { waveOutlines } from '../plan/outline.ts'
import { type RunContext, tell } from '../run/context.ts'
import { rewindBroken } from '../run/rewind.ts'
import { runSchedule } from '../run/run.ts'
import { execute } from './execute.ts'
import { Exit } from './exit.ts'
import { type RunFlags, withForks, withOutput } from './flags.ts'
import { anyBegun, findHistory } from './known.ts'
import { applied } from './prepare.ts'
import { afterwards } from './run.ts'
import { bundlePath, stateDirectory } from './world.ts'

/** `upgrade-fleet resume [RUN]`: goes on with an interrupted or failed run. */
export function resumeCommand(io: Io): Command {
  const command = new Command('resume')
    .argument('[run]', 'the id of the run (default: the latest)')
    .description('go on with an interrupted or failed run')
    .addOption(
      new Option(
        '--on-failure <what>',
        'what to do after a failure (default: ask on a terminal, else stop)',
      ).choices(['ask', 'stop', 'rollback']),
    )
    .action(async (id: string | undefined, flags: RunFlags) => {
      throw new Exit(await resume(io, id, { ...flags, check: false }))
    })
  return withOutput(withForks(command))
}

async function resume(io: Io, id: string | undefined, flags: RunFlags): Promise<number> {
  const state = stateDirectory(io, flags.state)
  const { run, rollbacks } = await findHistory(state, id, (so) => so.outcome !== 'ok')
  const { folder, record, events } = run
  const so = fold(events)
  if (so.outcome === 'ok')
    throw new InputError(`The run ${folder.id} has ended well: there is nothing to resume.`)
  if (rollbacks.some((one) => one.events.some((event) => event.type === 'undo.started')))
    throw new InputError(
      `The run ${folder.id} was rolled back (${rollbacks.map((one) => one.folder.id).join(', ')}), so it cannot go on.`,
      `Finish the rollback if it did not end (upgrade-fleet rollback ${folder.id}), then run the playbook anew.`,
    )
  const { schedule } = applied(await loadBundle(bundlePath(folder, record)), record)
  const outcome = await execute(io, {
    run: folder.id,
    state,
    folder,
    schedule,
    flags,
    inventory: record.inventory,
    before: events,
    first: {
      type: 'run.resumed',
      run: folder.id,
      playbook: schedule.playbook,
      changed: anyBegun(so),
      waves: waveOutlines(schedule),
    },
    work: goOn,
  })
  return afterwards(io, folder.id, outcome, flags)
}

async function goOn(context: RunContext): Promise<Outcome> {
  const hindered = await rewindBroken(context)
  if (hindered === undefined) return runSchedule(context)
  tell(context, { type: 'stopped', play: '', reason: hindered })
  return 'needs-operator'
}
