import { Command, Option } from 'commander'
import { saveRecord } from '../journal/runs.ts'
import { writeWhole } from '../journal/whole-file.ts'
import { InputError } from '../model/errors.ts'
import type { Outcome } from '../model/event.ts'
import type { Io } from '../model/io.ts'
import { type PlanDocument, planText } from '../plan/document.ts'
import { knownToChange, waveOutlines } from '../plan/outline.ts'
import { runSchedule } from '../run/run.ts'
import { AfterCutover } from './after-cutover.ts'
import { askOnFailure, refuseBlindStep } from './ask.ts'
import { type Execution, execute } from './execute.ts'
import { Exit } from './exit.ts'
import {
  diffOption,
  listingOptions,
  notAfterOption,
  type RunFlags,
  stepOption,
  withForks,
  withLogin,
  withOutput,
  withSelection,
} from './flags.ts'
import { listing, listsOnly } from './listing.ts'
import { locked, MachinesLocked } from './locked.ts'
import { typedLogin } from './login.ts'
import { KeysRefused, MachinesMisnamed } from './meeting.ts'
import { exitCodeOf } from './outcome.ts'
import { flagsOfPlan, loadPlan, planPath, refuseMovedBasis, refuseMovedFacts } from './plan-file.ts'
import { prepare } from './prepare.ts'
import { readyFor } from './ready.ts'
import { rollbackRun } from './rollback.ts'
import { rulesOf } from './rules.ts'
import { refuseUnknownHosts } from './unknown-hosts.ts'
import { version } from './version.ts'

/** `upgrade-fleet <playbook.ts>`: runs a playbook. */
export function runCommand(io: Io): Command {
  const command = new Command('run')
    .argument('[playbook]', 'the playbook, a .ts file; with --plan, that of the plan')
    .description('run a playbook')
    .option('-C, --check', 'change nothing: say what would be changed, over read-only connections', false)
    .addOption(diffOption())
    .option('--plan <file>', 'do exactly what this plan says (plan --out), or refuse')
    .addOption(stepOption())
    .addOption(notAfterOption())
    .addOption(
      new Option(
        '--on-failure <what>',
        'what to do after a failure (default: ask on a terminal, else stop)',
      ).choices(['ask', 'stop', 'rollback']),
    )
    .action(async (file: string | undefined, flags: PlannedFlags) => {
      throw new Exit(await runGiven(io, file, flags))
    })
  return withOutput(withLogin(withForks(withSelection(listingOptions(command)))))
}

type PlannedFlags = RunFlags & { readonly plan?: string }

async function runGiven(io: Io, file: string | undefined, flags: PlannedFlags): Promise<number> {
  if (flags.plan !== undefined) {
    const plan = await loadPlan(io, flags.plan)
    const meant = flagsOfPlan(io, plan, file, flags)
    return runPlaybook(io, meant.playbook, meant.flags, plan)
  }
  if (file !== undefined) return runPlaybook(io, file, flags)
  throw new InputError(
    'run: expected a playbook, a .ts file, or --plan FILE, got neither',
    'See: upgrade-fleet run --help',
  )
}

async function runPlaybook(io: Io, file: string, given: RunFlags, plan?: PlanDocument): Promise<number> {
  if (!listsOnly(given)) refuseBlindStep(io, given)
  const flags = listsOnly(given) ? given : await typedLogin(io, given)
  const keep = !flags.check && !listsOnly(flags)
  const prepared = await prepare(io, file, flags, keep)
  let begun = false
  try {
    if (plan !== undefined) refuseMovedBasis(io, plan, prepared, flags)
    if (listsOnly(flags)) {
      io.out(listing(prepared.schedule, flags))
      return 0
    }
    await readyFor(io, prepared, flags.typed)
    await refuseUnknownHosts(io, prepared, flags)
    const { run, state, folder, schedule, inventory, record } = prepared
    const execution: Execution = {
      run,
      schedule,
      flags,
      folder: keep ? folder : undefined,
      inventory,
      before: [],
      ...(plan?.machines && { planned: new Map(Object.entries(plan.machines)) }),
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
        changes: knownToChange(schedule),
        ...(schedule.leavesAsFound && { leavesAsFound: true }),
      },
      work: runSchedule,
      rules: await rulesOf(io, { state, schedule, flags, plan }),
    }
    const work = async () => {
      // The last look before the first change.
      if (plan !== undefined) await refuseMovedFacts(io, plan, prepared, flags)
      if (keep && plan !== undefined) await writeWhole(planPath(folder), planText(plan))
      if (keep) await saveRecord(folder, record)
      begun = keep
      return execute(io, execution)
    }
    const outcome = keep ? await locked(io, state, run, work) : await work()
    return await afterwards(io, run, outcome, flags)
  } catch (error) {
    if ([MachinesLocked, MachinesMisnamed, KeysRefused].some((one) => error instanceof one)) begun = false
    throw error
  } finally {
    // Nothing began, so there is nothing to be told of it later.
    if (!begun) await prepared.discard()
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
