import { accountOf } from '../model/account.ts'
import { evaluate, evaluateGate, everywhere, tasksOf } from '../model/evaluate.ts'
import type { WaveOutline } from '../model/event.ts'
import { type Host, machineOf } from '../model/host.ts'
import type { Json } from '../model/json.ts'
import type { Step } from '../model/play.ts'
import type { PlayPhase, Schedule, TaskAt } from '../model/schedule.ts'
import { hostsOf, playsOf, taskId, tasksAndHandlers } from '../model/schedule.ts'
import { fold, type State } from '../model/state.ts'
import { stopsAt } from '../model/stop-rule.ts'

/** What would come of a task: never a guess. `until` names the task whose doing or output decides. */
export type Expected =
  | { readonly kind: 'observed' | 'would-change' | 'no-change' }
  | { readonly kind: 'unknown'; readonly until: string }

/** How a change is brought back: by its own undo, by restore points (their plays' names), or not at all. */
export type WayBack =
  | { readonly kind: 'itself' }
  | { readonly kind: 'restored'; readonly by: readonly string[] }
  | { readonly kind: 'never'; readonly why: string }

/** What is known of a task before it is done. */
export interface PlannedTask {
  readonly id: string
  readonly host: string
  readonly name: string
  /** When it is done at all: a handler when it is notified, a rescue when something failed. */
  readonly when?: string
  /** Done once for the hosts of this scope: each of them may do it, and the first of them stands for it. */
  readonly once?: {
    readonly scope: 'play' | 'wave'
    readonly isFirst: boolean
    /** The task under whose id it was asked about. */
    readonly asked: string
  }
  /** As whom it is done, where the playbook says so. */
  readonly as?: string
  /** The machine that it is done over, where that is another than its host's. */
  readonly over?: string
  readonly known:
    | {
        readonly kind: 'observe' | 'change'
        readonly module: string
        readonly input: Json
        readonly expected: Expected
        /** Undefined for what only observes. */
        readonly back: WayBack | undefined
        /** What of its output a stored plan rests on; undefined: all of it. */
        readonly steady?: ((output: Json) => Json) | undefined
      }
    | { readonly kind: 'skip'; readonly why: string }
    | { readonly kind: 'later'; readonly after: string }
}

/** A wave with its tasks, host by host. */
export type PlannedWave = WaveOutline & {
  readonly kind: 'wave'
  /** How many hosts of it must fail before the run stops; undefined when no number does. */
  readonly stopsAt: number | undefined
  /** How its play rolls over the hosts, in words. */
  readonly rollout: readonly string[]
  readonly planned: readonly PlannedTask[]
}

/** A gate between plays with what it says; `ends` when the run would end there, well. */
export interface PlannedGate {
  readonly kind: Exclude<Schedule['phases'][number]['kind'], 'play'>
  readonly name: string
  readonly text: string
  readonly ends: boolean
}

/** A wave with its tasks, or a gate between plays. */
export type PlannedPart = PlannedWave | PlannedGate

/** Whether the selection leaves nothing of a play. */
const isEmpty = ({ play }: PlayPhase): boolean => play.leftOut !== undefined && play.steps.length === 0

/** The waves of a schedule, as the screen shows them. */
export function waveOutlines(
  schedule: Schedule,
  limit: (machine: Host) => boolean = () => true,
): readonly WaveOutline[] {
  return playsOf(schedule)
    .filter((phase) => !isEmpty(phase))
    .flatMap((phase) =>
      phase.waves.flatMap((hosts, at) => {
        const within = hosts.filter((host) => limit(machineOf(host)))
        return within.length === 0 && hosts.length > 0 ? [] : [wave(phase, at, within)]
      }),
    )
}

/** Whether any task is known to be a change before anything is asked. */
export const knownToChange = (schedule: Schedule): boolean =>
  outline(schedule, fold([])).some(
    (part) => part.kind === 'wave' && part.planned.some(({ known }) => known.kind === 'change'),
  )

