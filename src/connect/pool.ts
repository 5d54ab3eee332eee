import type { Connection, Endpoint } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'

/** One shared connection for each machine. */
export interface ConnectionPool {
  /** The machine's connection, opened by whoever asks first; one that could not be opened is tried anew by the next. */
  get(endpoint: Endpoint): Promise<Connection>
  /** Closes all of them, those that are still being opened too; nothing can be had any more. */
  close(): Promise<void>
}

/**
 * A pool that opens at most so many connections at the same time. More would take longer, each of them so much that its
 * deadline passes; fewer would let machines that do not answer hold up the others.
 */
export function connectionPool(
  open: (endpoint: Endpoint) => Promise<Connection>,
  handshakes = 64,
): ConnectionPool {
  const connections = new Map<string, Promise<Connection>>()
  const waiting: (() => void)[] = []
  let running = 0
  let closed = false
  const inTurn = async (endpoint: Endpoint): Promise<Connection> => {
    if (running >= handshakes) await new Promise<void>((resolve) => waiting.push(resolve))
    else running += 1
    try {
      if (closed) throw new ConnectionError(endpoint.name, 'unreachable', `${endpoint.name}: not opened.`)
      return await open(endpoint)
    } finally {
      const next = waiting.shift()
      if (next === undefined) running -= 1
      else next()
    }
  }
  return {
    get: (endpoint) => {
      const key = JSON.stringify(Object.entries(endpoint).sort(([a], [b]) => (a < b ? -1 : 1)))
      const known = connections.get(key)
      if (known !== undefined) return known
      const opening = inTurn(endpoint).catch((error: unknown) => {
        connections.delete(key)
        throw error
      })
      connections.set(key, opening)
      return opening
    },
    close: async () => {
      closed = true
      const all = [...connections.values()]
      connections.clear()
      await Promise.all(
        all.map((one) =>
          one.then(
            (connection) => connection.close(),
            () => undefined,
          ),
        ),
      )
    },
  }
}
