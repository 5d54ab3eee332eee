import { type Action, isSkip, type Skip, type TaskId } from './action.ts'
import { fromBefore, type Looks } from './from.ts'
import { type Host, machineOf } from './host.ts'
import type { Json } from './json.ts'
import { NotYet, notYet } from './not-yet.ts'
import { type From, type Item, itemName, type Step } from './play.ts'
import type { Approval, Conclusion } from './playbook.ts'
import {
  blockId,
  hostsOf,
  type PlayPhase,
  type Schedule,
  sectionOf,
  type TaskAt,
  taskId,
  tasksAndHandlers,
} from './schedule.ts'
import { leftOut, viewOf } from './seen.ts'
import { isDone, type Looked, type TaskState } from './state.ts'
import type { Failure } from './task-options.ts'

/** What a task's function comes to at this point of a run. */
export type Evaluated =
  /** `machine` is the one that it is done over: its host's, or what it is delegated to. */
  | { readonly kind: 'action'; readonly action: Action; readonly machine: Host }
  | { readonly kind: 'skip'; readonly why: string }
  /** It reads what only `after` will tell. */
  | { readonly kind: 'later'; readonly after: string }
  /** The function itself is wrong: it threw, or asked for a play or host that it may not. */
  | { readonly kind: 'wrong'; readonly problem: string }

const guard = <T>(look: () => T): T | Extract<Evaluated, { kind: 'later' | 'wrong' }> => {
  try {
    return look()
  } catch (error) {
    if (error instanceof NotYet) return { kind: 'later', after: error.what }
    return { kind: 'wrong', problem: error instanceof Error ? error.message : String(error) }
  }
}

/** Calls a task's function with what the state knows. */
export function evaluate(schedule: Schedule, state: Looked, task: TaskAt): Evaluated {
  return guard((): Evaluated => {
    const seen = seenBy(schedule, state, task.phase, task.host, task.step, task.item)
    const made: Action | Skip = task.step.make(seen as never)
    if (isSkip(made)) return { kind: 'skip', why: made.why }
    const { delegateTo = task.host } = task.step.options
    const on = typeof delegateTo === 'function' ? delegateTo(seen as never) : delegateTo
    return { kind: 'action', action: made, machine: machineOf(on) }
  })
}

/** The tasks of a step on a host: one, or one for each item; items may rest on an output that is not there yet. */
export function tasksOf(
  schedule: Schedule,
  state: Looked,
  phase: PlayPhase,
  host: Host,
  step: Step,
): readonly TaskAt[] | Extract<Evaluated, { kind: 'later' | 'wrong' }> {
  const at = { phase, step, host }
  if (step.kind !== 'each') return [{ ...at, id: taskId(phase.play.name, host.name, step.name) }]
  return guard(() => itemsOf(schedule, state, phase, host, step))
}

function itemsOf(
  schedule: Schedule,
  state: Looked,
  phase: PlayPhase,
  host: Host,
  step: Step,
): readonly TaskAt[] {
  const { items = [] } = step
  const list: readonly Item[] =
    typeof items === 'function' ? items(seenBy(schedule, state, phase, host, step) as never) : items
  return list.map((item) => ({
    phase,
    step,
    host,
    item,
    id: taskId(phase.play.name, host.name, step.name, item),
  }))
}

/** What a gate between plays says now: its text, undefined (a conclusion without a reason), or what it waits for. */
export function evaluateGate(
  schedule: Schedule,
  state: Looked,
  gate: Approval | Conclusion,
): { text: string | undefined } | Evaluated {
  return guard(() => {
    const from = fromBefore(schedule, state, gate, looks)
    return { text: gate.kind === 'approval' ? gate.question({ from }) : gate.reason({ from }) }
  })
}

function seenBy(
  schedule: Schedule,
  state: Looked,
  phase: PlayPhase,
  host: Host,
  step: Step,
  item?: Item,
): object {
  const rescued = step.within.findLast(({ section }) => section === 'rescue')
  let from: From | undefined
  return viewOf(phase.play, step, {
    result: (of) => outputOf(schedule, state, phase, host, of, step),
    own: {
      ...(rescued !== undefined && { failure: () => failureOf(state, phase, host, rescued.block) }),
      host: () => host,
      from: () => (from ??= fromBefore(schedule, state, phase, looks)),
      ...(item !== undefined && { item: () => item }),
    },
  })
}

function failureOf(state: Looked, phase: PlayPhase, host: Host, block: string): Failure {
  const failure = state.blocks.get(blockId(phase.play.name, host.name, block))
  if (failure === undefined) throw notYet(`a failure in "${block}"`)
  return failure
}

