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

// Planning meets thousands of these, and nobody reads where they come from: without a stack they cost little.
function notYet(what: string): NotYet {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  const error = new NotYet(what)
  Error.stackTraceLimit = stackTraceLimit
  return error
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

/** What a later play sees of a host: made once, since its properties read the state when they are asked for. */
function seenFrom(schedule: Schedule, state: State, phase: PlayPhase, host: Host): object {
  const seen = views.get(state) ?? new Map<PlayPhase, Map<string, object>>()
  views.set(state, seen)
  const hosts = seen.get(phase) ?? new Map<string, object>()
  seen.set(phase, hosts)
  const made = hosts.get(host.name) ?? Object.freeze(results(schedule, state, phase, host))
  hosts.set(host.name, made)
  return made
}
const views = new WeakMap<State, Map<PlayPhase, Map<string, object>>>()

function outputOf(schedule: Schedule, state: State, phase: PlayPhase, host: Host, step: Step): unknown {
  const read = (id: TaskId): Json => {
    const task = state.tasks.get(id)
    if (isDone(task)) return task.output
    if (step.options.ignoreErrors === true && task?.status === 'failed') return undefined
    throw notYet(`${id}${task === undefined || task.status === 'running' ? '' : ` (${task.status})`}`)
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
    const { all: everyone, within } = namesOf(phase)
    if (!everyone.has(host.name)) throw new Error(`the host "${host.name}" is not in the play "${play.name}"`)
    if (!within.has(host.name))
      throw new Error(`the host "${host.name}" of the play "${play.name}" is left out by --limit`)
    return seenFrom(schedule, state, phase, host)
  }
  const all = (play: Play): readonly { host: Host; results: object }[] => allOf(schedule, state, find(play))
  return Object.assign(one, { all }) as unknown as From
}

/** The names of a play's hosts, and of those within the limit; a playbook may ask for each host from each host. */
function namesOf(phase: PlayPhase): {
  readonly all: ReadonlySet<string>
  readonly within: ReadonlySet<string>
} {
  const known = names.get(phase)
  if (known !== undefined) return known
  const made = {
    all: new Set(phase.play.hosts.map((host) => host.name)),
    within: new Set(hostsOf(phase).map((host) => host.name)),
  }
  names.set(phase, made)
  return made
}
const names = new WeakMap<PlayPhase, ReturnType<typeof namesOf>>()

type All = readonly { readonly host: Host; readonly results: object }[]
interface Remembered {
  readonly phase: PlayPhase
  readonly revision: number
  /** Undefined: not all of it is there yet. */
  readonly list: All | undefined
}

/** Every host's results of a play. As long as nothing of the play changes, the answer is kept: a thousand hosts may ask. */
function allOf(schedule: Schedule, state: State, phase: PlayPhase): All {
  const { name } = phase.play
  const revision = state.revisions.get(name) ?? 0
  const kept = remembered.get(state) ?? new Map<string, Remembered>()
  remembered.set(state, kept)
  let found = kept.get(name)
  if (found?.phase !== phase || found.revision !== revision) {
    found = { phase, revision, list: listAll(schedule, state, phase) }
    // Items that a function gives may rest on other plays too.
    if (phase.play.steps.every((step) => typeof step.items !== 'function')) kept.set(name, found)
  }
  if (found.list === undefined) throw notYet(name)
  return found.list
}
const remembered = new WeakMap<State, Map<string, Remembered>>()

function listAll(schedule: Schedule, state: State, phase: PlayPhase): All | undefined {
  const hosts: Host[] = []
  for (const host of hostsOf(phase)) {
    const complete = phase.play.steps.every((step) => has(schedule, state, phase, host, step))
    if (complete) hosts.push(host)
    // Where something of it failed, nothing more is to come.
    else if (!state.broken.has(`${phase.play.name}/${host.name}`)) return undefined
  }
  return hosts.map((host) => ({ host, results: seenFrom(schedule, state, phase, host) }))
}

function has(schedule: Schedule, state: State, phase: PlayPhase, host: Host, step: Step): boolean {
  if (step.kind === 'task') {
    const task = state.tasks.get(taskId(phase.play.name, host.name, step.name))
    return isDone(task) || (step.options.ignoreErrors === true && task?.status === 'failed')
  }
  try {
    outputOf(schedule, state, phase, host, step)
    return true
  } catch (error) {
    if (error instanceof NotYet) return false
    throw error
  }
}
