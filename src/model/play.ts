import type { Action, Skip } from './action.ts'
import type { Host } from './host.ts'
import type { BlockOptions, Duration, Failure, HandlerOptions, TaskOptions } from './task-options.ts'
import { writer } from './writer.ts'

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

/** How a play rolls over its hosts. Hosts that failed, whose outcome is unknown, and that are unreachable are all the same to every rule here: failed. */
export interface PlayOptions<Vars = unknown> {
  /** Tags of all its tasks. */
  readonly tags?: string | readonly string[]
  /** Whether its tasks are done as another user, where they do not say themselves. */
  readonly become?: boolean
  /** The user who is become, where a task or block does not say another. */
  readonly becomeUser?: string
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
  /** `free`: each host of a wave at its own pace. `linear`: no host begins a task, or a block, before all of the wave ended the one before it. Default `free`. */
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
  /** Observing tasks only: a failure stops nothing but what needs its output; neighbouring collecting plays report all at once, and then block what follows. */
  readonly collect?: boolean
  /** The plays that bring back this play's `restored` changes. */
  readonly restoredBy?: readonly Play<unknown>[]
}

/** A number of hosts, or a percentage of all hosts of the play. */
export type Share = number | `${number}%`

/** Hosts at a time, wave after wave. */
export type Serial = Share | readonly Share[]

/** A section of a block. */
export type Section = 'body' | 'rescue' | 'always'

/** One task, `each` or handler of a play, as data. `make` is synchronous and pure: plan, check, run, resume and rollback call it. */
export interface Step {
  readonly kind: 'task' | 'each' | 'handler'
  readonly name: string
  readonly make: (seen: never) => Action | Skip
  readonly items?: readonly Item[] | ((seen: never) => readonly Item[])
  readonly options: TaskOptions<never, string>
  /** The blocks that it stands in, the outermost first. */
  readonly within: readonly { readonly block: string; readonly section: Section }[]
  /** `file:line:column` of the call in the playbook. */
  readonly place: string | undefined
}

/** Tasks that are cared for together: what fails in the body is rescued, and `always` follows whatever happened. */
export interface Block {
  readonly kind: 'block'
  readonly name: string
  readonly body: readonly Entry[]
  /** Undefined: a failure of the body is not rescued. */
  readonly rescue: readonly Entry[] | undefined
  readonly always: readonly Entry[]
  readonly within: Step['within']
  readonly place: string | undefined
}

/** Here the handlers are done that were notified so far. */
export interface Flush {
  readonly kind: 'flush'
}

/** What a play is a list of, in the order in which it is done. */
export type Entry = Step | Block | Flush

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
  /** What is done, in order. */
  readonly entries: readonly Entry[]
  /** Its tasks in the order of the text, those of blocks (rescue and always too) among them. */
  readonly steps: readonly Step[]
  /** In the order in which they are done when they were notified. */
  readonly handlers: readonly Step[]
  readonly blocks: readonly Block[]
  /** Tasks that the selection (`--tags` and the like) leaves out, each with the words that do. */
  readonly leftOut?: ReadonlyMap<string, string>
  /** Never there: it carries the type. */
  readonly results?: Results
}

/** Names that a task's function is given whatever the play is. */
type Reserved = 'host' | 'from' | 'failure'

/** Outputs that may be missing, since nobody knows how far their tasks came. */
type Perhaps<Results> = { readonly [K in keyof Results]: Results[K] | undefined }

/** What is there after a block: with a rescue, its outputs may be missing. Plain intersections, or a long chain would not compile. */
type AfterBlock<Body, Rescue, Always> = [Rescue] extends [never]
  ? Body & Always
  : Perhaps<Body> & Perhaps<Rescue> & Always

/** What a block's function returns: `Added` are the outputs of the tasks that it added. */
interface Filled<out Added> extends Play {
  /** Never there: it carries the type. */
  readonly added?: Added
}

