import type { Outcome } from '../model/event.ts'
import { type Host, machineOf } from '../model/host.ts'
import { hostsOf, type PlayPhase, playsOf } from '../model/schedule.ts'
import type { Limit } from './back-limit.ts'
import { type RunContext, tell } from './context.ts'
import { notOurs, pointsOf, restingOf, supersedes } from './points.ts'
import {
  begunTasks,
  endUnfinished,
  type Halt,
  type Known,
  lostTask,
  type Undoing,
  undoHosts,
  unproved,
} from './undo.ts'

/** Where a rollback ends, and which runs it takes back. */
export interface BackOptions {
  /** The play that is left as it was when it had ended; without it, everything is taken back. */
  readonly to?: string
  readonly of: string
  readonly runs: readonly string[]
  /** Only what was done for these machines is taken back; `refuseLimited` says whether that may be. */
  readonly limit?: Limit
  /** It goes behind a cut-over: restore points keep what is there now before they bring back what was. */
  readonly keepsNow?: boolean
}

/** One play to be taken back. */
interface Backward {
  readonly phase: PlayPhase
  /** The hosts and things that it is taken back for. */
  readonly within: (host: Host) => boolean
  /** A restore point is undone where this holds, and nowhere else. */
  readonly isPoint: boolean
  readonly restores: (host: Host) => boolean
  /** The plays whose `restored` changes are gone, in part at least, once this one is undone. */
  readonly covers: readonly PlayPhase[]
  /** Those of them that no restore point passed after this one has a part in. */
  readonly completes: readonly PlayPhase[]
}

/**
 * Takes back what the state says was begun: plays in reverse order, the hosts of a wave side by side, on a host tasks
 * in reverse. A `restored` change is left to its restore points; of several restore points of one thing only the
 * earliest is undone. What rests on them counts as taken back when the last of them is, so that a rollback that was
 * interrupted between two restore points still knows that the other is needed. Stops at an irreversible change and at
 * an undo that failed.
 */
export async function runBack(context: RunContext, options: BackOptions): Promise<Outcome> {
  const { of, runs, keepsNow = false } = options
  const undoing: Undoing = { purpose: 'rollback', of, runs, keepsNow }
  const all = backwards(context, options)
  const damaged = await proveAll(context, all, undoing)
  if (context.interrupted.aborted) return 'interrupted'
  if (damaged !== undefined) {
    tell(context, { type: 'stopped', play: damaged.play, reason: `nothing was taken back: ${damaged.why}` })
    return 'needs-operator'
  }
  for (const backward of all) {
    const halt = await takeBack(context, backward, undoing)
    if (halt === undefined) continue
    if (halt.kind === 'interrupted') return 'interrupted'
    tell(context, { type: 'stopped', play: backward.phase.play.name, reason: halt.why })
    return 'needs-operator'
  }
  return 'ok'
}

/** Every restore point that will be needed is proved before anything is stopped or overwritten. */
async function proveAll(
  context: RunContext,
  all: readonly Backward[],
  undoing: Undoing,
): Promise<{ readonly play: string; readonly why: string } | undefined> {
  for (const { phase, restores } of all.filter(({ isPoint }) => isPoint)) {
    const begun = hostsOf(phase)
      .filter(restores)
      .flatMap((host) => begunTasks(context, phase, host))
    const reasons = await unproved(context, begun, undoing)
    if (reasons.length > 0) return { play: phase.play.name, why: reasons.join('; ') }
  }
  return undefined
}

