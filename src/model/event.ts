import type { TaskId } from './action.ts'
import type { Json } from './json.ts'
import type { MachineIdentity } from './machine-identity.ts'
import type { Failure } from './task-options.ts'

/** How a task ended. `unknown`: it may have happened. `blocked`: refused before any change. `unreachable`: nothing was started. */
export type TaskResult =
  | 'ok'
  | 'changed'
  | 'skipped'
  | 'failed'
  | 'unknown'
  | 'unreachable'
  | 'blocked'
  | 'cancelled'
  /** Check mode: it would change something. */
  | 'would-change'
  /** Check mode: it rests on something that only the run will know. */
  | 'not-known'

/** How a run ended; each has its exit code. */
export type Outcome =
  | 'ok' // 0
  | 'blocked' // 2: preflight findings, nothing was changed
  | 'failed' // 3
  | 'unreachable' // 4
  | 'rolled-back' // 5: failed, and brought back completely
  | 'needs-operator' // 6
  | 'fenced' // 7: another has taken its machines over
  | 'interrupted' // 130

/**
 * Why a change is undone. `rewind`: a restore point is brought back so that what rests on it can be done again; it stays
 * done itself. `redo`: a change that rests on one and can be undone alone, undone before it for the same reason.
 */
export type UndoPurpose = 'rollback' | 'rewind' | 'redo'

/** One batch of one play, as the screen shows it. */
export interface WaveOutline {
  readonly play: string
  /** Which wave of its play this is, from 1, and of how many. */
  readonly wave: number
  readonly of: number
  readonly hosts: readonly string[]
  /** Those of the hosts that are things reached through a machine (a database), not machines. */
  readonly things?: readonly string[]
  readonly tasks: readonly string[]
}

/** A playbook that a run goes on with in place of the one it began with. */
export interface Accepted {
  /** SHA-256 of its sources. */
  readonly digest: string
  /** Name of the bundle within the run's folder, and SHA-256 of that file. */
  readonly bundle: string
  readonly bundle_digest: string
}