/** A play to which tasks can be added; each call gives a new one and leaves the old as it was. */
export interface PlayWriter<Vars, Results, Handler extends string = never, Added = {}> extends Play<Results> {
  /** Never there: it carries the type of what was added since the block began. */
  readonly added?: Added
  /** Adds a task. Its output is the property `name` of what later tasks of this play are given. */
  task<
    const N extends string,
    R extends Action | Skip,
    const O extends { readonly ignoreErrors?: boolean } = {},
  >(
    name: Fresh<N, keyof Results | Handler | Reserved>,
    make: (seen: Seen<Vars, Results>) => R,
    options?: O & TaskOptions<Output<R>, Handler, Seen<Vars, Results>>,
  ): PlayWriter<
    Vars,
    Results & { readonly [K in N]: Output<R> | Forgiven<O> },
    Handler,
    Added & { readonly [K in N]: Output<R> | Forgiven<O> }
  >
  /** Adds a task for each item, one after the other. The output is a record from item name to output. */
  each<
    const N extends string,
    I extends Item,
    R extends Action | Skip,
    const O extends { readonly ignoreErrors?: boolean } = {},
  >(
    name: Fresh<N, keyof Results | Handler | Reserved | 'item'>,
    items: readonly I[] | ((seen: Seen<Vars, Results>) => readonly I[]),
    make: (seen: Seen<Vars, Results & { readonly item: I }>) => R,
    options?: O & TaskOptions<Output<R>, Handler, Seen<Vars, Results & { readonly item: I }>>,
  ): PlayWriter<
    Vars,
    Results & { readonly [K in N]: Readonly<Record<string, Output<R> | Forgiven<O>>> },
    Handler,
    Added & { readonly [K in N]: Readonly<Record<string, Output<R> | Forgiven<O>>> }
  >
  /**
   * Adds a handler: done once, however often it was notified, after the tasks of the play on a host that changed
   * something and notified it, or at the next {@link PlayWriter.flush}. It stands before the tasks that notify it.
   */
  handler<const N extends string, R extends Action | Skip>(
    name: Fresh<N, keyof Results | Handler | Reserved>,
    make: (seen: Seen<Vars, {}>) => R,
    options?: HandlerOptions<Output<R>>,
  ): PlayWriter<Vars, Results, Handler | N, Added>
  /** Here the handlers are done that were notified so far. */
  flush(): PlayWriter<Vars, Results, Handler, Added>
  /**
   * Adds tasks with a `rescue`, done when one of them failed (or its outcome is unknown, or its host unreachable), and
   * an `always`, done after both. A rescue that ends well counts the host as well; let it end with `fail(...)` where it
   * should not. The block is no part of an id: names are unique in the play.
   */
  block<const N extends string, Body, Rescue = never, Always = {}>(
    name: Fresh<N, keyof Results | Handler | Reserved>,
    tasks: (tasks: PlayWriter<Vars, Results, Handler>) => Filled<Body>,
    options?: BlockOptions & {
      readonly rescue?: (
        tasks: PlayWriter<Vars, Results & Perhaps<Body> & { readonly failure: Failure }, Handler>,
      ) => Filled<Rescue>
      readonly always?: (tasks: PlayWriter<Vars, Results & Perhaps<Body>, Handler>) => Filled<Always>
    },
  ): PlayWriter<
    Vars,
    Results & AfterBlock<Body, Rescue, Always>,
    Handler,
    Added & AfterBlock<Body, Rescue, Always>
  >
}

/** Begins a play on a host or on hosts. Its name has no slash and is its own in the playbook. */
export function play<Vars>(
  name: string,
  hosts: Host<Vars> | readonly Host<Vars>[],
  options: PlayOptions<NoInfer<Vars>> = {},
): PlayWriter<Vars, {}> {
  const list: readonly Host[] = Array.isArray(hosts) ? hosts : [hosts as Host<Vars>]
  const data: Play = {
    [mark]: true,
    kind: 'play',
    name,
    hosts: list,
    options,
    entries: [],
    steps: [],
    handlers: [],
    blocks: [],
  }
  return writer(data) as PlayWriter<Vars, {}>
}

/** Whether a value is a {@link Play}, whichever copy of this package made it. */
export function isPlay(value: unknown): value is Play {
  return typeof value === 'object' && value !== null && mark in value
}

/** The name of an item, as it stands in a task's id. */
export const itemName = (item: Item): string => (typeof item === 'string' ? item : item.name)
