import { setMaxListeners } from 'node:events'
import { dirname } from 'node:path'
import { HeldError, keepLeases, type Leases } from '../connect/leases.ts'
import { fileJournal } from '../journal/file.ts'
import type { Journal } from '../journal/journal.ts'
import { memoryJournal as inMemory } from '../journal/memory.ts'
import type { RunFolder } from '../journal/runs.ts'
import type { Event, Outcome, Stamped } from '../model/event.ts'
import type { Inventory } from '../model/inventory.ts'
import type { Io } from '../model/io.ts'
import type { MachineIdentity } from '../model/machine-identity.ts'
import type { Schedule } from '../model/schedule.ts'
import { fold, type State } from '../model/state.ts'
import { hookTeller } from '../modules/hooks.ts'
import { allMachines, changingMachines } from '../plan/machines.ts'
import { names } from '../report/text.ts'
import type { Limit } from '../run/back-limit.ts'
import type { RunContext } from '../run/context.ts'
import { tell } from '../run/context.ts'
import { asker, stepper } from './ask.ts'
import type { LoginFlags, RunFlags } from './flags.ts'
import { hasEnded, holderOf, MachinesLocked } from './locked.ts'
import { KeysRefused, MachinesMisnamed, type Meeting, meetMachines } from './meeting.ts'
import { openScreen } from './screen.ts'
import { type World, worldOf } from './world.ts'

/** What may stand in the way of a task or a wave. */
export type Rules = Pick<RunContext, 'refuses' | 'mayNotStart' | 'needed'>

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
  /** The runs that these are of: what they left locked on machines is taken over. */
  readonly succeeds: readonly string[]
  /** The first event: `run.started` or `run.resumed`. */
  readonly first: Event
  /** Only what is done for these machines is worked on, and only what that may change is locked. */
  readonly limit?: Limit
  /** The machines that names mean in the plan that is run. */
  readonly planned?: ReadonlyMap<string, MachineIdentity>
  /** Hosts that may be other machines than before: they were installed anew. */
  readonly acceptMachines?: readonly string[]
  readonly work: (context: RunContext) => Promise<Outcome>
  /** What stands in the way of a task or a wave: a plan that is held to, a time that is not to be passed. */
  readonly rules?: (state: State) => Rules
  readonly flags: LoginFlags &
    Pick<RunFlags, 'forks' | 'check' | 'diff' | 'step' | 'yes' | 'output' | 'verbose'>
}

/**
 * Does it: journal, locks on the machines, connections, screen, and after the end all of them closed, whatever happened.
 * The lock here is held already. The locks there are let go of when the journal has the end; a crash or a defect leaves them, which is said. Throws
 * {@link MachinesLocked}, {@link KeysRefused} or {@link MachinesMisnamed} before anything is changed.
 */
