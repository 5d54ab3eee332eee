import type { Duplex } from 'node:stream'
import type { Connection, Endpoint } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'

/** One shared connection for each machine that others are behind. */
export interface Bastions {
  /** A way to a machine through the one that it is behind, which is connected to first if need be. Throws {@link ConnectionError}. */
  dial(endpoint: Endpoint, jump: Endpoint): Promise<Duplex>
  /** The same as a command of this machine's shell, through a connection of the `ssh` program. */
  command(endpoint: Endpoint, jump: Endpoint): Promise<string>
  /** Waits for a turn: at most 8 handshakes at a time go through one machine. */
  turn<T>(jump: Endpoint, handshake: () => Promise<T>): Promise<T>
  /** Closes them all. */
  close(): Promise<void>
}

/** Keeps connections to bastions; `open` makes one. A bastion that died is connected to anew by the next dial. */
export function keepBastions(open: (endpoint: Endpoint) => Promise<Connection>, handshakes = 8): Bastions {
  const opened = new Map<string, Promise<Connection>>()
  const queues = new Map<string, { running: number; readonly waiting: (() => void)[] }>()
  let closed = false
  const keyOf = (jump: Endpoint) => JSON.stringify(jump)
  const connectionTo = (jump: Endpoint): Promise<Connection> => {
    const key = keyOf(jump)
    const known = opened.get(key)
    if (known !== undefined) return known
    const opening = open(jump).catch((error: unknown) => {
      opened.delete(key)
      throw error
    })
    opened.set(key, opening)
    return opening
  }
  const through = async <T>(
    { name }: Endpoint,
    jump: Endpoint,
    go: (connection: Connection) => Promise<T>,
  ): Promise<T> => {
    try {
      if (closed) throw new Error('the connection was closed.')
      return await go(await connectionTo(jump))
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      // Nothing was said to the machine itself, so a way that was lost is only none. A bastion's key or login stays what it is.
      const own = error instanceof ConnectionError && ['host-key', 'auth'].includes(error.fault)
      const fault = own ? error.fault : 'unreachable'
      throw new ConnectionError(name, fault, `${name}: no way through ${jump.name}: ${why}`)
    }
  }
  return {
    dial: (endpoint, jump) =>
      through(endpoint, jump, (connection) => connection.dial(endpoint.address, endpoint.port)),
    command: (endpoint, jump) =>
      through(endpoint, jump, async ({ dialCommand }) => {
        if (dialCommand === undefined) throw new Error('its connection is not one of the ssh program')
        return dialCommand(endpoint.address, endpoint.port)
      }),
    turn: async (jump, handshake) => {
      const key = keyOf(jump)
      const queue = queues.get(key) ?? { running: 0, waiting: [] }
      queues.set(key, queue)
      if (queue.running >= handshakes) await new Promise<void>((resolve) => queue.waiting.push(resolve))
      else queue.running += 1
      try {
        return await handshake()
      } finally {
        const next = queue.waiting.shift()
        if (next === undefined) queue.running -= 1
        else next()
      }
    },
    close: async () => {
      closed = true
      const all = [...opened.values()]
      opened.clear()
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
