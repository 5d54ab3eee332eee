import { change, observe } from '../../src/index.ts'
import { TaskError, UnknownOutcome } from '../../src/model/errors.ts'
import type { Tried } from './engine.ts'

/** Web servers that exist only as what they were told: files, what runs with them, who is in the balancer. */
export function webTier() {
  const files = new Map<string, string>()
  const running = new Map<string, string>()
  const drained = new Set<string>()
  const log: string[] = []
  /** `set a`, `reload a`, ...: what fails, and how. */
  const sick = new Map<string, 'failed' | 'unknown' | 'defect'>()
  const work = (what: string) => {
    log.push(what)
    const how = sick.get(what)
    if (how === 'failed') throw new TaskError(`${what} is sick`)
    if (how === 'unknown') throw new UnknownOutcome(`nobody knows of ${what}`)
    if (how === 'defect') throw new TypeError(`${what} has a defect`)
  }
  const file = (host: string) => files.get(host) ?? 'old'
  const set = change('set', {
    check: async (on, to: string) => (file(on.name) === to ? { to } : undefined),
    remember: async (on) => file(on.name),
    apply: async (on, to) => {
      work(`set ${on.name}`)
      files.set(on.name, to)
      return { to }
    },
    undo: async (on, _to, was) => {
      work(`undo set ${on.name}`)
      files.set(on.name, was)
    },
  })
  const reload = change('reload', {
    apply: async (on, _input: null) => {
      work(`reload ${on.name}`)
      running.set(on.name, file(on.name))
    },
    undo: async (on) => {
      work(`undo reload ${on.name}`)
      running.set(on.name, file(on.name))
    },
  })
  const drain = change('drain', {
    check: async (_on, host: string) => (drained.has(host) ? host : undefined),
    apply: async (on, host) => {
      work(`drain ${host} at ${on.name}`)
      drained.add(host)
      return host
    },
    undo: async (_on, host) => {
      work(`undo drain ${host}`)
      drained.delete(host)
    },
  })
  const restore = change('restore', {
    check: async (_on, host: string) => (drained.has(host) ? undefined : host),
    apply: async (on, host) => {
      work(`restore ${host} at ${on.name}`)
      drained.delete(host)
      return host
    },
    undo: async (_on, host) => {
      work(`undo restore ${host}`)
      drained.add(host)
    },
  })
  const serves = observe('serves', async (on, what: string) => {
    work(`${what} ${on.name}`)
    return { serves: running.get(on.name) ?? 'old' }
  })
  /** All as at the start; who is sick stays so. */
  const reset = () => {
    for (const kept of [files, running, drained]) kept.clear()
    log.length = 0
  }
  return { reset, files, running, drained, log, sick, set, reload, drain, restore, serves }
}

/** `play/host/task: result` of all tasks that ended, in order. */
export const endsOf = ({ events }: Pick<Tried, 'events'>): readonly string[] =>
  events.flatMap((event) => (event.type === 'task.ended' ? [`${event.task}: ${event.result}`] : []))
