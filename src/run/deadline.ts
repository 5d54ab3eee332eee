import { setMaxListeners } from 'node:events'

/** Waits, or stops waiting when the signal aborts. Resolves either way. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  setMaxListeners(0, signal)
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, capped(ms))
    signal.addEventListener('abort', end)
  })
}

/**
 * Seconds that a task may take where it names no time. A change may be the migration of a large database: a deadline
 * that strikes there leaves an outcome that nobody knows, so it is for what hangs, not for what is slow.
 */
export const usual = { observe: 3600, change: 24 * 3600 } as const

/** What a piece of work came to: its value, its error, or that it did not end in time even after it was told to stop. */
export type Ended<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'threw'; readonly error: unknown; readonly late: boolean }
  | { readonly kind: 'hangs' }

const grace = 15_000
const overWord = 'it is over'

/** Timers count in 32 bits: a longer time would be over at once. */
const capped = (ms: number): number => Math.min(ms, 2 ** 31 - 1)

/** Waits for all, also when one of them fails; then throws what the first of the failed threw. */
export async function allEnded<T>(work: readonly Promise<T>[]): Promise<readonly T[]> {
  const ended = await Promise.allSettled(work)
  return ended.map((one) => {
    if (one.status === 'rejected') throw one.reason
    return one.value
  })
}

/** Does the work for each item, at most so many side by side; waits for all, as {@link allEnded} does. Results in the items' order. */
export async function inForks<T, R>(
  forks: number,
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const queue = items.map((item, at) => ({ item, at }))
  const results = new Map<number, Promise<R>>()
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const doing = work(next.item)
      results.set(next.at, doing)
      await doing.catch(() => {})
    }
  }
  await Promise.all(Array.from({ length: Math.max(1, Math.min(forks, items.length)) }, worker))
  return allEnded(items.flatMap((_, at) => results.get(at) ?? []))
}

/**
 * Gives work a signal that aborts at the deadline (seconds), and a little time to end after it. It aborts at the end
 * too, whatever that is: what was left running has nothing more to ask of the machine. `isOver` says when that is so.
 */
export function withDeadline<T>(
  limit: number,
  outer: AbortSignal | undefined,
  work: (signal: AbortSignal, isOver: () => boolean) => Promise<T>,
): Promise<Ended<T>> {
  return new Promise((resolve) => {
    let over = false
    let late = false
    let giveUp: NodeJS.Timeout | undefined
    const control = new AbortController()
    const { signal } = control
    const abort = (why?: unknown) => {
      giveUp ??= setTimeout(() => settle({ kind: 'hangs' }), grace)
      control.abort(why)
    }
    const timer = setTimeout(
      () => {
        late = true
        abort()
      },
      capped(limit * 1000),
    )
    // By hand: what `AbortSignal.any` leaves behind at a signal as old as the run costs more than the work.
    const stop = () => abort(outer?.reason)
    const settle = (ended: Ended<T>) => {
      if (over) return
      over = true
      clearTimeout(timer)
      clearTimeout(giveUp)
      outer?.removeEventListener('abort', stop)
      // With a reason: without one, each costs an error and its stack.
      if (!signal.aborted) control.abort(overWord)
      resolve(ended)
    }
    if (outer?.aborted) stop()
    else if (outer !== undefined) {
      // One signal stands for a whole run, with hundreds of tasks under way.
      setMaxListeners(0, outer)
      outer.addEventListener('abort', stop, { once: true })
    }
    const failed = (error: unknown) => settle({ kind: 'threw', error, late })
    try {
      work(signal, () => over).then((value) => settle({ kind: 'done', value }), failed)
    } catch (error) {
      // A function that throws before it gives a promise is no different from one whose promise fails.
      failed(error)
    }
  })
}
