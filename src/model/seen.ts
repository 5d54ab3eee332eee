import type { Play, Step } from './play.ts'

/** Where the values come from that a task's function sees. */
export interface Sight {
  /** The output of an earlier step. Throws NotYet when it is not there yet. */
  result(step: Step): unknown
  /** What it sees beside outputs, by name; in the order in which it is listed. */
  readonly own: Readonly<Record<string, () => unknown>>
}

/**
 * What the function of a step is given: an object whose properties are the outputs of the steps before it, looked up when
 * they are asked for, and what is its own. A handler sees no outputs: it may be done before the tasks that notify it are over.
 */
export function viewOf(play: Play, step: Step, { result, own }: Sight): object {
  const steps = step.kind === 'handler' ? none : before(play, step)
  const left = step.kind === 'handler' ? undefined : play.leftOut
  const has = (key: PropertyKey): key is string =>
    typeof key === 'string' && (Object.hasOwn(own, key) || steps.has(key))
  const get = (key: string): unknown => {
    const mine = Object.hasOwn(own, key) ? own[key] : undefined
    if (mine !== undefined) return mine()
    const of = steps.get(key)
    return of === undefined ? undefined : result(of)
  }
  return new Proxy(
    {},
    {
      get: (target, key, view) => {
        if (has(key)) return get(key)
        const words = typeof key === 'string' ? left?.get(key) : undefined
        return words === undefined ? Reflect.get(target, key, view) : leftOut(String(key), words)
      },
      has: (target, key) =>
        has(key) || (typeof key === 'string' && left?.has(key)) || Reflect.has(target, key),
      ownKeys: () => [...new Set([...steps.keys(), ...Object.keys(own)])],
      // Without its value, which may not be there yet: whoever copies the view asks for it next.
      getOwnPropertyDescriptor: (_target, key) =>
        has(key) ? { enumerable: true, configurable: true, get: () => get(key) } : undefined,
      set: () => false,
      defineProperty: () => false,
    },
  )
}

/** Ends a look at a step that `--tags` and the like leave out. */
export function leftOut(name: string, words: string): never {
  throw new Error(`it needs the output of "${name}", which ${words} leaves out`)
}

const none: ReadonlyMap<string, Step> = new Map()

/** The steps before one by name. A play asks it for each of its tasks on each host. */
function before(play: Play, step: Step): ReadonlyMap<string, Step> {
  const known = played.get(play) ?? new Map<Step, ReadonlyMap<string, Step>>()
  played.set(play, known)
  const found = known.get(step)
  if (found !== undefined) return found
  const at = play.steps.indexOf(step)
  const made = new Map((at < 0 ? play.steps : play.steps.slice(0, at)).map((one) => [one.name, one]))
  known.set(step, made)
  return made
}
const played = new WeakMap<Play, Map<Step, ReadonlyMap<string, Step>>>()