/** The outputs of a play's steps on a host as properties that are read when they are asked for. */
function results(schedule: Schedule, state: Looked, phase: PlayPhase, host: Host): object {
  const seen = {}
  for (const [name, words] of phase.play.leftOut ?? [])
    Object.defineProperty(seen, name, { get: () => leftOut(name, words) })
  for (const step of phase.play.steps)
    Object.defineProperty(seen, step.name, {
      enumerable: true,
      get: () => outputOf(schedule, state, phase, host, step),
    })
  return seen
}

function outputOf(
  schedule: Schedule,
  state: Looked,
  phase: PlayPhase,
  host: Host,
  step: Step,
  reader?: Step,
): unknown {
  const read = (id: TaskId, item?: Item): Json => {
    const task = stateFor(state, { phase, host, step, id, ...(item !== undefined && { item }) })
    if (isDone(task)) return task.output
    if (isForgiven(step, task)) return undefined
    throw notYet(`${id}${task === undefined || task.status === 'running' ? '' : ` (${task.status})`}`)
  }
  try {
    if (step.kind !== 'each') return read(taskId(phase.play.name, host.name, step.name))
    const items = itemsOf(schedule, state, phase, host, step)
    return Object.fromEntries(items.map((at) => [itemName(at.item ?? ''), read(at.id, at.item)]))
  } catch (error) {
    if (error instanceof NotYet && isPassedOver(schedule, state, phase, host, step, reader)) return undefined
    throw error
  }
}

/** What is known of a task; of one that is done once for all, where it was done. */
export function stateFor(state: Looked, task: TaskAt): TaskState | undefined {
  if (task.step.options.runOnce === undefined) return state.tasks.get(task.id)
  for (const one of everywhere(task)) {
    const found = state.tasks.get(one.id)
    if (isDone(found) || isForgiven(task.step, found)) return found
  }
  return state.tasks.get(task.id)
}

/** A task that is done once for all, on each host that may be the one to do it. */
export function everywhere({ phase, host, step, item }: TaskAt): readonly TaskAt[] {
  const isIn = (hosts: readonly Host[]) => hosts.some((one) => one.name === host.name)
  const scope = step.options.runOnce === 'wave' ? (phase.waves.find(isIn) ?? []) : hostsOf(phase)
  return scope.map((one) => ({
    phase,
    step,
    host: one,
    id: taskId(phase.play.name, one.name, step.name, item),
    ...(item !== undefined && { item }),
  }))
}

/** Whether a task failed in a way that `ignoreErrors` forgives. */
export const isForgiven = (step: Step, task: TaskState | undefined): boolean =>
  step.options.ignoreErrors === true && task?.status === 'failed' && !task.mistake && !task.retrying

/** Whether a block's course has passed a task over, for good: it failed before it, or needed no rescue. */
function isPassedOver(
  schedule: Schedule,
  state: Looked,
  phase: PlayPhase,
  host: Host,
  step: Step,
  reader: Step | undefined,
): boolean {
  return step.within.some(({ block, section }) => {
    const failed = state.blocks.has(blockId(phase.play.name, host.name, block))
    const readsFrom = reader?.within.find((one) => one.block === block)?.section
    const isRescued = phase.play.blocks.some((one) => one.name === block && one.rescue !== undefined)
    if (section === 'body') return failed && (isRescued || readsFrom === 'always')
    if (section === 'always') return false
    if (failed) return readsFrom === 'always'
    return sectionOf(phase.play, block, 'body').every((one) => isHad(schedule, state, phase, host, one))
  })
}

/** Whether all that a task of a host has to give is there: it is done, or forgiven, or nothing of it will come. */
export function isHad(schedule: Schedule, state: Looked, phase: PlayPhase, host: Host, step: Step): boolean {
  if (step.kind !== 'each' && step.within.length === 0) {
    const task = stateFor(state, { phase, host, step, id: taskId(phase.play.name, host.name, step.name) })
    return isDone(task) || isForgiven(step, task)
  }
  try {
    outputOf(schedule, state, phase, host, step)
    return true
  } catch (error) {
    if (error instanceof NotYet) return false
    throw error
  }
}

function isLost(schedule: Schedule, state: Looked, phase: PlayPhase, host: Host): boolean {
  const machine = machineOf(host).name
  const isBad = (id: TaskId) => bad.has(state.tasks.get(id)?.status ?? 'pending')
  return hostsOf(phase).some(
    (one) =>
      (one.name === host.name || one.name === machine) &&
      tasksAndHandlers(phase.play).some((step) => {
        const tasks = tasksOf(schedule, state, phase, one, step)
        const ids = 'kind' in tasks ? [] : tasks.map((task) => task.id)
        // An `each` whose items could not be told has failed under its own name.
        return (
          [taskId(phase.play.name, one.name, step.name), ...ids].some(isBad) &&
          !isHad(schedule, state, phase, one, step)
        )
      }),
  )
}
const bad: ReadonlySet<TaskState['status']> = new Set([
  'failed',
  'unknown',
  'unreachable',
  'blocked',
  'cancelled',
])

const looks: Looks = { results, isHad, isLost }
