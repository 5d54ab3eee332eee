/** Turns by key, such as one for each machine that may be asked for handshakes. */
export interface Turns {
  /** Waits for a turn, works, and lets the next one in. */
  take<T>(key: string, work: () => Promise<T>): Promise<T>
  /** The other side dropped one (MaxStartups): half as many at a time from now on, one more after each success. */
  dropped(key: string): void
}

interface Queue {
  running: number
  limit: number
  readonly waiting: (() => void)[]
}

/** Turns of which at most so many are under way for one key. */
export function keepTurns(most = 8): Turns {
  const queues = new Map<string, Queue>()
  const queueOf = (key: string): Queue => {
    const queue = queues.get(key) ?? { running: 0, limit: most, waiting: [] }
    queues.set(key, queue)
    return queue
  }
  const letIn = (queue: Queue) => {
    while (queue.running < Math.floor(queue.limit)) {
      const next = queue.waiting.shift()
      if (next === undefined) return
      queue.running += 1
      next()
    }
  }
  return {
    take: async (key, work) => {
      const queue = queueOf(key)
      await new Promise<void>((resolve) => {
        queue.waiting.push(resolve)
        letIn(queue)
      })
      try {
        const result = await work()
        queue.limit = Math.min(most, queue.limit + 1 / queue.limit)
        return result
      } finally {
        queue.running -= 1
        letIn(queue)
      }
    },
    dropped: (key) => {
      const queue = queueOf(key)
      queue.limit = Math.max(1, queue.limit / 2)
    },
  }
}
