import { Command, Option } from 'commander'
import type { KnownRun } from '../journal/runs.ts'
import { InputError } from '../model/errors.ts'
import type { Outcome } from '../model/event.ts'
import type { Io } from '../model/io.ts'
import { fold, type State } from '../model/state.ts'
import { waveOutlines } from '../plan/outline.ts'
import { type RunContext, tell } from '../run/context.ts'
import { rewindBroken } from '../run/rewind.ts'
import { runSchedule } from '../run/run.ts'
import { refuseBlindStep } from './ask.ts'
import { execute } from './execute.ts'
import { Exit } from './exit.ts'
import {
  acceptMachineOption,
  diffOption,
  type FlagsOfRun,
  notAfterOption,
  stepOption,
  withForksOfRun,
  withLogin,
  withOutput,
} from './flags.ts'
import { anyBegun, findHistory, type RunHistory } from './known.ts'
import { locked } from './locked.ts'
import { loginOfRun, typedLogin } from './login.ts'
import { stateDirectory } from './paths.ts'
import { planOfRun, refuseOtherUsers } from './plan-file.ts'
import { hasAccepted, otherTool, playbookToGoOn } from './playbook-in-use.ts'
import { readyFor } from './ready.ts'
import { rulesOf } from './rules.ts'
import { afterwards } from './run.ts'
import { refuseUnknownHosts } from './unknown-hosts.ts'
import { version } from './version.ts'

type ResumeFlags = FlagsOfRun & {
  readonly acceptChanged?: boolean
  readonly acceptMachine?: readonly string[]
}

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
    .option(
      '--accept-changed',
      'go on with the playbook as it is now, where it is another than the run began with',
    )
    .addOption(acceptMachineOption())
    .addOption(diffOption())
    .addOption(stepOption())
    .addOption(notAfterOption())
    // An option of no other use than to be told what to type.
    .addOption(new Option('-l, --limit <pattern>').hideHelp())
    .addOption(new Option('--where <condition>').hideHelp())
    .action(async (id: string | undefined, flags: ResumeFlags) => {
      throw new Exit(await resume(io, id, { ...flags, check: false }))
    })
  return withOutput(withLogin(withForksOfRun(command)))
}

async function resume(io: Io, id: string | undefined, given: ResumeFlags): Promise<number> {
  refuseBlindStep(io, given)
  refuseLimit(given)
  const state = stateDirectory(io, given.state)
  const first = await findHistory(state, id, isToResume)
  const login = await typedLogin(io, loginOfRun(first.run.record, given))
  const flags = { ...login, forks: given.forks ?? first.run.record.forks }
  if (id === undefined) refuseOlder(first)
  const { folder } = first.run
  const outcome = await locked(io, state, folder.id, async () => {
    const { run, rollbacks } = await findHistory(state, folder.id)
    const { events } = run
    if (fold(events).outcome === 'ok')
      throw new InputError(`The run ${folder.id} has ended well: there is nothing to resume.`)
    if (rollbacks.some((one) => one.events.some((event) => event.type === 'undo.started')))
      throw new InputError(
        `The run ${folder.id} was rolled back (${rollbacks.map((one) => one.folder.id).join(', ')}), so it cannot go on.`,
        `Finish the rollback if it did not end (upgrade-fleet rollback ${folder.id}), then run the playbook anew.`,
      )
    const acceptChanged = flags.acceptChanged === true
    const goingOn = await playbookToGoOn(io, run, acceptChanged)
    const { schedule, inventory, accepted } = goingOn
    await readyFor(io, goingOn, flags.typed)
    await refuseUnknownHosts(io, { schedule, inventory }, { ...flags, inventory: inventory.sources })
    // Whoever accepted what changed has left the plan that the run was begun by.
    const left = acceptChanged || accepted !== undefined || hasAccepted(events)
    const plan = left ? undefined : await planOfRun(folder)
    if (plan !== undefined) refuseOtherUsers(run, flags)
    const tool = otherTool(events)
    if (tool !== undefined) io.err(tool)
    return execute(io, {
      run: folder.id,
      folder,
      schedule,
      flags,
      inventory,
      ...(plan?.machines && { planned: new Map(Object.entries(plan.machines)) }),
      ...(flags.acceptMachine && { acceptMachines: flags.acceptMachine }),
      before: events,
      succeeds: [folder.id, ...rollbacks.map((one) => one.folder.id)],
      first: {
        type: 'run.resumed',
        run: folder.id,
        playbook: schedule.playbook,
        changed: anyBegun(fold(events)),
        waves: waveOutlines(schedule),
        ...(schedule.leavesAsFound && { leavesAsFound: true }),
        tool: version,
        ...(accepted && { accepted }),
      },
      work: goOn,
      rules: await rulesOf(io, { state, schedule, flags, plan }),
    })
  })
  return afterwards(io, folder.id, outcome, flags)
}

/** A resume is of all that its run has left to do: hosts of which half is done would wait for nobody. */
function refuseLimit({ limit, where }: ResumeFlags): void {
  const option = limit === undefined ? where && `--where ${where}` : `--limit ${limit}`
  if (option !== undefined)
    throw new InputError(
      `resume ${option}: a resume goes on with all hosts of its run, within the limit that the run was given`,
      'To run a playbook on hosts that failed: upgrade-fleet PLAYBOOK --limit @run:latest:failed; to take some back: upgrade-fleet rollback --limit HOSTS',
    )
}

/**
 * Whether a run that nobody named is what is meant: one that did not end well, but for one that failed before it changed
 * anything and is not known to change anything: a playbook that looks (verify) is run again.
 */
function isToResume(so: State, { events }: KnownRun): boolean {
  const [first] = events
  const changes = first?.type !== 'run.started' || first.changes !== false
  const failed = so.outcome === 'failed' || so.outcome === 'unreachable' || so.outcome === 'blocked'
  return so.outcome !== 'ok' && (!failed || changes || anyBegun(so))
}

/** A run that nobody named is not resumed when it changed nothing and was not going to, nor over one that changed the fleet after it. */
function refuseOlder({ run, later }: RunHistory): void {
  const so = fold(run.events)
  if (so.outcome !== 'ok' && !isToResume(so, run))
    throw new InputError(
      `There is no run to resume: the latest, ${run.folder.id} of ${run.record.playbook}, failed before it changed anything.`,
      `Run it again; or name it: upgrade-fleet resume ${run.folder.id}`,
    )
  const since = later.find((one) => one.changed)
  if (since !== undefined)
    throw new InputError(
      `The latest run that can be resumed is ${run.folder.id}, and ${since.id} changed hosts after it.`,
      `If you mean it all the same, name it: upgrade-fleet resume ${run.folder.id}`,
    )
}

async function goOn(context: RunContext): Promise<Outcome> {
  const hindered = await rewindBroken(context)
  if (hindered === undefined) return runSchedule(context)
  tell(context, { type: 'stopped', play: '', reason: hindered })
  return 'needs-operator'
}
