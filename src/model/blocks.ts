import { isHad, tasksOf } from './evaluate.ts'
import type { Host } from './host.ts'
import type { Block, Section } from './play.ts'
import { blockId, type PlayPhase, type Schedule, sectionOf, type TaskAt } from './schedule.ts'
import { isDone, type Looked, type TaskState } from './state.ts'

/** Where a block goes on on a host: `again` from its start, for its last course ended badly; `over` when it is done. */
export type Stage = 'body' | 'rescue' | 'always' | 'over' | 'again'

/** A block on a host, with what was done so far. */
export interface BlockAt {
  readonly schedule: Schedule
  readonly state: Looked
  readonly phase: PlayPhase
  readonly host: Host
  readonly block: Block
}

/** Where a block goes on. What a rescue mended is not tried again; where the rescue failed, the block begins anew. */
export function stageOf(at: BlockAt): Stage {
  const { state, phase, host, block } = at
  const failure = state.blocks.get(blockId(phase.play.name, host.name, block.name))
  const left = () => (isAllHad(at, 'always') ? 'over' : 'always')
  if (failure === undefined) {
    if (isAllHad(at, 'body')) return left()
    return isTouched(at, 'always') ? 'again' : 'body'
  }
  const rescues = block.rescue !== undefined && failure.mistake !== true && failure.result !== 'cancelled'
  if (!rescues) return 'again'
  if (isAllHad(at, 'rescue')) return left()
  // What was forgiven, or mended by a block within the rescue, is no failure of it.
  const broken = tasksIn(at, 'rescue').some(
    ({ id, step }) =>
      ['failed', 'unknown', 'blocked'].includes(state.tasks.get(id)?.status ?? '') &&
      !isHad(at.schedule, state, phase, host, step),
  )
  return broken || isTouched(at, 'always') ? 'again' : 'rescue'
}

/** The tasks that a block does again when it begins anew: all of them, or none if nothing came after the failure. */
export function tasksAgain(at: BlockAt): readonly TaskAt[] {
  if (!isTouched(at, 'rescue') && !isTouched(at, 'always')) return []
  const sections: readonly Section[] = ['body', 'rescue', 'always']
  return sections.flatMap((section) => tasksIn(at, section)).filter((task) => at.state.tasks.has(task.id))
}

/** Whether something of a block was done, or may have been, and its `always` has not followed. */
export function isAlwaysDue(at: BlockAt): boolean {
  if (at.block.always.length === 0 || isAllHad(at, 'always')) return false
  const done = (task: TaskState) => task.begun || isDone(task) || ['running', 'failed'].includes(task.status)
  return [...statesOf(at, 'body'), ...statesOf(at, 'rescue')].some(done)
}

function isAllHad({ schedule, state, phase, host, block }: BlockAt, section: Section): boolean {
  return sectionOf(phase.play, block.name, section).every((step) => isHad(schedule, state, phase, host, step))
}

const isTouched = (at: BlockAt, section: Section): boolean =>
  statesOf(at, section).some(({ status }) => status !== 'pending')

const statesOf = (at: BlockAt, section: Section): readonly TaskState[] =>
  tasksIn(at, section).flatMap((task) => at.state.tasks.get(task.id) ?? [])

/** The tasks of a section, as far as the items of each are known. */
function tasksIn({ schedule, state, phase, host, block }: BlockAt, section: Section): readonly TaskAt[] {
  return sectionOf(phase.play, block.name, section).flatMap((step) => {
    const tasks = tasksOf(schedule, state, phase, host, step)
    return 'kind' in tasks ? [] : tasks
  })
}
