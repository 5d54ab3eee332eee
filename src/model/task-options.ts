import type { Host } from './host.ts'

/** How the task that failed a block ended: what its `rescue` tasks see as `failure`. */
export interface Failure {
  /** The id of the task: `play/host/task`. */
  readonly task: string
  readonly result: 'failed' | 'unknown' | 'unreachable' | 'blocked' | 'cancelled'
  /** What was said of it: the first line who, what and why. */
  readonly message: string
  /** It failed by a mistake of ours (a function that threw, a defect of a module): rescued or not, its host has failed. */
  readonly mistake?: boolean
}

/** Handlers that stand before a task, one or several; where there are none, a sentence that the compiler shows. */
export type Notify<Handler extends string> = [Handler] extends [never]
  ? 'no handler stands before this task'
  : Handler | readonly Handler[]

/** How a task is done. Times are seconds, or texts such as `'90s'`, `'10m'`, `'2h'`. */
export interface TaskOptions<Out, Handler extends string = never, Sees = never> {
  /** Asks an observing task again until this holds for its output. */
  readonly until?: (output: Out) => boolean
  /**
   * How often it is done again after the first time; default 3 with `until`, else 0 (n retries are n+1 tries, as in
   * Ansible). A change is done again after a failure that is known, never when its outcome is unknown.
   */
  readonly retries?: number
  /** Between two tries; default 5 seconds. */
  readonly delay?: Duration
  /** Each pause is this many times the one before; default 1. */
  readonly backoff?: number
  /** Deadline of each try; default one hour for what observes, a day for what changes or is undone. */
  readonly timeout?: Duration
  /** A failure of this task does not take its host out; the output may be missing then. */
  readonly ignoreErrors?: boolean
  /** When this task changed something, these handlers are done at the end of the play on its host, or at the next `flush`. */
  readonly notify?: Notify<Handler>
  /**
   * Done by the first host that comes to it, once for the play or for each wave; all hosts of that scope read its output.
   * Failed, it has failed for all of them; where its host does not answer, the next one does it.
   */
  readonly runOnce?: 'play' | 'wave'
  /** The machine that it is done over instead of its own host's (a balancer); its id and `host` stay. It must be in the inventory. */
  readonly delegateTo?: Host | ((seen: Sees) => Host)
  /** Whether it is done as another user: `becomeUser`. Default: as its block, its play, or the variables of its machine say (`ansible_become`). */
  readonly become?: boolean
  /** The user who is become; default as with `become`, else root. It wants `become` to be said in the playbook. */
  readonly becomeUser?: string
  /** For `--tags` and `--skip-tags`, added to those of its blocks and its play; `always` and `never` as in Ansible. */
  readonly tags?: string | readonly string[]
  /** How many hosts do this task side by side at most. */
  readonly throttle?: number
}

/** How a handler is done. */
export type HandlerOptions<Out> = Pick<
  TaskOptions<Out>,
  'until' | 'retries' | 'delay' | 'backoff' | 'timeout' | 'throttle' | 'become' | 'becomeUser'
> & { readonly delegateTo?: Host }

/** What all tasks of a block have that do not say otherwise. */
export type BlockOptions = Pick<
  TaskOptions<never>,
  'retries' | 'delay' | 'backoff' | 'timeout' | 'throttle' | 'tags' | 'become' | 'becomeUser'
> & {
  readonly delegateTo?: Host
}

/** Seconds, or a text such as `'500ms'`, `'90s'`, `'10m'`, `'2h'`. */
export type Duration = number | `${number}ms` | `${number}s` | `${number}m` | `${number}h`
