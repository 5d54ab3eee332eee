import type { TaskId } from './action.ts'
import type { Event, Outcome, TaskResult } from './event.ts'
import type { Json } from './json.ts'
import type { MachineIdentity } from './machine-identity.ts'
import { pastOf } from './past.ts'
import type { Failure } from './task-options.ts'

/** What is known of one task after a row of events. */
export interface TaskState {
  /** `running`: it was started and nobody told its end (it runs, or its controller died). `pending`: undone or rewound. */
  readonly status: 'running' | 'pending' | TaskResult
  /** Whether it changed something, or may have, that was not taken back since. */
  readonly begun: boolean
  readonly module: string
  readonly input: Json
  readonly remembered: Json
  readonly attempt: number
  readonly output: Json
  readonly message: string | undefined
  readonly undo: 'function' | 'restored' | 'irreversible' | 'none'
  /** How often its undo was begun, and whether the last of these has not ended. */
  readonly undos: number
  readonly undoing: boolean
  /** It failed by a mistake of ours, which nothing forgives. */
  readonly mistake: boolean
  /** It failed, and is done again after a pause. */
  readonly retrying: boolean
  /** The machine that it was done over, if it was delegated. */
  readonly on: string | undefined
  /** The user who was become for it; undefined is who logged in. */
  readonly as: string | undefined
}

/** Why a handler is to be done. */
export interface Notice {
  /** The first task that notified it. */
  readonly by: TaskId
  /** False in check mode, where it is not known whether that task changes something. */
  readonly sure: boolean
}

/** A run as its events tell it. */
export interface State {
  readonly run: string
  readonly tasks: ReadonlyMap<TaskId, TaskState>
  /** How often the tasks of each play changed: what was worked out from them holds as long as this does. */
  readonly revisions: ReadonlyMap<string, number>
  /** Handlers that were notified and not done since, by their tasks' ids. */
  readonly notified: ReadonlyMap<TaskId, Notice>
  /** Blocks (`play/host/block`) of which a task failed, with what failed. */
  readonly blocks: ReadonlyMap<string, Failure>
  /** Tasks that were done before their block began anew, and not since: their outputs are there for undoing alone. */
  readonly past: ReadonlySet<TaskId>
  /** For undoing alone: tasks as they were before they were taken back, and what failed blocks before they began anew. */
  readonly undone: ReadonlyMap<TaskId, TaskState>
  readonly pastBlocks: ReadonlyMap<string, Failure>
  readonly approved: ReadonlySet<string>
  readonly concluded: string | undefined
  /** The cut-overs that were reached: what was done before them is not taken back without a person's word. */
  readonly cutovers: ReadonlySet<string>
  readonly outcome: Outcome | undefined
  /** The machines that were changed, or were to be, by the names that they were met under. */
  readonly machines: ReadonlyMap<string, MachineIdentity>
  /** What the run was when it began: the playbook's digest, its check flag. */
  readonly digest: string
  readonly check: boolean
}

/** A state in which tasks and blocks are looked up by their ids alone. */
export type Looked = Omit<State, 'tasks' | 'blocks'> & {
  readonly tasks: Pick<ReadonlyMap<TaskId, TaskState>, 'get' | 'has'>
  readonly blocks: Pick<ReadonlyMap<string, Failure>, 'get' | 'has'>
}

/** A fold that can be fed: {@link State} as events come. */
export interface StateFold extends State {
  apply(event: Event): void
}

/** Whether a task has an output that later tasks may read (undefined for a skipped one). */
export function isDone(
  task: TaskState | undefined,
): task is TaskState & { readonly status: 'ok' | 'changed' | 'skipped' } {
  return task !== undefined && ['ok', 'changed', 'skipped'].includes(task.status)
}

const blank: TaskState = {
  status: 'pending',
  begun: false,
  module: '',
  input: null,
  remembered: null,
  attempt: 0,
  output: undefined,
  message: undefined,
  undo: 'none',
  undos: 0,
  undoing: false,
  mistake: false,
  retrying: false,
  on: undefined,
  as: undefined,
}

/** The state after these events. Undo events of a rollback's journal fold onto the state of the run that it takes back. */
export function fold(events: Iterable<Event>): StateFold {
  const tasks = new Map<TaskId, TaskState>()
  const approved = new Set<string>()
  const notified = new Map<TaskId, Notice>()
  const blocks = new Map<string, Failure>()
  const past = new Set<TaskId>()
  const undone = new Map<TaskId, TaskState>()
  const pastBlocks = new Map<string, Failure>()
  const revisions = new Map<string, number>()
  const state = {
    run: '',
    tasks,
    undone,
    pastBlocks,
    revisions,
    notified,
    blocks,
    past,
    approved,
    concluded: undefined as string | undefined,
    cutovers: new Set<string>(),
    outcome: undefined as Outcome | undefined,
    machines: new Map<string, MachineIdentity>(),
    digest: '',
    check: false,
    apply: (event: Event): void => step(state, event),
  }
  for (const event of events) state.apply(event)
  return state
}

