import type { TaskId } from './action.ts'
import type { Hook } from './hook.ts'
import type { Host } from './host.ts'
import { type Item, itemName, type Play, type Section, type Step } from './play.ts'
import type { Approval, Conclusion, Cutover } from './playbook.ts'
import type { Together } from './together.ts'

/** One play cut into its waves; hosts that `--limit` leaves out are in none. */
export interface PlayPhase {
  readonly kind: 'play'
  readonly play: Play
  readonly waves: readonly (readonly Host[])[]
}

/** Everything that a run goes through, in order. */
export type Phase = PlayPhase | Approval | Conclusion | Cutover

/** A playbook applied to a site: the phases, checked against one another. */
export interface Schedule {
  readonly playbook: string
  /** What its playbook says of a run that ended well. */
  readonly leavesAsFound?: boolean
  /** Who is told of its runs. */
  readonly hooks?: readonly Hook[]
  /** Which hosts are limited all or none. */
  readonly together?: Together
  readonly phases: readonly Phase[]
}

/** A task's id: `play/host/task`, or `play/host/task[item]`. */
export function taskId(play: string, host: string, step: string, item?: Item): TaskId {
  return `${play}/${host}/${step}${item === undefined ? '' : `[${itemName(item)}]`}`
}

/** The parts of a task's id. */
export function taskParts(id: TaskId): { play: string; host: string; task: string } {
  const [play = '', host = '', ...task] = id.split('/')
  return { play, host, task: task.join('/') }
}

/** A block's id: `play/host/block`. */
export const blockId = (play: string, host: string, block: string): string => `${play}/${host}/${block}`

/** The tasks of one section of a block, those of blocks in it among them. */
export const sectionOf = (play: Play, block: string, section: Section): readonly Step[] =>
  play.steps.filter((step) => step.within.some((at) => at.block === block && at.section === section))

/** Everything of a play that is a task: its tasks, and then its handlers. */
export const tasksAndHandlers = (play: Play): readonly Step[] => [...play.steps, ...play.handlers]

/** The hosts of a phase that are worked on: all waves, in order. */
export const hostsOf = (phase: PlayPhase): readonly Host[] => phase.waves.flat()

/** The schedule's plays, in order. */
export const playsOf = (schedule: Schedule): readonly PlayPhase[] =>
  schedule.phases.filter((phase): phase is PlayPhase => phase.kind === 'play')

/** A step of a play on a host; for an `each`, one item of it. */
export interface TaskAt {
  readonly id: TaskId
  readonly phase: PlayPhase
  readonly step: Step
  readonly host: Host
  readonly item?: Item
}