async function takeBack(
  context: RunContext,
  { phase, within, isPoint, restores, covers, completes }: Backward,
  undoing: Undoing,
): Promise<Halt | undefined> {
  const { name } = phase.play
  const lost = lostTask(context, phase, within)
  if (lost !== undefined) return { kind: 'hindered', why: lost }
  const waves = phase.waves.toReversed()
  const concerns = (host: Host) =>
    within(host) && (!isPoint || restores(host)) && begunTasks(context, phase, host).length > 0
  const resting = (play: PlayPhase) => restingOf(context, play).filter(({ task }) => within(task.host))
  if (covers.length > 0) {
    const why =
      notOurs(context, phase) ?? (await endUnfinished(context, covers.flatMap(resting), undoing.runs))
    if (why !== undefined) return { kind: 'hindered', why }
  }
  for (const [at, wave] of waves.entries()) {
    const concerned = wave.filter(concerns)
    if (concerned.length === 0) continue
    if (context.interrupted.aborted) return { kind: 'interrupted' }
    tell(context, { type: 'wave.started', play: name, wave: waves.length - at })
    const ended = await undoHosts(context, phase, concerned, undoing)
    tell(context, { type: 'wave.ended', play: name, wave: waves.length - at })
    const hindered = ended.flatMap((halt) => (halt.kind === 'hindered' ? [halt.why] : []))
    if (hindered.length > 0) return { kind: 'hindered', why: hindered.join('; ') }
    const [stopped] = ended
    if (stopped !== undefined) return stopped
  }
  const gone = completes.flatMap(resting).map(({ task }) => task.id)
  if (gone.length > 0) {
    tell(context, { type: 'tasks.rewound', tasks: gone, by: name })
    await context.ledger.sync()
  }
  return undefined
}

function backwards(context: Known, { to, limit }: BackOptions): readonly Backward[] {
  const within = (host: Host) => limit?.(machineOf(host)) ?? true
  const plays = playsOf(context.schedule)
  const last = to === undefined ? -1 : plays.findIndex((phase) => phase.play.name === to)
  const taken = plays.filter((_, at) => at > last)
  const points = new Set(plays.flatMap((phase) => pointsOf(context.schedule, phase)))
  const resting = taken.filter((phase) => restingOf(context, phase).some(({ task }) => within(task.host)))
  const needed = plays.filter((phase) =>
    resting.some((one) => pointsOf(context.schedule, one).includes(phase)),
  )
  // The restore point that brings back what `point` keeps of a host: itself, or an earlier one of the same thing.
  const restorer = (point: PlayPhase, host: Host): PlayPhase =>
    needed.slice(0, needed.indexOf(point)).find((earlier) => supersedes(context, earlier, point, host)) ??
    point
  const parts = new Map(
    resting.map((phase) => [
      phase,
      new Set(
        pointsOf(context.schedule, phase).flatMap((point) =>
          hostsOf(point).map((host) => restorer(point, host)),
        ),
      ),
    ]),
  )
  const isFirst = (phase: PlayPhase, among: ReadonlySet<PlayPhase>) =>
    plays.find((one) => among.has(one)) === phase
  const ending = plays[last]
  const inReach = ending !== undefined && needed.includes(ending) ? [ending, ...taken] : taken
  return inReach.toReversed().map((phase) => ({
    phase,
    within,
    isPoint: points.has(phase),
    restores: (host) => within(host) && needed.includes(phase) && restorer(phase, host) === phase,
    covers: resting.filter((one) => parts.get(one)?.has(phase)),
    completes: resting.filter((one) => isFirst(phase, parts.get(one) ?? new Set())),
  }))
}

/** Why a rollback to this play must be refused, or undefined: it must be there, and not stand between a restore point and what rests on it. */
export function refuseBackTo(context: Known, to: string): string | undefined {
  const plays = playsOf(context.schedule)
  const last = plays.findIndex((phase) => phase.play.name === to)
  if (last < 0)
    return `there is no play "${to}" in this run; its plays: ${plays.map((phase) => phase.play.name).join(', ')}`
  const split = plays.find((phase, at) => {
    if (at <= last) return false
    const points = pointsOf(context.schedule, phase)
    return restingOf(context, phase).length > 0 && points.some((point) => plays.indexOf(point) < last)
  })
  return (
    split &&
    `"${to}" stands between "${split.play.name}" and its restore point, which would take back "${to}" too`
  )
}
