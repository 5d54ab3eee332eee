import { defineFleet, observe, playbook, z } from '../../src/index.ts'
import { memoryJournal } from '../../src/journal/memory.ts'
import type { Connection } from '../../src/model/connection.ts'
import { ConnectionError } from '../../src/model/errors.ts'
import type { Outcome, Stamped } from '../../src/model/event.ts'
import type { Host } from '../../src/model/host.ts'
import { isPlay } from '../../src/model/play.ts'
import type { Part } from '../../src/model/playbook.ts'
import type { Schedule } from '../../src/model/schedule.ts'
import { shownText } from '../../src/model/secret.ts'
import type { Selection } from '../../src/model/selection.ts'
import { fold } from '../../src/model/state.ts'
import { type Limit, schedulePlaybook } from '../../src/plan/schedule.ts'
import { type BackOptions, runBack } from '../../src/run/back.ts'
import type { RunContext } from '../../src/run/context.ts'
import { rewindBroken } from '../../src/run/rewind.ts'
import { runSchedule } from '../../src/run/run.ts'

/** The controller dies here: nothing after it happens. */
export class Crash extends Error {}

/** Hosts by name, without vars. */
export const hosts = (...names: string[]): readonly Host<{}>[] =>
  names.map((name) => ({ name, groups: [], vars: {} }))

const fleet = defineFleet({ groups: {}, vars: z.object({}) })

/** A schedule of these parts, as the playbook `test` would give it. */
export const scheduleOf = (parts: readonly Part[], limit?: Limit, selection?: Selection) =>
  schedulePlaybook(
    playbook('test', { fleet, tags: tagsIn(parts) }, () => parts) as never,
    { all: hosts('lb'), vars: {} } as never,
    {},
    limit,
    selection,
  )

/** What a test tags, it declares. */
const tagsIn = (parts: readonly Part[]): readonly string[] =>
  parts
    .filter(isPlay)
    .flatMap((play) => [play.options.tags, ...play.steps.map(({ options }) => options.tags)])
    .flatMap((tags) => tags ?? [])

/** The schedule of the same parts again: a crash suite asks for it many thousand times. */
function scheduleOnce(parts: readonly Part[]): Schedule {
  const made = schedules.get(parts) ?? scheduleOf(parts)
  schedules.set(parts, made)
  return made
}
const schedules = new WeakMap<readonly Part[], Schedule>()

export interface Trial {
  /** Events of the runs so far, whose state this one begins with. */
  readonly before?: readonly Stamped[]
  /** The controller dies when it appends (`after` false) or has appended the nth event. */
  readonly crashAt?: {
    readonly n: number
    readonly after: boolean
    /** What no sync that began after it has made durable is lost, as with a power cut. */
    readonly unsynced?: boolean
  }
  /** Machines that do not answer; it may change meanwhile. */
  readonly down?: readonly string[]
  readonly check?: boolean
  readonly diff?: boolean
  readonly yes?: boolean
  readonly forks?: number
  readonly interrupted?: AbortSignal
  readonly onEvent?: (event: Stamped) => void
  readonly redact?: (text: string) => string
  /** The machines; by default their modules need nothing but a name. */
  readonly connect?: (name: string) => Connection
  /** The nth sync, and all after it, fail. */
  readonly failSync?: number
  /** What may stand in the way of a task or a wave. */
  readonly rules?: Partial<Pick<RunContext, 'refuses' | 'mayNotStart' | 'step' | 'clock' | 'machine'>>
  /** Called when the jobs of a task are listed, to be ended. */
  readonly endJobs?: () => void
  /** The tasks that are asked for; default all. */
  readonly selection?: Selection
}

/** What came of a trial: the outcome, or `crash`; and all events, the ones before included. */
export interface Tried {
  readonly outcome: Outcome | 'crash' | string
  readonly events: readonly Stamped[]
}

