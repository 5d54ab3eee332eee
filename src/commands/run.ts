import { Command, Option } from 'commander'
import { LockedError } from '../journal/lock.ts'
import { saveRecord } from '../journal/runs.ts'
import type { Outcome } from '../model/event.ts'
import type { Io } from '../model/io.ts'
import { playsOf } from '../model/schedule.ts'
import { waveOutlines } from '../plan/outline.ts'
import { plural } from '../report/text.ts'
import { runSchedule } from '../run/run.ts'
import { AfterCutover } from './after-cutover.ts'
import { askOnFailure } from './ask.ts'
import { type Execution, execute } from './execute.ts'
import { Exit } from './exit.ts'
import { type RunFlags, withForks, withOutput, withSelection } from './flags.ts'
import { locked, MachinesLocked } from './locked.ts'
import { exitCodeOf } from './outcome.ts'
import { type Prepared, prepare } from './prepare.ts'
import { rollbackRun } from './rollback.ts'
import { version } from './version.ts'

/** `upgrade-fleet <playbook.ts>`: runs a playbook. */
export function runCommand(io: Io): Command {
  const command = new Command('run')
    .argument('<playbook>', 'the playbook, a .ts file')
    .description('run a playbook')
    .option('-C, --check', 'change nothing: say what would be changed, over read-only connections', false)
    .option('-D, --diff', 'show what changes make different, secrets hidden; with --check, would make', false)
    .option('--list-hosts', 'list the hosts of each play, and end', false)
    .option('--list-tasks', 'list the tasks of each play, and end', false)
    .addOption(
      new Option(
        '--on-failure <what>',
        'what to do after a failure (default: ask on a terminal, else stop)',
      ).choices(['ask', 'stop', 'rollback']),
    )
    .action(async (file: string, flags: RunFlags) => {
      throw new Exit(await runPlaybook(io, file, flags))
    })
  return withOutput(withForks(withSelection(command)))
}

async function runPlaybook(io: Io, file: string, flags: RunFlags): Promise<number> {
  const keep = !flags.check && !flags.listHosts && !flags.listTasks
  const prepared = await prepare(io, file, flags, keep)
  try {
    if (flags.listHosts || flags.listTasks) {
      io.out(listing(prepared, flags))
      return 0
    }
    const { run, state, folder, schedule, inventory, record } = prepared
    const execution: Execution = {
      run,
      schedule,
      flags,
      folder: keep ? folder : undefined,
      inventory,
      before: [],
      succeeds: [],
      first: {
        type: 'run.started',
        run,
        kind: 'run',
        playbook: schedule.playbook,
        inventory: record.inventory.sources,
        digest: record.digest,
        tool: version,
        check: flags.check,
        waves: waveOutlines(schedule),
      },
      work: runSchedule,
    }
    const outcome = keep
      ? await locked(io, state, run, async () => {
          await saveRecord(folder, record)
          return execute(io, execution)
        })
      : await execute(io, execution)
    return await afterwards(io, run, outcome, flags)
  } catch (error) {
    // Nothing began, so there is nothing to be told of it later.
    if (error instanceof LockedError || error instanceof MachinesLocked) await prepared.discard()
    throw error
  } finally {
    if (!keep) await prepared.discard()
  }
}

/** What comes after a run or a resume: nothing, or the rollback that was asked for. */
export async function afterwards(io: Io, run: string, outcome: Outcome, flags: RunFlags): Promise<number> {
  const failed = ['failed', 'unreachable', 'needs-operator'].includes(outcome)
  if (!failed || flags.check) return exitCodeOf(outcome)
  // Whoever said yes to everything is not there to choose.
  const wish = flags.onFailure ?? (flags.yes ? 'stop' : 'ask')
  const what = wish === 'ask' ? await askOnFailure(io) : wish
  if (what === 'stop') return exitCodeOf(outcome)
  const back = await rollbackRun(io, run, flags).catch((error: unknown) => {
    // Users are served: the failure stands, and what a person may do about it is said.
    if (!(error instanceof AfterCutover)) throw error
    io.err(`${error.message}\n`)
  })
  if (back === undefined) return exitCodeOf(outcome)
  return back === 'ok' ? exitCodeOf('rolled-back') : exitCodeOf(back)
}

function listing({ schedule }: Prepared, { listTasks }: RunFlags): string {
  return playsOf(schedule)
    .map(({ play, waves }) => {
      const hosts = waves.flat().map((host) => host.name)
      const lines = listTasks ? play.steps.map((step) => step.name) : hosts
      return `play ${play.name} (${plural(hosts.length, 'host')})\n${lines.map((line) => `  ${line}\n`).join('')}`
    })
    .join('')
}
