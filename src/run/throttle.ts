import type { TaskAt } from '../model/schedule.ts'
import type { RunContext } from './context.ts'

interface Places {
  free: number
  readonly waiting: (() => void)[]
}
const places = new WeakMap<RunContext, Map<string, Places>>()

/** Does work for a task when fewer hosts than its `throttle` are at it. */
export async function throttled<T>(
  context: RunContext,
  { phase, step }: TaskAt,
  work: () => Promise<T>,
): Promise<T> {
  const { throttle } = step.options
  if (throttle === undefined) return work()
  const all = places.get(context) ?? new Map<string, Places>()
  places.set(context, all)
  const key = `${phase.play.name}/${step.name}`
  const own = all.get(key) ?? { free: Math.max(1, throttle), waiting: [] }
  all.set(key, own)
  if (own.free > 0) own.free -= 1
  else await new Promise<void>((resolve) => own.waiting.push(resolve))
  try {
    return await work()
  } finally {
    const next = own.waiting.shift()
    if (next === undefined) own.free += 1
    else next()
  }
}
