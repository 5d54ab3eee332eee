import { rm } from 'node:fs/promises'
import { Command } from 'commander'
import { makeRunFolder, nextRunId, saveRecord } from '../journal/runs.ts'
import { InputError } from '../model/errors.ts'
import type { Outcome } from '../model/event.ts'
import type { Io } from '../model/io.ts'
import { fold } from '../model/state.ts'
import { waveOutlines } from '../plan/outline.ts'
import { refuseBackTo, runBack } from '../run/back.ts'
import { refuseLimited } from '../run/back-limit.ts'
import { lossOf } from '../run/cutover.ts'
import { confirmLoss } from './after-cutover.ts'
import { type Execution, execute } from './execute.ts'
import { Exit } from './exit.ts'
import { acceptMachineOption, type FlagsOfRun, withForksOfRun, withLogin, withOutput } from './flags.ts'
import { anyBegun, findHistory, type RunHistory } from './known.ts'
import { limitToKeep } from './limit.ts'
import { locked, MachinesLocked } from './locked.ts'
import { loginOfRun, typedLogin } from './login.ts'
import { lookSince } from './look-since.ts'
import { MachinesMisnamed } from './meeting.ts'
import { exitCodeOf } from './outcome.ts'
import { stateDirectory } from './paths.ts'
import { appliedInUse, inUse } from './playbook-in-use.ts'
import { limitOf } from './prepare.ts'
import { readyFor } from './ready.ts'
import { refuseUnknownHosts } from './unknown-hosts.ts'
import { version } from './version.ts'

/** Flags of a rollback: those of a run, and how far back. */
type BackFlags = Omit<FlagsOfRun, 'limit'> & {
  readonly to?: string
  /** `--limit` of the rollback; a run's own that goes before it is another. */
  readonly onlyHosts?: string
  readonly afterCutover?: string
  /** What is there now is not kept before a restore point brings back what was. */
  readonly discardNewState?: boolean
  readonly acceptMachine?: readonly string[]
}

/** `upgrade-fleet rollback [RUN] [--to PLAY] [--limit PATTERN]`: takes a run back. */
export function rollbackCommand(io: Io): Command {
  const command = new Command('rollback')
    .argument('[run]', 'the id of the run (default: the latest)')
    .description('take a run back')
    .option('--to <play>', 'leave everything as it was when this play had ended')
    .option(
      '-l, --limit <pattern>',
      'take back what was done for these hosts alone, where nothing binds them to others',
    )
    .option(
      '--after-cutover <run>',
      'the id of the run once more: roll back although users are served since its cut-over',
    )
    .option(
      '--discard-new-state',
      'with --after-cutover: restore points do not keep what is there now before they bring back what was',
    )
    .addOption(acceptMachineOption())
    .action(async (id: string | undefined, { limit, ...flags }: BackFlags & { readonly limit?: string }) => {
      const only = limit === undefined ? {} : { onlyHosts: limit }
      throw new Exit(exitCodeOf(await rollbackRun(io, id, { ...flags, ...only, check: false })))
    })
  return withOutput(withLogin(withForksOfRun(command)))
}

/** Takes a run back, as a run of its own with its own journal; an interrupted rollback is gone on with by the next. */
export async function rollbackRun(io: Io, id: string | undefined, given: BackFlags): Promise<Outcome> {
  const state = stateDirectory(io, given.state)
  const first = await findHistory(state, id, anyBegun)
  if (id === undefined) refuseTwice(first)
  const of = first.run.folder.id
  const flags = await typedLogin(io, loginOfRun(first.run.record, given))
  return locked(io, state, `rollback of ${of}`, async () => {
    const { run, rollbacks, events } = await findHistory(state, of)
    const applied = await appliedInUse(run)
    const { schedule, inventory } = applied
    const { to } = flags
    const onlyHosts =
      flags.onlyHosts === undefined
        ? undefined
        : await limitToKeep(io, inventory, { ...flags, limit: flags.onlyHosts }, () => ({}))
    const known = { schedule, state: fold(events) }
    const refused = to === undefined ? undefined : refuseBackTo(known, to)
    if (refused !== undefined) throw new InputError(`--to: ${refused}`, 'Nothing was changed.')
    const limit = onlyHosts === undefined ? undefined : limitOf(inventory, onlyHosts)
    const bound = limit === undefined ? [] : refuseLimited(known, limit, to)
    if (bound.length > 0)
      throw new InputError(
        [`--limit ${onlyHosts}: these hosts cannot be taken back without others:`, ...bound],
        'Nothing was changed. Name the others too, or leave the limit out.',
      )
    const loss = lossOf(known, to, limit)
    const asked = { ...flags, inventory: inventory.sources, forks: flags.forks ?? run.record.forks }
    if (loss !== undefined) {
      const written = await lookSince(
        io,
        { schedule, inventory, run: of },
        { ...asked, gate: loss.gate },
        known.state,
      )
      await confirmLoss(io, of, { ...loss, written }, events, flags.afterCutover)
    }
    await readyFor(io, applied, flags.typed)
    await refuseUnknownHosts(io, { schedule, inventory }, asked, limit)
    const folder = await makeRunFolder(state, await nextRunId(state, io.now()))
    const end = to === undefined ? {} : { to }
    const only = onlyHosts === undefined ? {} : { onlyHosts }
    const limited = limit === undefined ? {} : { limit }
    await saveRecord(folder, { ...run.record, kind: 'rollback', of, ...end, ...only })
    const runs = [of, ...rollbacks.map((one) => one.folder.id)]
    const keepsNow = loss !== undefined && flags.discardNewState !== true
    const execution: Execution = {
      run: folder.id,
      folder,
      schedule,
      flags: { ...flags, forks: flags.forks ?? run.record.forks },
      inventory,
      before: events,
      ...(flags.acceptMachine && { acceptMachines: flags.acceptMachine }),
      ...limited,
      succeeds: runs,
      first: {
        type: 'run.started',
        run: folder.id,
        kind: 'rollback',
        of,
        playbook: schedule.playbook,
        inventory: run.record.inventory.sources,
        digest: inUse(run).digest,
        tool: version,
        check: false,
        waves: waveOutlines(schedule, limit).toReversed(),
      },
      work: (context) => runBack(context, { of, runs, ...end, ...limited, keepsNow }),
    }
    return execute(io, execution).catch(async (error: unknown) => {
      // Nothing began, so there is nothing to be told of it later.
      if (error instanceof MachinesLocked || error instanceof MachinesMisnamed)
        await rm(folder.path, { recursive: true, force: true })
      throw error
    })
  })
}

/** Whoever types it twice does not mean the run before. */
function refuseTwice({ run, rollbacks }: RunHistory): void {
  const last = rollbacks.at(-1)
  if (last === undefined || fold(last.events).outcome !== 'ok') return
  if (last.record.to !== undefined || last.record.onlyHosts !== undefined) return
  throw new InputError(
    `The latest run that changed anything, ${run.folder.id}, is taken back already (${last.folder.id}).`,
    'To take back an older one, name it: upgrade-fleet runs',
  )
}