/** What happened. Everything that is shown, stored, resumed or undone is read from these. */
export type Event =
  | {
      readonly type: 'run.started'
      readonly run: string
      readonly kind: 'run' | 'rollback'
      /** The run that a rollback takes back. */
      readonly of?: string
      readonly playbook: string
      readonly inventory: readonly string[]
      /** SHA-256 of the bundled playbook. */
      readonly digest: string
      readonly tool: string
      readonly check: boolean
      readonly waves: readonly WaveOutline[]
      /** Whether any task is known to be a change before anything is asked; missing in older journals. */
      readonly changes?: boolean
      /** Whether a run of this playbook that ended well leaves the fleet as it found it. */
      readonly leavesAsFound?: boolean
    }
  | {
      readonly type: 'run.resumed'
      readonly run: string
      readonly playbook: string
      /** Whether any change began before, so that there is something to take back. */
      readonly changed: boolean
      readonly waves: readonly WaveOutline[]
      readonly leavesAsFound?: boolean
      readonly tool?: string
      /** The changed playbook that was accepted now, and is used from here on. */
      readonly accepted?: Accepted
    }
  /** The machines that names mean, before anything is changed on them; later ones of a name take the place of earlier ones. */
  | {
      readonly type: 'machines.met'
      readonly machines: readonly (MachineIdentity & { readonly name: string })[]
    }
  | { readonly type: 'wave.started'; readonly play: string; readonly wave: number }
  /** The run waits before this wave, so many seconds, that the wave before it may show what is wrong. Not stored in the journal. */
  | { readonly type: 'wave.soaking'; readonly play: string; readonly wave: number; readonly seconds: number }
  | { readonly type: 'wave.ended'; readonly play: string; readonly wave: number }
  /** A change asks whether there is anything to do. Not stored in the journal. */
  | { readonly type: 'task.checking'; readonly task: TaskId }
  | {
      readonly type: 'task.started'
      readonly task: TaskId
      readonly module: string
      readonly kind: 'observe' | 'change'
      readonly input: Json
      /** What undo needs; on disk before apply begins. */
      readonly remembered: Json
      /** From 1; a try that crashed is continued under its own number. */
      readonly attempt: number
      /** The machine that it is done over, where it is delegated to another than its host's. */
      readonly on?: string
      /** The user who was become for it, if any. */
      readonly as?: string
      /** Whether this change is brought back by its play's restore point alone. */
      readonly undo: 'function' | 'restored' | 'irreversible' | 'none'
    }
  | { readonly type: 'task.said'; readonly task: TaskId; readonly line: string }
  /** A line that a command or a job of the task printed: for the task's log alone. Not stored in the journal. */
  | { readonly type: 'task.output'; readonly task: TaskId; readonly line: string }
  /** With `--diff`: the lines of a unified diff, secrets hidden. Not stored in the journal. */
  | { readonly type: 'task.diffed'; readonly task: TaskId; readonly lines: readonly string[] }
  /** Not stored in the journal. */
  | {
      readonly type: 'task.progress'
      readonly task: TaskId
      readonly done: number
      readonly total: number
      readonly unit: string
    }
  | {
      readonly type: 'task.ended'
      readonly task: TaskId
      readonly result: TaskResult
      readonly output?: Json
      /** Why it was skipped, or what went wrong, the first line who, what and why. */
      readonly message?: string
      /** It failed by a mistake of ours (a function that threw, a defect of a module), which nothing forgives. */
      readonly mistake?: true
      /** Handlers, by their tasks' ids, that are to be done since this task changed something (in check mode: may change). */
      readonly notify?: readonly TaskId[]
      readonly seconds: number
    }
  /** A change failed, and is done again after a pause. */
  | { readonly type: 'task.retried'; readonly task: TaskId; readonly left: number; readonly message: string }
  /** A task of this block (`play/host/block`) failed: what follows is its rescue, if it has one, and its `always`. */
  | { readonly type: 'block.failed'; readonly block: string; readonly failure: Failure }
  /** The block is begun anew: these tasks are to be done again, and keep what they remembered. */
  | { readonly type: 'block.again'; readonly block: string; readonly tasks: readonly TaskId[] }
  /** What a run leaves undone at its end though it must follow: `always` of blocks, and handlers that were notified. */
  | { readonly type: 'due'; readonly blocks: readonly string[]; readonly handlers: readonly TaskId[] }
  /** The restore point was brought back, so the effect of these tasks is gone: all of them at once, in one line of the journal. */
  | { readonly type: 'tasks.rewound'; readonly tasks: readonly TaskId[]; readonly by: string }
  | { readonly type: 'undo.started'; readonly task: TaskId; readonly purpose: UndoPurpose }
  | {
      readonly type: 'undo.ended'
      readonly task: TaskId
      readonly purpose: UndoPurpose
      readonly error?: string
      readonly seconds: number
    }
  | { readonly type: 'approved'; readonly gate: string; readonly question: string; readonly by: string }
  | { readonly type: 'refused'; readonly gate: string; readonly question: string }
  | { readonly type: 'concluded'; readonly gate: string; readonly reason: string }
  /** Users are served by what was built: from now on nothing is taken back unless somebody says so. */
  | { readonly type: 'cutover'; readonly gate: string }
  /** A stop rule spoke: nothing new starts. */
  | { readonly type: 'stopped'; readonly play: string; readonly reason: string }
  | { readonly type: 'run.ended'; readonly outcome: Outcome; readonly seconds: number }

/** An event with when it happened (ISO 8601) and its place in the run, from 1. */
export type Stamped = Event & { readonly seq: number; readonly at: string }

/** Whoever is told what happens: journal, screen, reports. */
export type Listener = (event: Stamped) => void

const passing: ReadonlySet<Event['type']> = new Set([
  'task.progress',
  'task.checking',
  'task.output',
  'task.diffed',
  'wave.soaking',
])

/** Whether an event is kept in the journal: what only moves the screen, or fills a log, is not. */
export const isStored = (event: Event): boolean => !passing.has(event.type)
