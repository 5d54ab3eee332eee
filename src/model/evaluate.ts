import { type Action, isSkip, type Skip, type TaskId } from './action.ts'
import type { Host } from './host.ts'
import type { Json } from './json.ts'
import { type From, type Item, itemName, type Play, type Step } from './play.ts'
import type { Approval, Conclusion } from './playbook.ts'
import {
  hostsOf,
  type Phase,
  type PlayPhase,
  playsOf,
  type Schedule,
  type TaskAt,
  taskId,
} from './schedule.ts'
import { isDone, type State } from './state.ts'

/** Thrown when a task's function reads an output that is not there yet: the task is known after `what`. */
class NotYet extends Error {
  readonly what: string
  constructor(what: string) {
    super(`known after ${what}`)
    this.what = what
  }
}

/** What a task's function comes to at this point of a run. */
export type Evaluated =
  | { readonly kind: 'action'; readonly action: Action }
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
export function evaluate(schedule: Schedule, state: State, task: TaskAt): Evaluated {
  return guard((): Evaluated => {
    const seen = seenBy(schedule, state, task.phase, task.host, task.step, task.item)
    const made: Action | Skip = task.step.make(seen as never)
    return isSkip(made) ? { kind: 'skip', why: made.why } : { kind: 'action', action: made }
  })
}

/** The tasks of a step on a host: one, or one for each item; items may rest on an output that is not there yet. */
export function tasksOf(
  schedule: Schedule,
  state: State,
  phase: PlayPhase,
  host: Host,
  step: Step,
): readonly TaskAt[] | Extract<Evaluated, { kind: 'later' | 'wrong' }> {
  const at = { phase, step, host }
  if (step.kind === 'task') return [{ ...at, id: taskId(phase.play.name, host.name, step.name) }]
  return guard(() => itemsOf(schedule, state, phase, host, step))
}

function itemsOf(
  schedule: Schedule,
  state: State,
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
  state: State,
  gate: Approval | Conclusion,
): { text: string | undefined } | Evaluated {
  return guard(() => {
    const from = fromBefore(schedule, state, gate)
    return { text: gate.kind === 'approval' ? gate.question({ from }) : gate.reason({ from }) }
  })
}

function seenBy(
  schedule: Schedule,
  state: State,
  phase: PlayPhase,
  host: Host,
  step: Step,
  item?: Item,
): object {
  const seen: object = results(schedule, state, phase, host, step)
  Object.defineProperties(seen, {
    host: { value: host, enumerable: true },
    from: { value: fromBefore(schedule, state, phase), enumerable: true },
    ...(item !== undefined && { item: { value: item, enumerable: true } }),
  })
  return seen
}

/** The outputs of a play's steps on a host as properties that are read when they are asked for. */
function results(schedule: Schedule, state: State, phase: PlayPhase, host: Host, until?: Step): object {
  const seen = {}
  for (const step of phase.play.steps) {
    if (step === until) break
    Object.defineProperty(seen, step.name, {
      enumerable: true,
      get: () => outputOf(schedule, state, phase, host, step),
    })
  }
  return seen
}

function outputOf(schedule: Schedule, state: State, phase: PlayPhase, host: Host, step: Step): unknown {
  const read = (id: TaskId): Json => {
    const task = state.tasks.get(id)
    if (isDone(task)) return task.output
    if (step.options.ignoreErrors === true && task?.status === 'failed') return undefined
    throw new NotYet(`${id}${task === undefined || task.status === 'running' ? '' : ` (${task.status})`}`)
  }
  if (step.kind === 'task') return read(taskId(phase.play.name, host.name, step.name))
  const items = itemsOf(schedule, state, phase, host, step)
  return Object.fromEntries(items.map((at) => [itemName(at.item ?? ''), read(at.id)]))
}

function fromBefore(schedule: Schedule, state: State, here: Phase): From {
  const before = schedule.phases.slice(0, schedule.phases.indexOf(here))
  const find = (play: Play): PlayPhase => {
    const phase = before.find((one): one is PlayPhase => one.kind === 'play' && one.play.name === play.name)
    if (phase !== undefined) return phase
    const later = playsOf(schedule).some((one) => one.play.name === play.name)
    throw new Error(
      later
        ? `the play "${play.name}" is not before this one, so its results cannot be read here`
        : `the play "${play.name}" is not in the list that the playbook returns`,
    )
  }
  const one = (play: Play, host: Host): object => {
    const phase = find(play)
    if (!phase.play.hosts.some((other) => other.name === host.name))
      throw new Error(`the host "${host.name}" is not in the play "${play.name}"`)
    if (!hostsOf(phase).some((other) => other.name === host.name))
      throw new Error(`the host "${host.name}" of the play "${play.name}" is left out by --limit`)
    return results(schedule, state, phase, host)
  }
  const all = (play: Play): readonly { host: Host; results: object }[] => {
    const phase = find(play)
    const states = hostsOf(phase).flatMap((host) =>
      phase.play.steps.map((step) => settled(schedule, state, phase, host, step)),
    )
    if (!states.every((known) => known)) throw new NotYet(phase.play.name)
    return hostsOf(phase)
      .filter((host) => phase.play.steps.every((step) => has(schedule, state, phase, host, step)))
      .map((host) => ({ host, results: results(schedule, state, phase, host) }))
  }
  return Object.assign(one, { all }) as unknown as From
}

function has(schedule: Schedule, state: State, phase: PlayPhase, host: Host, step: Step): boolean {
  try {
    outputOf(schedule, state, phase, host, step)
    return true
  } catch (error) {
    if (error instanceof NotYet) return false
    throw error
  }
}

/** Whether nothing more is to come of a step on a host: it is done, or something of its play failed there. */
function settled(schedule: Schedule, state: State, phase: PlayPhase, host: Host, step: Step): boolean {
  return has(schedule, state, phase, host, step) || state.broken.has(`${phase.play.name}/${host.name}`)
}