/**
 * Everything that would be done, as far as the state (of an observation run, or an empty one) lets it be known, up to the
 * conclusion that holds. `unasked` says what must happen before something is known that nobody asked the hosts.
 */
export function outline(
  schedule: Schedule,
  state: State,
  unasked = 'the hosts are asked',
): readonly PlannedPart[] {
  const parts: PlannedPart[] = []
  /** The first task of an earlier play that changes the world which later ones ask about. */
  let unsettled: string | undefined
  // Where nobody was asked, asking is all that anything waits for.
  const nobody = state.tasks.size === 0
  for (const phase of schedule.phases) {
    if (phase.kind !== 'play') {
      const gate = plannedGate(schedule, state, phase)
      parts.push(gate)
      if (gate.ends) break
      continue
    }
    if (isEmpty(phase)) continue
    const before = unsettled
    const tasks = new Map(
      hostsOf(phase).map((host) => [host, hostTasks(schedule, state, phase, host, before, unasked)] as const),
    )
    for (const [at, hosts] of phase.waves.entries())
      parts.push({
        kind: 'wave',
        ...wave(phase, at, hosts),
        stopsAt: stopsAt(phase.play.options, hosts.length, at + 1),
        rollout: rolloutWords(phase, at),
        planned: hosts.flatMap((host) => tasks.get(host) ?? []),
      })
    if (!nobody) unsettled ??= [...tasks.values()].flat().find(unsettles)?.id
  }
  return parts
}

function rolloutWords({ play, waves }: PlayPhase, at: number): readonly string[] {
  const { canary, window, strategy, soak, minHealthy } = play.options
  const later = at + 1 < waves.length
  return [
    ...(canary !== undefined && at === 0 ? ['canary: the others follow when all of it is well'] : []),
    ...(window === undefined ? [] : [`${window} at a time`]),
    ...(strategy === 'linear' ? ['task by task'] : []),
    ...(minHealthy === undefined ? [] : [`stops when fewer than ${minHealthy} would be in service`]),
    ...(soak !== undefined && later ? [`then waits ${typeof soak === 'number' ? `${soak}s` : soak}`] : []),
  ]
}

function plannedGate(
  schedule: Schedule,
  state: State,
  gate: Exclude<Schedule['phases'][number], PlayPhase>,
): PlannedGate {
  if (gate.kind === 'cutover')
    return { kind: 'cutover', name: gate.name, text: 'after this, rollback is never automatic', ends: false }
  const asked = evaluateGate(schedule, state, gate)
  const text =
    'text' in asked
      ? (asked.text ?? 'no reason to')
      : asked.kind === 'later'
        ? `known after ${waitsFor(asked.after)}`
        : ''
  const ends = gate.kind === 'conclusion' && 'text' in asked && asked.text !== undefined
  return { kind: gate.kind, name: gate.name, text, ends }
}

function wave(phase: PlayPhase, at: number, hosts: PlayPhase['waves'][number]): WaveOutline {
  const things = hosts.filter((host) => host.via !== undefined).map((host) => host.name)
  return {
    play: phase.play.name,
    wave: at + 1,
    of: phase.waves.length,
    hosts: hosts.map((host) => host.name),
    ...(things.length > 0 && { things }),
    tasks: phase.play.steps.map((step) => step.name),
  }
}

function hostTasks(
  schedule: Schedule,
  state: State,
  phase: PlayPhase,
  host: Host,
  unsettled: string | undefined,
  unasked: string,
): readonly PlannedTask[] {
  let waiting = unsettled
  const planned: PlannedTask[] = []
  for (const step of tasksAndHandlers(phase.play)) {
    const tasks = tasksOf(schedule, state, phase, host, step)
    const made =
      'kind' in tasks
        ? [() => laterStep(taskId(phase.play.name, host.name, step.name), host, step, tasks)]
        : tasks.map((task) => () => plannedTask(schedule, state, task, waiting ?? unasked))
    for (const make of made) {
      const one = make()
      planned.push(one)
      if (state.tasks.size > 0 && unsettles(one)) waiting ??= one.id
    }
  }
  return planned
}

