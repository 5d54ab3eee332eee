import type { Command } from './command.ts'
import type { Connection, Job, JobOptions } from './connection.ts'
import type { Diff } from './diff.ts'
import { TaskError } from './errors.ts'
import type { Json } from './json.ts'

/** `play/host/task`, with `[item]` behind the task of an `each`. Names, never line numbers: it is the same in every run. */
export type TaskId = string

/** What a module's functions work with: the machine, and the run that they belong to. */
export interface On extends Omit<Connection, 'job' | 'jobs' | 'close' | 'lock' | 'fenced' | 'who' | 'as'> {
  /** The machine's inventory name. */
  readonly name: string
  readonly run: string
  readonly task: TaskId
  readonly signal: AbortSignal
  /** Aborted when the run is interrupted. A change under way is brought to its end: only what merely waits looks at it. */
  readonly interrupted: AbortSignal
  /** A line for the person who watches and for the log. */
  say(line: string): void
  /** Progress of something long, in `unit`s; shown, not stored. */
  progress(done: number, total: number, unit: string): void
  /** A listener for what is printed elsewhere than over the connection: each line goes into the task's log, the heading before the first. */
  hears(heading: string): (line: string) => void
  /** Starts a job named within this task and try of it, or attaches to it after a crash. */
  job(name: string, command: Command, options?: JobOptions): Promise<Job>
  /** Whether this try of the task has begun a job of that name already, so that {@link On.job} would attach to it. */
  begun(name: string): Promise<boolean>
  /** Runs a command and wants exit 0: throws {@link TaskError} with its output otherwise, {@link UnknownOutcome} when it was lost. */
  must(command: Command, options?: Parameters<Connection['exec']>[1]): Promise<string>
  /** Which of these runs may still be resumed or rolled back, as far as this controller knows: their backups must stay. */
  needed(runs: readonly string[]): Promise<readonly string[]>
  /** Another machine of the playbook by its inventory name, to read from. */
  peer(name: string): Promise<Pick<Connection, 'endpoint' | 'exec' | 'get'>>
  /** Absolute path of this task's own directory on the machine, for before-images; made when first asked for. */
  keep(): Promise<string>
}

/** Reads and tells. Runs in check mode and while planning. */
export interface Observe<out Out> {
  readonly kind: 'observe'
  read(on: On, input: Json): Promise<Out>
  /** What of the output a stored plan rests on, where some of it moves by itself (rows that users write). */
  readonly steady?: ((output: Json) => Json) | undefined
  /** What differs between what it said before a cut-over and what it says now, in words: that is lost by going back behind it. */
  readonly since?: ((before: Json, now: Json) => readonly string[]) | undefined
}

/** This change cannot be undone, for this reason (a mail sent, traffic served): rollback stops here and says so. */
export interface Irreversible {
  readonly kind: 'irreversible'
  readonly why: string
}

/** This change cannot be undone alone: the restore point of its play brings it back. */
export interface Restored {
  readonly kind: 'restored'
}

/** Changes the machine. What undo needs is remembered, and on disk here, before `apply` begins. */
export interface Change<out Out> {
  readonly kind: 'change'
  /** Is it so already? Then this is the output, and nothing is done. Only reads. A change that was begun before a crash gets what it remembered. Without it only doing can tell. */
  readonly check?: ((on: On, input: Json, remembered?: Json) => Promise<Out | undefined>) | undefined
  /** The before-image: reads, and writes nothing but the task's own directory (`on.keep()`). Without it nothing is remembered. */
  readonly remember?: ((on: On, input: Json) => Promise<Json>) | undefined
  /** Does it. After a crash it runs again, with what was remembered the first time. */
  apply(on: On, input: Json, remembered: Json): Promise<Out>
  readonly undo: ((on: On, input: Json, remembered: Json) => Promise<void>) | Irreversible | Restored
  /** Whether the doing that gave this output changed anything; without it, it did. What changed nothing is not taken back. */
  readonly changed?: ((output: Json) => boolean) | undefined
  /** What it would make different, file by file; secrets as `***` ({@link shownText}). Asked when `check` found something to do; only reads. */
  readonly diff?: ((on: On, input: Json) => Promise<readonly Diff[]>) | undefined
  /** For a restore point: throws unless its undo can be done. Asked of all things of all points before anything is taken back; only reads. */
  readonly prove?: ((on: On, input: Json, remembered: Json) => Promise<void>) | undefined
  /**
   * For a restore point, when users were let in since: keeps what is there now, once, before the undo brings back what was. Asked
   * for again after a crash, it leaves what it kept the first time.
   */
  readonly keepNow?: ((on: On, input: Json, remembered: Json) => Promise<void>) | undefined
}