export function contextFor(
  parts: readonly Part[],
  trial: Trial,
): { context: RunContext; events: () => readonly Stamped[] } {
  const journal = memoryJournal(() => new Date(0))
  let appended = 0
  let synced = 0
  let durable = 0
  let dead = false
  let full = false
  const context: RunContext = {
    run: 'r1',
    schedule:
      trial.selection === undefined ? scheduleOnce(parts) : scheduleOf(parts, undefined, trial.selection),
    state: fold(trial.before ?? []),
    ledger: {
      append: (event) => {
        if (dead) throw new Crash()
        if (full) throw new Error('ENOSPC')
        appended += 1
        const dies = appended === trial.crashAt?.n
        if (dies && !trial.crashAt?.after) {
          dead = true
          throw new Crash()
        }
        const stamped = journal.append(event)
        if (dies) {
          dead = true
          throw new Crash()
        }
        return stamped
      },
      sync: async () => {
        if (dead) throw new Crash()
        synced += 1
        durable = journal.events.length
        if (trial.failSync !== undefined && synced >= trial.failSync) {
          full = true
          throw new Error('ENOSPC')
        }
      },
    },
    listeners: trial.onEvent === undefined ? [] : [trial.onEvent],
    redact: trial.redact ?? ((text) => text),
    connect: async (machine) => {
      if (dead) throw new Crash()
      if (trial.down?.includes(machine.name))
        throw new ConnectionError(machine.name, 'unreachable', `${machine.name} does not answer`)
      return trial.connect?.(machine.name) ?? stubConnection(machine.name, trial.endJobs)
    },
    check: trial.check ?? false,
    diff: trial.diff ?? false,
    forks: trial.forks ?? 50,
    interrupted: trial.interrupted ?? new AbortController().signal,
    approve: async () => ({ yes: trial.yes ?? true, by: 'test' }),
    clock: () => 0,
    ...trial.rules,
  }
  const kept = () => (trial.crashAt?.unsynced && dead ? journal.events.slice(0, durable) : journal.events)
  return { context, events: () => [...(trial.before ?? []), ...kept()] }
}

/** Runs (or, with events before, resumes) the parts on hosts that exist only as whatever the modules keep. */
export async function tryRun(parts: readonly Part[], trial: Trial = {}): Promise<Tried> {
  const { context, events } = contextFor(parts, trial)
  const work = async () => (trial.before && (await rewindBroken(context))) ?? runSchedule(context)
  return { outcome: await work().catch(crashed), events: events() }
}

/** Takes back what the events before say. */
export async function tryBack(
  parts: readonly Part[],
  trial: Trial,
  options: Partial<BackOptions> = {},
): Promise<Tried> {
  const { context, events } = contextFor(parts, trial)
  const outcome = await runBack(context, { of: 'r1', runs: ['r1'], ...options }).catch(crashed)
  return { outcome, events: events() }
}

function crashed(error: unknown): 'crash' {
  if (error instanceof Crash) return 'crash'
  throw error
}

/** A machine on which the modules of a test need nothing but its name. */
function stubConnection(name: string, endJobs?: () => void): Connection {
  const none = () => Promise.reject(new Error('a test module used the connection'))
  return {
    endpoint: { name, kind: 'fake', address: name, port: 0 },
    who: () => undefined,
    workdir: async () => '/work',
    exec: none,
    put: none,
    get: none,
    job: none,
    jobs: async () => {
      endJobs?.()
      return []
    },
    as: () => stubConnection(name, endJobs),
    lock: { look: none, add: none, take: none },
    fenced: () => stubConnection(name, endJobs),
    dial: none,
    reveal: shownText,
    close: async () => {},
  }
}

/** A run that is interrupted when that task has ended. */
export function interruptedAfter(parts: readonly Part[], task: string): Promise<Tried> {
  const interrupt = new AbortController()
  return tryRun(parts, {
    interrupted: interrupt.signal,
    onEvent: (event) => {
      if (event.type === 'task.ended' && event.task === task) interrupt.abort()
    },
  })
}

/** Parts that fail, gone on with until the controller dies at each event in its turn, and then taken back; `anew` comes before each. */
export async function* takenBackFromEachCrash(
  parts: readonly Part[],
  anew: () => void,
): AsyncGenerator<{ readonly n: number; readonly failed: Tried; readonly back: Tried }> {
  for (let n = 1; ; n++) {
    anew()
    const failed = await tryRun(parts)
    const again = await tryRun(parts, { before: failed.events, crashAt: { n, after: true } })
    if (again.outcome !== 'crash') return
    yield { n, failed, back: await tryBack(parts, { before: again.events }) }
  }
}

/** A task that takes some turns, and the most that were done side by side. */
export function sideBySide() {
  let busy = 0
  let most = 0
  const slow = observe('slow', async () => {
    busy += 1
    most = Math.max(most, busy)
    for (let turns = 0; turns < 5; turns++) await Promise.resolve()
    busy -= 1
  })
  return { slow, most: () => most }
}
