import type { Action, Skip } from './action.ts'
import type { Host } from './host.ts'

/** `[T]` shown flat in an editor's hover. */
type Show<T> = { readonly [K in keyof T]: T[K] } & {}

/** What an action or a skip gives to later tasks. */
export type Output<R> = R extends Action<infer Out> ? Out : R extends Skip ? undefined : never

/** `ignoreErrors` makes an output one that may be missing. */
type Forgiven<O> = O extends { readonly ignoreErrors: true } ? undefined : never

/** The name itself if it is free, else a sentence that the compiler shows. */
export type Fresh<N extends string, Taken> = N extends Taken
  ? `"${N}" already names something here`
  : N extends `${string}/${string}`
    ? `"${N}" has a slash in it`
    : N

/** Results of earlier plays. Asking for a play that is not earlier, or a host that is not in it, is a mistake that the plan refuses. */
export interface From {
  <R>(play: Play<R>, host: Host): R
  /** The results of every host that has them all. */
  all<R>(play: Play<R>): readonly { readonly host: Host; readonly results: R }[]
}

/** What a task's function is given: its host, results of earlier plays, and the outputs of the tasks before it in this play. */
export type Seen<Vars, Results> = Show<{ readonly host: Host<Vars>; readonly from: From } & Results>

/** How a task is done. Times are seconds, or texts such as `'90s'`, `'10m'`, `'2h'`. */
export interface TaskOptions<Out> {
  /** Asks an observing task again until this holds for its output. */
  readonly until?: (output: Out) => boolean
  /** How often it is asked again after the first time; default 3 with `until`, else 0 (n retries are n+1 tries, as in Ansible). */
  readonly retries?: number
  /** Between two tries; default 5 seconds. */
  readonly delay?: Duration
  /** Deadline of each try; default one hour for what observes, a day for what changes or is undone. */
  readonly timeout?: Duration
  /** A failure of this task does not take its host out; the output may be missing then. */
  readonly ignoreErrors?: boolean
}

/** Seconds, or a text such as `'500ms'`, `'90s'`, `'10m'`, `'2h'`. */
export type Duration = number | `${number}ms` | `${number}s` | `${number}m` | `${number}h`

/** How a play rolls over its hosts. Hosts that failed, whose outcome is unknown, and that are unreachable are all the same to every rule here: failed. */
export interface PlayOptions<Vars = unknown> {
  /** Hosts at a time: a number, a percentage of all hosts of the play (floor, at least 1), or a list of these, the last repeating. Default: all. */
  readonly serial?: Serial
  /** Hosts at a time, as a sliding window: as one ends, the next begins. All of them are one wave. Not with `serial`, nor with `linear`. */
  readonly window?: Share
  /** Hosts that go first, in a wave of their own: if one of them fails, the run stops. The rest follows by `serial` or `window`. */
  readonly canary?: Share
  /** The order in which hosts begin; default `inventory`, as the play has them. `shuffle` mixes them by their names and the play's, so that plan, run and resume agree. */
  readonly order?: 'inventory' | 'reverse_inventory' | 'sorted' | 'reverse_sorted' | 'shuffle'
  /**
   * Mixes hosts for which this gives different words (their zones): in every wave, and in hosts that follow one another in a
   * window, each zone has about its share. The plan refuses a wave that would hold all of a zone of several hosts.
   */
  spread?(host: Host<Vars>): string
  /** `free`: each host of a wave at its own pace. `linear`: no host begins a task before all of the wave ended the one before it. Default `free`. */
  readonly strategy?: 'free' | 'linear'
  /** Never fewer hosts of the play in service (a percentage is rounded up). Worked on, or failed, is out of service. The run stops when it cannot be kept. */
  readonly minHealthy?: Share
  /** How long to wait after a wave before the next begins. */
  readonly soak?: Duration
  /** How much of a wave may fail before the run stops, in percent; more than this stops it, and so does a wave that failed whole. Default 0, or 100 where `maxFailures` is given. */
  readonly maxFailPercentage?: number
  /** How many hosts may fail, in each wave, in this play, and in the run up to here; one more stops it. */
  readonly maxFailures?: { readonly wave?: number; readonly play?: number; readonly run?: number }
  /** One failure stops the other hosts of the wave at their next task. */
  readonly anyErrorsFatal?: boolean
  /** Observing tasks only: a failure stops nothing but what needs its output; neighbouring collecting plays report all at once, and then block the run. */
  readonly collect?: boolean
  /** The plays that bring back this play's `restored` changes. */
  readonly restoredBy?: readonly Play<unknown>[]
}