/** Whether what comes after a task finds another world than now. What is known later may be a change. */
const unsettles = ({ known }: PlannedTask): boolean =>
  known.kind === 'later' ||
  (known.kind === 'change' && ['would-change', 'unknown'].includes(known.expected.kind))

function laterStep(
  id: string,
  host: Host,
  step: Step,
  tasks: { readonly kind: 'later'; readonly after: string } | { readonly kind: 'wrong' },
): PlannedTask {
  const after = tasks.kind === 'later' ? waitsFor(tasks.after) : 'a mistake is mended'
  return { id, host: host.name, name: step.name, ...when(step), known: { kind: 'later', after } }
}

/** What is waited for; that it was not done in a look that does nothing goes without saying. */
const waitsFor = (after: string): string => after.replace(/ \((would-change|not-known)\)$/, '')

/** When a task is done at all, if not as a matter of course. */
function when(step: Step): { readonly when?: string } {
  if (step.kind === 'handler') return { when: 'if it is notified' }
  const rescue = step.within.findLast(({ section }) => section === 'rescue')
  return rescue === undefined ? {} : { when: `if a task of "${rescue.block}" fails` }
}

/** The machine that a step is delegated to, as far as it says so without anything that was seen. */
const delegatedTo = ({ options: { delegateTo } }: Step): Host | undefined =>
  typeof delegateTo === 'object' ? machineOf(delegateTo) : undefined

/** For a task that is done once: which host asked about it, and whether this one stands for all. */
function onceOf(state: State, task: TaskAt): PlannedTask['once'] {
  const scope = task.step.options.runOnce
  if (scope === undefined) return undefined
  const ids = everywhere(task).map(({ id }) => id)
  const asked = ids.find((id) => !['', 'blocked'].includes(state.tasks.get(id)?.status ?? '')) ?? task.id
  return { scope, isFirst: ids[0] === task.id, asked }
}

function plannedTask(schedule: Schedule, state: State, task: TaskAt, until: string): PlannedTask {
  const made = evaluate(schedule, state, task)
  const name = task.id.split('/').slice(2).join('/')
  const once = onceOf(state, task)
  const over = made.kind === 'action' ? made.machine : delegatedTo(task.step)
  const base = {
    ...{ id: task.id, host: task.host.name, name, ...when(task.step), ...(once && { once }) },
    ...(over !== undefined && over.name !== machineOf(task.host).name && { over: over.name }),
    ...asOf(task),
  }
  switch (made.kind) {
    case 'action': {
      const { module, input, work } = made.action
      const expected = expectedOf(state.tasks.get(once?.asked ?? task.id)?.status, work.kind, until)
      const back = work.kind === 'observe' ? undefined : wayBack(task, work.undo)
      const steady = work.kind === 'observe' ? work.steady : undefined
      return { ...base, known: { kind: work.kind, module, input, expected, back, steady } }
    }
    case 'skip':
      return { ...base, known: { kind: 'skip', why: made.why } }
    case 'later':
      return { ...base, known: { kind: 'later', after: waitsFor(made.after) } }
    case 'wrong':
      return { ...base, known: { kind: 'later', after: `a mistake is mended: ${made.problem}` } }
  }
}

function asOf({ phase, step }: TaskAt): { readonly as?: string } {
  const { become, user } = accountOf(phase.play, step)
  if (become === undefined) return {}
  return { as: become ? (user ?? 'root (or ansible_become_user)') : 'who logs in' }
}

function expectedOf(status: string | undefined, kind: 'observe' | 'change', until: string): Expected {
  if (status === 'would-change') return { kind: 'would-change' }
  if (status === 'ok') return { kind: kind === 'observe' ? 'observed' : 'no-change' }
  return { kind: 'unknown', until }
}

function wayBack(task: TaskAt, undo: unknown): WayBack {
  if (typeof undo === 'function') return { kind: 'itself' }
  if (typeof undo === 'object' && undo !== null && 'why' in undo)
    return { kind: 'never', why: String(undo.why) }
  return { kind: 'restored', by: task.phase.play.options.restoredBy?.map((play) => play.name) ?? [] }
}