export async function execute(io: Io, execution: Execution): Promise<Outcome> {
  const { flags, folder } = execution
  const world = worldOf(io, execution.inventory, flags.check, { ...flags, holdKeys: flags.check })
  await world.foresee(allMachines(execution.schedule).map(({ name }) => name))
  const { hooks: told = [] } = execution.schedule
  // A secret that is not there is told now, not when the first message is sent.
  for (const hook of told)
    if ('webhook' in hook) for (const value of Object.values(hook.headers ?? {})) world.reveal(value)
  const state = fold(execution.before)
  const known = new Map([...(execution.planned ?? []), ...state.machines])
  const meeting = meetMachines(known, execution.acceptMachines)
  const leases = folder === undefined ? undefined : await leasesFor(io, execution, folder, meeting)
  const reporter = await openScreen(io, flags.output, folder)
  world.shownOn(reporter)
  const hooks = flags.check
    ? undefined
    : hookTeller(told, {
        cwd: io.cwd,
        reveal: world.reveal,
        warn: (line) => reporter.note?.(world.redact(line)),
      })
  let journal: Journal | undefined
  try {
    const opened = folder === undefined ? undefined : await fileJournal(folder.journal, io.now)
    journal = opened?.journal ?? inMemory(io.now)
    const same = new Map(
      execution.inventory.hosts
        .filter(({ vars }) => vars['upgrade_fleet_same_machine'] !== undefined)
        .map((host) => [host.name, world.endpoint(host).sameMachine]),
    )
    const context: RunContext = {
      run: execution.run,
      schedule: execution.schedule,
      state,
      ledger: journal,
      listeners: [reporter.event, ...(hooks === undefined ? [] : [hooks.event])],
      redact: world.redact,
      connect: async (machine) => {
        const connection = await world.connect(machine)
        return leases?.guard(connection) ?? connection
      },
      machine: (name) => same.get(name) ?? name,
      check: flags.check,
      diff: flags.diff ?? false,
      forks: flags.forks,
      interrupted: leases === undefined ? io.interrupted : either(io.interrupted, leases.stale),
      approve: asker(io, flags.yes, reporter),
      ...(flags.step && { step: stepper(io, reporter) }),
      clock: () => performance.now(),
      ...execution.rules?.(state),
    }
    const begun = context.clock()
    const begin = async () => {
      tell(context, execution.first)
      await context.ledger.sync()
    }
    // A run that dies while it locks must be there to be resumed; one that was there before is not to tell of a vain try.
    const isNew = opened === undefined || opened.events.length === 0
    if (isNew) await begin()
    if (leases !== undefined) await lockMachines(io, execution, world, leases, meeting)
    if (!isNew) await begin()
    meeting.tellTo(context)
    const came = await execution.work(context)
    const outcome = leases?.stale.aborted ? 'fenced' : came
    if (leases !== undefined && outcome === 'fenced')
      tell(context, { type: 'stopped', play: '', reason: await leases.staleText() })
    tell(context, { type: 'run.ended', outcome, seconds: (context.clock() - begun) / 1000 })
    await journal.sync()
    const left = (await leases?.release()) ?? []
    await hooks?.settle()
    reporter.end()
    io.err(unsureText(left, execution.run))
    return outcome
  } catch (error) {
    reporter.end()
    if (leases !== undefined) io.err(keptText([...leases.held], execution.first))
    throw error
  } finally {
    reporter.end()
    await hooks?.settle(0)
    await world.close()
    await journal?.close()
  }
}

/** What is said of machines that may not have heard that their lock was let go of; nothing where there are none. */
function unsureText(left: readonly string[], run: string): string {
  if (left.length === 0) return ''
  return `${left.join(', ')}: it could not be seen whether the lock was released. If it was not: upgrade-fleet unlock ${left.join(',')} --run ${run}\n`
}

/** What is said of the machines that a run which ended in the middle leaves locked; nothing where there are none. */
function keptText(held: readonly string[], first: Event): string {
  if (held.length === 0 || !('run' in first)) return ''
  const { run } = first
  const of = first.type === 'run.started' ? first.of : undefined
  return [
    `These hosts stay locked by the run ${run}, which ended in the middle: ${names(held, 20)}.`,
    of === undefined
      ? `Go on with it: upgrade-fleet resume ${run}, or: upgrade-fleet rollback ${run}`
      : `Go on with it: upgrade-fleet rollback ${of}`,
    `If that cannot be: upgrade-fleet unlock --run ${run}\n`,
  ].join('\n')
}

async function leasesFor(
  io: Io,
  { run, succeeds }: Execution,
  folder: RunFolder,
  { admits }: Meeting,
): Promise<Leases> {
  const state = dirname(dirname(folder.path))
  return keepLeases({
    holder: await holderOf(io, state, run, 'run'),
    succeeds: async (left) => succeeds.includes(left) || hasEnded(state, left),
    admits,
  })
}

/** All machines that may be changed, before the first of them is. */
async function lockMachines(
  io: Io,
  { run, schedule, flags, limit, succeeds }: Execution,
  world: World,
  leases: Leases,
  { refused }: Meeting,
): Promise<void> {
  const machines = changingMachines(schedule, limit).map((machine) => () => world.connect(machine))
  const all = await leases.takeAll(machines, flags.forks, io.interrupted)
  const changed = all.filter(({ fault }) => fault === 'host-key')
  // What goes on from a run has to bring the others to an end: there it is a host that cannot be reached.
  const isFirst = succeeds.length === 0
  const held = isFirst ? all : all.filter((one) => !changed.includes(one))
  if (held.length === 0) return
  io.err(unsureText(await leases.release(), run))
  if (isFirst && changed.length > 0) throw new KeysRefused(changed)
  if (refused.length > 0) throw new MachinesMisnamed(refused)
  throw new MachinesLocked(held.flatMap((one) => (one instanceof HeldError ? one : [])))
}

/** Aborts with the first of the two. Every task that is under way listens. */
function either(one: AbortSignal, other: AbortSignal): AbortSignal {
  const signal = AbortSignal.any([one, other])
  setMaxListeners(0, signal)
  return signal
}