/** A number of hosts, or a percentage of all hosts of the play. */
export type Share = number | `${number}%`

/** Hosts at a time, wave after wave. */
export type Serial = Share | readonly Share[]

/** One task or `each` of a play, as data. `make` is synchronous and pure: plan, check, run, resume and rollback call it. */
export interface Step {
  readonly kind: 'task' | 'each'
  readonly name: string
  readonly make: (seen: never) => Action | Skip
  readonly items?: readonly Item[] | ((seen: never) => readonly Item[])
  readonly options: TaskOptions<never>
  /** `file:line:column` of the call in the playbook. */
  readonly place: string | undefined
}

/** An item of an `each`: a text, or anything with a name; the name stands in the task's id. */
export type Item = string | { readonly name: string }

const mark = Symbol.for('upgrade-fleet.play')

/** Named tasks on hosts or things, with a rollout. `Results` are the outputs that later plays may read. */
export interface Play<out Results = unknown> {
  readonly [mark]: true
  readonly kind: 'play'
  readonly name: string
  readonly hosts: readonly Host[]
  readonly options: PlayOptions
  readonly steps: readonly Step[]
  /** Never there: it carries the type. */
  readonly results?: Results
}

/** A play to which tasks can be added; each call gives a new one and leaves the old as it was. */
export interface PlayWriter<Vars, Results> extends Play<Results> {
  /** Adds a task. Its output is the property `name` of what later tasks of this play are given. */
  task<
    const N extends string,
    R extends Action | Skip,
    const O extends { readonly ignoreErrors?: boolean } = {},
  >(
    name: Fresh<N, keyof Results | 'host' | 'from'>,
    make: (seen: Seen<Vars, Results>) => R,
    options?: O & TaskOptions<Output<R>>,
  ): PlayWriter<Vars, Results & { readonly [K in N]: Output<R> | Forgiven<O> }>
  /** Adds a task for each item, one after the other. The output is a record from item name to output. */
  each<const N extends string, I extends Item, R extends Action | Skip>(
    name: Fresh<N, keyof Results | 'host' | 'from' | 'item'>,
    items: readonly I[] | ((seen: Seen<Vars, Results>) => readonly I[]),
    make: (seen: Seen<Vars, Results & { readonly item: I }>) => R,
    options?: TaskOptions<Output<R>>,
  ): PlayWriter<Vars, Results & { readonly [K in N]: Readonly<Record<string, Output<R>>> }>
}

/** Begins a play on a host or on hosts. Its name has no slash and is its own in the playbook. */
export function play<Vars>(
  name: string,
  hosts: Host<Vars> | readonly Host<Vars>[],
  options: PlayOptions<NoInfer<Vars>> = {},
): PlayWriter<Vars, {}> {
  const list: readonly Host[] = Array.isArray(hosts) ? hosts : [hosts as Host<Vars>]
  return writer({ [mark]: true, kind: 'play', name, hosts: list, options, steps: [] }) as PlayWriter<Vars, {}>
}

/** Whether a value is a {@link Play}, whichever copy of this package made it. */
export function isPlay(value: unknown): value is Play {
  return typeof value === 'object' && value !== null && mark in value
}

/** The name of an item, as it stands in a task's id. */
export const itemName = (item: Item): string => (typeof item === 'string' ? item : item.name)

function writer(data: Play): unknown {
  const add = (step: Step) => writer({ ...data, steps: [...data.steps, step] })
  return {
    ...data,
    task: (name: string, make: Step['make'], options: TaskOptions<never> = {}) =>
      add({ kind: 'task', name, make, options, place: callerPlace() }),
    each: (name: string, items: Step['items'], make: Step['make'], options: TaskOptions<never> = {}) =>
      add({ kind: 'each', name, make, options, place: callerPlace(), ...(items && { items }) }),
  }
}

/** Where frames are ours: the directory of the built package, or, from sources, this one. */
const own = new URL('.', import.meta.url).pathname

/** The author's line that led to a task; a play of ours (`apim.verify`) stands where the playbook asked for it. */
function callerPlace(): string | undefined {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 20
  const lines = new Error().stack?.split('\n') ?? []
  Error.stackTraceLimit = stackTraceLimit
  return lines
    .map((line) => line.match(/\(?((?:file:\/\/)?\/[^()]+:\d+:\d+)\)?$/)?.[1]?.replace('file://', ''))
    .find((place) => place !== undefined && !place.startsWith(own))
}