type Mutable = {
  run: string
  tasks: Map<TaskId, TaskState>
  undone: Map<TaskId, TaskState>
  pastBlocks: Map<string, Failure>
  revisions: Map<string, number>
  notified: Map<TaskId, Notice>
  blocks: Map<string, Failure>
  past: Set<TaskId>
  approved: Set<string>
  concluded: string | undefined
  cutovers: Set<string>
  outcome: Outcome | undefined
  machines: Map<string, MachineIdentity>
  digest: string
  check: boolean
}

function step(state: Mutable, event: Event): void {
  const revise = (id: string) => {
    const play = id.slice(0, Math.max(0, id.indexOf('/')))
    state.revisions.set(play, (state.revisions.get(play) ?? 0) + 1)
  }
  const put = (id: TaskId, change: Partial<TaskState>) => {
    state.tasks.set(id, { ...(state.tasks.get(id) ?? blank), ...change })
    revise(id)
  }
  switch (event.type) {
    case 'run.started':
      if (event.kind === 'run')
        Object.assign(state, { run: event.run, digest: event.digest, check: event.check })
      return
    case 'run.resumed':
      state.outcome = undefined
      return
    case 'task.started': {
      const { module, input, remembered, attempt, undo, on, as } = event
      const begun = event.kind === 'change'
      put(event.task, {
        status: 'running',
        begun,
        module,
        input,
        remembered,
        attempt,
        undo,
        on,
        as,
        retrying: false,
      })
      return
    }
    case 'task.retried':
      put(event.task, { status: 'failed', message: event.message, retrying: true })
      return
    case 'task.ended': {
      const { task, result, output, message, mistake = false, notify = [] } = event
      put(task, {
        status: result,
        message,
        mistake,
        retrying: false,
        // It was done, and says that it changed nothing: there is nothing to take back.
        ...(result === 'ok' && { begun: false }),
        ...(!state.past.has(task) && { output }),
      })
      if (isDone(state.tasks.get(task))) {
        state.past.delete(task)
        put(task, { output })
      }
      if (fine.has(result)) state.notified.delete(task)
      for (const handler of notify) {
        if (!state.notified.has(handler))
          state.notified.set(handler, { by: task, sure: result !== 'not-known' })
        // Done once, it is to be done again; what it remembered the first time is what its undo goes by.
        if (state.tasks.has(handler)) put(handler, { status: 'pending' })
      }
      return
    }
    case 'block.failed':
      state.blocks.set(event.block, event.failure)
      revise(event.block)
      return
    case 'block.again':
      forget(state, event.block)
      for (const id of event.tasks) {
        const task = state.tasks.get(id)
        const kept = state.past.has(id) || isDone(task)
        if (task !== undefined) put(id, { status: 'pending' })
        if (kept) state.past.add(id)
      }
      revise(event.block)
      return
    case 'tasks.rewound':
      for (const task of event.tasks) {
        const at = playHost(task)
        put(task, { status: 'pending', begun: false, output: undefined, remembered: null })
        state.past.delete(task)
        // They will be notified, or fail, anew.
        for (const handler of state.notified.keys())
          if (playHost(handler) === at) state.notified.delete(handler)
        for (const block of state.blocks.keys()) if (playHost(block) === at) state.blocks.delete(block)
      }
      return
    case 'undo.started':
      put(event.task, { undos: (state.tasks.get(event.task)?.undos ?? 0) + 1, undoing: true })
      return
    case 'undo.ended':
      put(event.task, { undoing: false })
      if (event.purpose === 'rollback' && event.error === undefined) {
        const task = pastOf(state).tasks.get(event.task)
        if (isDone(task)) state.undone.set(event.task, task)
        state.past.delete(event.task)
        put(event.task, { status: 'pending', begun: false, output: undefined })
      }
      // Its status stays until all is rewound: it is what tells that there is something to be rewound.
      if (event.purpose === 'redo' && event.error === undefined)
        put(event.task, { begun: false, remembered: null })
      return
    case 'approved':
      state.approved.add(event.gate)
      return
    case 'concluded':
      state.concluded = event.gate
      return
    case 'cutover':
      state.cutovers.add(event.gate)
      return
    case 'run.ended':
      state.outcome = event.outcome
      return
    case 'machines.met':
      for (const { name, ...who } of event.machines) state.machines.set(name, who)
      return
    case 'wave.started':
    case 'wave.soaking':
    case 'wave.ended':
    case 'task.checking':
    case 'task.said':
    case 'task.output':
    case 'task.diffed':
    case 'task.progress':
    case 'refused':
    case 'stopped':
    case 'due':
      return
    default:
      event satisfies never
  }
}

/** What failed a block is kept for undoing alone: its rescue was made by it. */
function forget({ blocks, pastBlocks }: Mutable, block: string): void {
  const failure = blocks.get(block)
  if (failure !== undefined) pastBlocks.set(block, failure)
  blocks.delete(block)
}

const fine: ReadonlySet<TaskResult> = new Set(['ok', 'changed', 'skipped', 'would-change', 'not-known'])
const playHost = (id: TaskId): string => id.split('/', 2).join('/')
