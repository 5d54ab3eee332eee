import { isAlwaysDue, stageOf } from '../model/blocks.ts'
import { isForgiven, stateFor, tasksOf } from '../model/evaluate.ts'
import type { Host } from '../model/host.ts'
import { blockId, hostsOf, type PlayPhase, playsOf } from '../model/schedule.ts'
import { isDone } from '../model/state.ts'
import { type RunContext, tell } from './context.ts'

/** Whether nothing of a play is left to be done on a host: tasks, blocks, and handlers that were notified. */
export function isOver(context: RunContext, phase: PlayPhase, host: Host): boolean {
  const { schedule, state } = context
  const isNotified = phase.play.handlers.some(({ name }) =>
    state.notified.has(`${phase.play.name}/${host.name}/${name}`),
  )
  if (isNotified) return false
  return phase.play.entries.every((entry) => {
    if (entry.kind === 'flush') return true
    if (entry.kind === 'block') return stageOf({ schedule, state, phase, host, block: entry }) === 'over'
    const tasks = tasksOf(schedule, state, phase, host, entry)
    if ('kind' in tasks) return false
    return tasks.map((task) => stateFor(state, task)).every((one) => isDone(one) || isForgiven(entry, one))
  })
}

/** Tells at a run's end what must follow and did not: `always` of blocks that began, handlers that were notified. */
export function tellDue(context: RunContext): void {
  const { schedule, state } = context
  if (context.check) return
  const blocks = playsOf(schedule).flatMap((phase) =>
    phase.play.blocks.flatMap((block) =>
      hostsOf(phase)
        .filter((host) => isAlwaysDue({ schedule, state, phase, host, block }))
        .map((host) => blockId(phase.play.name, host.name, block.name)),
    ),
  )
  const handlers = [...state.notified.keys()]
  if (blocks.length > 0 || handlers.length > 0) tell(context, { type: 'due', blocks, handlers })
}