/** A module's work with its input: what a task does. Data but for the functions. */
export interface Action<out Out = unknown> {
  readonly module: string
  readonly input: Json
  readonly work: Observe<Out> | Change<Out>
}

/** Makes an Action out of an input. */
export type Module<in In, out Out> = (input: In) => Action<Out>

/** What an author gives to {@link change}; `check` may be left out where only doing can tell. */
export interface ChangeSpec<In extends Json, Out extends Json | void, Memory extends Json> {
  check?(on: On, input: In, remembered?: Memory): Promise<Out | undefined>
  remember?(on: On, input: In): Promise<Memory>
  apply(on: On, input: In, remembered: Memory): Promise<Out>
  readonly undo: ((on: On, input: In, remembered: Memory) => Promise<void>) | Irreversible | Restored
  changed?(output: Out): boolean
  diff?(on: On, input: In): Promise<readonly Diff[]>
  prove?(on: On, input: In, remembered: Memory): Promise<void>
  keepNow?(on: On, input: In, remembered: Memory): Promise<void>
}

/**
 * A module that reads. Its input and output are JSON, since the journal keeps them. `steady` picks what of the output must
 * be the same again when a stored plan is run; without it, all of it must. `since` says what going back behind a cut-over loses.
 */
export function observe<In extends Json, Out extends Json | void>(
  name: string,
  read: (on: On, input: In) => Promise<Out>,
  options: {
    readonly steady?: (output: Out) => Json
    readonly since?: (before: Out, now: Out) => readonly string[]
  } = {},
): Module<In, Out> {
  const { steady, since } = options
  const work: Observe<Out> = {
    kind: 'observe',
    read: (on, given) => read(on, given as In),
    ...(steady && { steady: (output: Json) => steady(output as Out) }),
    ...(since && { since: (before: Json, now: Json) => since(before as Out, now as Out) }),
  }
  return (input) => ({ module: name, input, work })
}

/** A module that changes. `undo` is compulsory: a function, {@link irreversible} or {@link restored}. */
export function change<In extends Json, Out extends Json | void, Memory extends Json = Json>(
  name: string,
  spec: ChangeSpec<In, Out, Memory>,
): Module<In, Out> {
  const { undo } = spec
  const work: Change<Out> = {
    kind: 'change',
    ...(spec.check && {
      check: async (on, input, remembered) => spec.check?.(on, input as In, remembered as Memory | undefined),
    }),
    ...(spec.remember && { remember: async (on, input) => (await spec.remember?.(on, input as In)) ?? null }),
    apply: (on, input, remembered) => spec.apply(on, input as In, remembered as Memory),
    undo:
      typeof undo === 'function'
        ? (on, input, remembered) => undo(on, input as In, remembered as Memory)
        : undo,
    ...(spec.changed && { changed: (output: Json) => spec.changed?.(output as Out) ?? true }),
    ...(spec.diff && { diff: async (on, input) => (await spec.diff?.(on, input as In)) ?? [] }),
    ...(spec.prove && {
      prove: async (on, input, remembered) => spec.prove?.(on, input as In, remembered as Memory),
    }),
    ...(spec.keepNow && {
      keepNow: async (on, input, remembered) => spec.keepNow?.(on, input as In, remembered as Memory),
    }),
  }
  return (input) => ({ module: name, input, work })
}

/** The undo of a change that no backup covers. */
export const irreversible = (why: string): Irreversible => ({ kind: 'irreversible', why })
/** The undo of a change that the play's restore point (`restoredBy`) brings back. */
export const restored: Restored = { kind: 'restored' }

const skipMark = Symbol.for('upgrade-fleet.skip')

/** A task's word that it has nothing to do here, and why. Its output is undefined. */
export interface Skip {
  readonly [skipMark]: true
  readonly why: string
}

/** Nothing to do for this host: return it from a task's function. */
export const skip = (why: string): Skip => ({ [skipMark]: true, why })

/** Whether a task's function returned a {@link Skip}. */
export function isSkip(value: unknown): value is Skip {
  return typeof value === 'object' && value !== null && skipMark in value
}

/** An action that fails with this message: the end of a branch that must not be reached. */
export const fail: (message: string) => Action<never> = observe('fail', async (_on, message: string) => {
  throw new TaskError(message)
})
