import { isDeepStrictEqual } from 'node:util'
import { accountOf } from '../model/account.ts'
import type { Action, Change, On } from '../model/action.ts'
import type { Connection } from '../model/connection.ts'
import { evaluate, isForgiven } from '../model/evaluate.ts'
import { machineOf } from '../model/host.ts'
import type { Entry, Step } from '../model/play.ts'
import { sanitize } from '../model/sanitize.ts'
import { type TaskAt, taskId } from '../model/schedule.ts'
import { isDone } from '../model/state.ts'
import { type RunContext, tell } from './context.ts'
import { type Ended, usual, withDeadline } from './deadline.ts'
import { machineNamed } from './machines.ts'
import { onFor } from './on.ts'
import type { Walk } from './walk.ts'

/** What the checks of one host's next tasks said before their turn came. It holds as long as nothing is changed on its machine. */
export interface Ahead {
  /** Begins the checks of the entries from `at` on, if those before found all as it should be. They leave in one write. */
  look(walk: Pick<Walk, 'phase' | 'host' | 'unsettled'>, entries: readonly Entry[], at: number): Promise<void>
  /** What a task's check said of this input; undefined when it must be asked in its turn. */
  take(task: TaskAt, action: Action): Promise<Ended<unknown> | undefined>
  /** A task ended: what is not `ok` may have changed what the other checks saw. */
  ended(so: boolean): void
}

interface Asked {
  readonly action: Action
  /** How many changes had begun and ended on the machine when it was asked. */
  readonly changes: number
  readonly answer: Promise<Ended<unknown>>
  /** What the check said to people, told when its turn has come. */
  readonly said: readonly string[]
  /** When it was asked, by the run's clock. */
  readonly asked: number
  /** Whether it wanted to do what is not done before its turn. */
  readonly more: () => boolean
}

const most = 16
/** Milliseconds after which an answer is too old: the controller was suspended, or a check between took long. */
const oldest = 60_000

/** How many changes began and ended on each machine: others work there too (the databases of one machine, its other names). */
const changes = new WeakMap<RunContext, Map<string, number>>()
const changesOn = (context: RunContext, name: string): number =>
  changes.get(context)?.get(machineNamed(context, name)) ?? 0

/** A change begins or ends on a machine: what was looked at there before does not count any more. */
export function changesNow(context: RunContext, name: string): void {
  const machine = machineNamed(context, name)
  const counts = changes.get(context) ?? new Map<string, number>()
  changes.set(context, counts.set(machine, (counts.get(machine) ?? 0) + 1))
}

/**
 * Looks ahead on one host. It begins with none and looks twice as far after each task that was as it should be, so that a
 * run which changes everything asks nothing twice, and one which changes nothing asks of many tasks at a time.
 */
export function lookAhead(context: RunContext): Ahead {
  const asked = new Map<string, Asked>()
  let window = 1
  return {
    look: async ({ phase, host, unsettled }, entries, at) => {
      if (asked.size > 0 || window < 2 || unsettled !== undefined || context.step !== undefined) return
      const tasks = checksFrom(context, entries.slice(at, at + window), (step) => ({
        phase,
        step,
        host,
        id: taskId(phase.play.name, host.name, step.name),
      }))
      if (tasks.length < 2) return
      let connection: Connection
      try {
        connection = await context.connect(machineOf(host))
      } catch {
        // Its turn will say so.
        return
      }
      for (const { task, action, check } of tasks)
        asked.set(task.id, begin(context, connection, task, action, check))
    },
    take: async ({ id, host }, action) => {
      const known = asked.get(id)
      if (known === undefined) return undefined
      asked.delete(id)
      const answer = await known.answer
      const { module, input } = known.action
      const same = module === action.module && isDeepStrictEqual(input, action.input)
      const young = context.clock() - known.asked <= oldest
      const holds = young && known.changes === changesOn(context, machineOf(host).name)
      // What went wrong is asked again in its turn, and told then.
      if (!same || !holds || known.more() || answer.kind !== 'done') return undefined
      for (const line of known.said) tell(context, { type: 'task.said', task: id, line })
      return answer
    },
    ended: (so) => {
      if (!so) asked.clear()
      window = so ? Math.min(most, window * 2) : 1
    },
  }
}

type Check = NonNullable<Change<unknown>['check']>
type Found = { readonly task: TaskAt; readonly action: Action; readonly check: Check }

/** The tasks at the head of these entries whose checks may be asked now: up to the first that may wait for the world, or for other hosts. */
function checksFrom(
  context: RunContext,
  entries: readonly Entry[],
  taskOf: (step: Step) => TaskAt,
): readonly Found[] {
  const found: Found[] = []
  for (const entry of entries) {
    if (entry.kind !== 'task') break
    const { runOnce, delegateTo, throttle, timeout } = entry.options
    if (runOnce !== undefined || delegateTo !== undefined || throttle !== undefined || timeout !== undefined)
      break
    const task = taskOf(entry)
    const before = context.state.tasks.get(task.id)
    if (isDone(before) || isForgiven(entry, before)) continue
    if (before !== undefined && (before.status !== 'pending' || before.begun)) break
    const made = evaluate(context.schedule, context.state, task)
    if (made.kind === 'skip') continue
    if (made.kind !== 'action' || made.action.work.kind !== 'change') break
    if (context.refuses?.(task, made, false) !== undefined) break
    const { check } = made.action.work
    if (check === undefined) break
    found.push({ task, action: made.action, check })
  }
  return found
}

function begin(
  context: RunContext,
  connection: Connection,
  task: TaskAt,
  action: Action,
  check: Check,
): Asked {
  const said: string[] = []
  let more = false
  const changes = changesOn(context, machineOf(task.host).name)
  const account = accountOf(task.phase.play, task.step)
  const other = connection.as(account)
  const answer = withDeadline(usual.change, context.interrupted, (signal, isOver) => {
    const doing = { task: task.id, keptBy: context.run, attempt: '1', signal, isOver, account }
    const refused = () => {
      more = true
    }
    return check(onlyReads(onFor(context, other, doing), said, refused), action.input)
  })
  return { action, changes, answer, said, asked: context.clock(), more: () => more }
}

/** What a check may not do before its turn. */
class NotAhead extends Error {}

/** The same machine for a look before its turn: whatever is more than reading from it ends the look, and is told, for a check may take the refusal for an answer. */
function onlyReads(on: On, said: string[], refused: () => void): On {
  const notNow = async (): Promise<never> => {
    refused()
    throw new NotAhead('not before its turn')
  }
  return {
    ...on,
    say: (line) => void said.push(sanitize(line)),
    progress: () => {},
    exec: (command, options) => (command.reads ? on.exec(command, options) : notNow()),
    must: (command, options) => (command.reads ? on.must(command, options) : notNow()),
    put: notNow,
    job: notNow,
    dial: notNow,
    peer: notNow,
    keep: notNow,
    workdir: notNow,
  }
}
