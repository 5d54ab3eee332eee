import type { Outcome } from '../model/event.ts'
import type { Host } from '../model/host.ts'
import { hostsOf, type PlayPhase, playsOf, type TaskAt } from '../model/schedule.ts'
import { type RunContext, tell } from './context.ts'
import { begunTasks, endUnfinished, proveUndo, type Undoing, undoTask } from './undo.ts'

/** Where a rollback ends, and which runs it takes back. */
export interface BackOptions {
  /** The play that is left as it was when it had ended; without it, everything is taken back. */
  readonly to?: string
  readonly of: string
  readonly runs: readonly string[]
}

/** One play to be taken back: what of it, and whether it is the restore point of something that began. */
interface Backward {
  readonly phase: PlayPhase
  /** Restore what rests on it (its tasks stay done if the rollback ends here). */
  readonly restores: (host: Host) => boolean
  /** Whether it is a restore point at all: such a play is undone by `restores` alone. */
  readonly isPoint: boolean
}

/**
 * Takes back what the state says was begun: plays in reverse order, the hosts of a wave side by side, on a host tasks
 * in reverse. A `restored` change is left to its restore point, which is undone once, and of several restore points of
 * one thing only the earliest that is passed. Stops at an irreversible change and at an undo that failed.
 */
export async function runBack(context: RunContext, options: BackOptions): Promise<Outcome> {
  const undoing: Undoing = { purpose: 'rollback', of: options.of, runs: options.runs }
  const all = backwards(context, options.to)
  const unproved = await proveAll(context, all, undoing)
  if (unproved !== undefined) return unproved
  for (const { phase, restores, isPoint } of all) {
    const hosts = phase.waves.toReversed()
    for (const [at, wave] of hosts.entries()) {
      const concerned = wave.filter((host) => begunTasks(context, phase, host).length > 0)
      if (concerned.length === 0) continue
      tell(context, { type: 'wave.started', play: phase.play.name, wave: hosts.length - at })
      const resting = isPoint ? restingOn(context, phase) : []
      await endUnfinished(context, resting, options.runs)
      const ended = await Promise.all(
        concerned.map((host) =>
          isPoint && !restores(host) ? undefined : undoHost(context, phase, host, undoing),
        ),
      )
      tell(context, { type: 'wave.ended', play: phase.play.name, wave: hosts.length - at })
      const hindered = ended.filter((why) => why !== undefined)
      if (hindered.length > 0) {
        tell(context, { type: 'stopped', play: phase.play.name, reason: hindered.join('; ') })
        return 'needs-operator'
      }
      if (concerned.some(restores)) {
        tell(context, { type: 'tasks.rewound', tasks: resting.map((task) => task.id), by: phase.play.name })
        await context.ledger.sync()
      }
      if (context.interrupted.aborted) return 'interrupted'
    }
  }
  return 'ok'
}

/** Every restore point that will be needed is proved before anything is stopped or overwritten: one that is damaged ends the rollback here. */
async function proveAll(
  context: RunContext,
  all: readonly Backward[],
  undoing: Undoing,
): Promise<Outcome | undefined> {
  for (const { phase, restores } of all.filter(({ isPoint }) => isPoint)) {
    const tasks = hostsOf(phase)
      .filter(restores)
      .flatMap((host) => begunTasks(context, phase, host))
    const found = await Promise.all(tasks.map(({ task, state }) => proveUndo(context, task, state, undoing)))
    const reasons = found.filter((why) => why !== undefined)
    if (reasons.length === 0) continue
    const reason = `nothing was taken back: ${reasons.join('; ')}`
    tell(context, { type: 'stopped', play: phase.play.name, reason })
    return 'needs-operator'
  }
  return undefined
}

/** The begun tasks of every play that this restore point, or a later one that it makes needless, brings back. */
function restingOn(context: RunContext, point: PlayPhase): readonly TaskAt[] {
  const plays = playsOf(context.schedule)
  return plays
    .slice(plays.indexOf(point) + 1)
    .filter((phase) => phase.play.options.restoredBy !== undefined)
    .flatMap((phase) => phase.waves.flat().flatMap((host) => begunTasks(context, phase, host)))
    .flatMap(({ task, state }) => (state.undo === 'restored' ? [task] : []))
}

async function undoHost(
  context: RunContext,
  phase: PlayPhase,
  host: Host,
  undoing: Undoing,
): Promise<string | undefined> {
  for (const { task, state } of begunTasks(context, phase, host).toReversed()) {
    if (state.undo === 'restored') continue
    if (state.undo === 'irreversible') return `${task.id} cannot be undone; a person must look`
    const error = await undoTask(context, task, state, undoing)
    if (error !== undefined) return `${task.id}: ${error}`
  }
  return undefined
}

function backwards(context: RunContext, to: string | undefined): readonly Backward[] {
  const plays = playsOf(context.schedule)
  const last = to === undefined ? -1 : plays.findIndex((phase) => phase.play.name === to)
  const taken = plays.filter((_, at) => at > last)
  const restBegan = (point: PlayPhase): boolean =>
    taken.some(
      (phase) =>
        phase.play.options.restoredBy?.some((play) => play.name === point.play.name) === true &&
        phase.waves
          .flat()
          .some((host) => begunTasks(context, phase, host).some(({ state }) => state.undo === 'restored')),
    )
  const points = plays.filter((phase) =>
    plays.some((other) => other.play.options.restoredBy?.some((play) => play.name === phase.play.name)),
  )
  const needed = points.filter(restBegan)
  const earliest = (phase: PlayPhase) => (host: Host) =>
    needed.includes(phase) &&
    needed.find((point) => point.play.hosts.some((other) => other.name === host.name)) === phase
  const ending = plays[last]
  const within = ending !== undefined && needed.includes(ending) ? [...taken, ending] : taken
  return within
    .toSorted((a, b) => plays.indexOf(b) - plays.indexOf(a))
    .map((phase) => ({ phase, restores: earliest(phase), isPoint: points.includes(phase) }))
}

/** Why a rollback to this play must be refused, or undefined: it must be there, and not stand between a restore point and what rests on it. */
export function refuseBackTo(
  context: Pick<RunContext, 'schedule' | 'state'>,
  to: string,
): string | undefined {
  const plays = playsOf(context.schedule)
  const last = plays.findIndex((phase) => phase.play.name === to)
  if (last < 0)
    return `there is no play "${to}" in this run; its plays: ${plays.map((phase) => phase.play.name).join(', ')}`
  const split = plays.find((phase, at) => {
    if (at <= last) return false
    const points = phase.play.options.restoredBy ?? []
    const began = phase.waves
      .flat()
      .some((host) => begunTasks(context, phase, host).some(({ state }) => state.undo === 'restored'))
    return began && points.some((point) => plays.findIndex((one) => one.play.name === point.name) < last)
  })
  return (
    split &&
    `"${to}" stands between "${split.play.name}" and its restore point, which would take back "${to}" too`
  )
}
