import { stageOf } from '../model/blocks.ts'
import { isForgiven, tasksOf } from '../model/evaluate.ts'
import { pastOf } from '../model/past.ts'
import { hostsOf, type PlayPhase, playsOf, type TaskAt, tasksAndHandlers } from '../model/schedule.ts'
import { type RunContext, tell } from './context.ts'
import { lossOf } from './cutover.ts'
import { begunOf, meet, notOurs, pointsOf, restingOf, supersedes } from './points.ts'
import { begunTasks, endUnfinished, undoHosts, unproved } from './undo.ts'

/**
 * Before a resumed run goes on: what rests on a restore point and failed, or whose end is unknown, is never continued.
 * All its restore points are brought back, with whatever else rests on them, and all of that becomes to be done again.
 * Answers what hindered it, or undefined when the run may go on (or was interrupted: then it stops by itself).
 */
export async function rewindBroken(context: RunContext): Promise<string | undefined> {
  const { points, resting } = concerned(context)
  if (points.length === 0) return undefined
  const lost = lossOf(context, undefined)
  const passed = lost?.points.filter((name) => points.some((point) => point.play.name === name)) ?? []
  if (lost !== undefined && passed.length > 0)
    return `"${lost.gate}" was passed: to bring back ${passed.join(', ')} would lose what users wrote since; mend it by hand, or roll back by upgrade-fleet rollback ${context.run}`
  const undoing = { of: context.run, runs: [context.run] }
  const why =
    points.map((point) => notOurs(context, point)).find((text) => text !== undefined) ??
    (await endUnfinished(
      context,
      resting.flatMap((phase) => begunOf(context, phase)),
      undoing.runs,
    ))
  if (why !== undefined) return why
  const damaged = await unproved(
    context,
    points.flatMap((point) => restoredBy(context, points, point)),
    undoing,
  )
  if (damaged.length > 0) return `nothing was brought back: ${damaged.join('; ')}`
  // Later restore points first: an earlier one may hold what is older of the same files.
  for (const phase of [...new Set([...resting, ...points])].toSorted(backwards(context))) {
    const earlier = points.slice(0, Math.max(0, points.indexOf(phase)))
    const purpose = points.includes(phase) ? 'rewind' : 'redo'
    const concerned = hostsOf(phase).filter(
      (host) => !earlier.some((point) => supersedes(context, point, phase, host)),
    )
    const ended = await undoHosts(context, phase, concerned, { ...undoing, purpose })
    const hindered = ended.find((halt) => halt.kind === 'hindered')
    if (hindered?.kind === 'hindered')
      return `${hindered.why}, so ${points.map((point) => `"${point.play.name}"`).join(', ')} could not be brought back`
    if (ended.length > 0) return undefined
  }
  const again = points.filter((point, at) => points.slice(0, at).some((earlier) => meet(earlier, point)))
  const tasks = [...resting, ...again]
    .toSorted((a, b) => -backwards(context)(a, b))
    .flatMap((phase) => allTasks(context, phase))
    .filter((task) => context.state.tasks.has(task.id))
  const by = points.map((point) => point.play.name).join(', ')
  tell(context, { type: 'tasks.rewound', tasks: [...new Set(tasks.map((task) => task.id))], by })
  await context.ledger.sync()
  return undefined
}

/** What a restore point has to bring back where no earlier one makes it needless. */
const restoredBy = (context: RunContext, points: readonly PlayPhase[], point: PlayPhase) =>
  hostsOf(point)
    .filter(
      (host) => !points.slice(0, points.indexOf(point)).some((one) => supersedes(context, one, point, host)),
    )
    .flatMap((host) => begunTasks(context, point, host))

const backwards = (context: RunContext) => {
  const plays = playsOf(context.schedule)
  return (a: PlayPhase, b: PlayPhase) => plays.indexOf(b) - plays.indexOf(a)
}

/**
 * The restore points that must be brought back, and the plays that rest on them. A point that stands behind one of them
 * on the same host is one of them too, if anything rests on it: what it would go back to is about to be made anew.
 */
function concerned(context: RunContext): {
  readonly points: readonly PlayPhase[]
  readonly resting: readonly PlayPhase[]
} {
  const plays = playsOf(context.schedule)
  const restingOn = (point: PlayPhase) =>
    plays.filter((phase) => pointsOf(context.schedule, phase).includes(point))
  const isBrokenPoint = (point: PlayPhase) =>
    restingOn(point).some((phase) => allTasks(context, phase).some((task) => isBroken(context, task))) &&
    restingOn(point).some((phase) => restingOf(context, phase).length > 0)
  const points = new Set(plays.filter(isBrokenPoint))
  const resting = new Set<PlayPhase>()
  for (let size = -1; size < points.size + resting.size; ) {
    size = points.size + resting.size
    for (const phase of [...points].flatMap(restingOn)) {
      resting.add(phase)
      if (restingOf(context, phase).length > 0)
        for (const point of pointsOf(context.schedule, phase)) points.add(point)
    }
    for (const phase of plays) {
      const follows = [...points].some(
        (point) => plays.indexOf(phase) > plays.indexOf(point) && meet(point, phase),
      )
      if (follows && restingOn(phase).some((one) => restingOf(context, one).length > 0)) points.add(phase)
    }
  }
  const inOrder = (set: ReadonlySet<PlayPhase>) => plays.filter((phase) => set.has(phase))
  return { points: inOrder(points), resting: inOrder(resting) }
}

function allTasks(context: RunContext, phase: PlayPhase): readonly TaskAt[] {
  return hostsOf(phase).flatMap((host) =>
    tasksAndHandlers(phase.play).flatMap((step) => {
      const tasks = tasksOf(context.schedule, pastOf(context.state), phase, host, step)
      return 'kind' in tasks ? [] : tasks
    }),
  )
}

/** Whether a task ended badly, or nobody knows how, and nothing was made of it: what a block rescued is no reason to go back. */
function isBroken(context: RunContext, task: TaskAt): boolean {
  const { schedule, state } = context
  const { phase, host, step } = task
  const { status, begun } = state.tasks.get(task.id) ?? { status: 'pending', begun: false }
  const isLeft = status === 'cancelled' && begun
  if (!isLeft && !['running', 'failed', 'unknown'].includes(status)) return false
  if (isForgiven(step, state.tasks.get(task.id))) return false
  return !step.within.some(({ block: name, section }) => {
    const block = section === 'body' && phase.play.blocks.find((one) => one.name === name)
    return block && ['rescue', 'always', 'over'].includes(stageOf({ schedule, state, phase, host, block }))
  })
}
