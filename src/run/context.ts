import type { TaskId } from '../model/action.ts'
import type { Connection } from '../model/connection.ts'
import type { Evaluated } from '../model/evaluate.ts'
import type { Event, Listener, Stamped } from '../model/event.ts'
import type { Host } from '../model/host.ts'
import { type Redact, redactEvent } from '../model/redact.ts'
import type { Schedule, TaskAt } from '../model/schedule.ts'
import type { StateFold } from '../model/state.ts'

/** Where events go and become durable: the journal room's interface, as far as a run needs it. */
export interface Ledger {
  append(event: Event): Stamped
  sync(): Promise<void>
}

/** All that a run is given: its side effects are parameters. */
export interface RunContext {
  readonly run: string
  readonly schedule: Schedule
  /** The state so far; it is fed with every event. */
  readonly state: StateFold
  readonly ledger: Ledger
  readonly listeners: readonly Listener[]
  readonly redact: Redact
  /** The connection of a machine, shared by all that works there. Throws ConnectionError. */
  connect(machine: Host): Promise<Connection>
  /** The machine that a name of the inventory means, where two names may mean one: changes under two names are not made side by side. */
  machine?(name: string): string
  /** Check mode: the connections are read-only, and no change is begun. */
  readonly check: boolean
  /** Whether changes are asked what they make different. */
  readonly diff?: boolean
  /** How many hosts are worked on side by side. */
  readonly forks: number
  /** Aborted by the first Ctrl-C: nothing new begins. */
  readonly interrupted: AbortSignal
  /** Asks a person; false stops the run. */
  approve(gate: string, question: string): Promise<{ readonly yes: boolean; readonly by: string }>
  /** With `--step`: asks a person before a task is done; false ends its host there. Questions come one after the other. */
  step?(task: TaskId): Promise<boolean>
  /** A clock for durations, in milliseconds. */
  clock(): number
  /** Why a task may not be begun (it is not what was planned), or undefined; asked again, with `changes`, before it changes something. */
  refuses?(task: TaskAt, made: Evaluated, changes: boolean): string | undefined
  /** Why a wave may not start now (there is no time left for it), or undefined. The run then stops, and can be resumed. */
  mayNotStart?(play: string, wave: number): string | undefined
  /** Which of these runs may still be resumed or taken back, by the journals of this controller. */
  needed?(runs: readonly string[]): Promise<readonly string[]>
}

/** Tells an event: to the journal, the state, and whoever listens. It is durable after the next `sync`. */
export function tell(context: RunContext, event: Event): void {
  const input = event.type === 'task.ended' ? context.state.tasks.get(event.task)?.input : undefined
  const stamped = context.ledger.append(redactEvent(event, context.redact, input))
  context.state.apply(stamped)
  for (const listener of context.listeners) listener(stamped)
}
