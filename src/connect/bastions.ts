import type { Duplex } from 'node:stream'
import { quote } from '../model/command.ts'
import type { Connection, Endpoint } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'

/** One shared connection for each machine that others are behind. */
export interface Bastions {
  /** A way to a machine through the one that it is behind, which is connected to first if need be. Throws {@link ConnectionError}. */
  dial(endpoint: Endpoint, jump: Endpoint): Promise<Duplex>
  /** Waits for a turn: at most 8 handshakes at a time go through one machine. */
  turn<T>(jump: Endpoint, handshake: () => Promise<T>): Promise<T>
  /** Closes them all. */
  close(): Promise<void>
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')

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
  return {
    dial: async ({ name, address, port }, jump) => {
      try {
        if (closed) throw new Error('the connection was closed.')
        return await (await connectionTo(jump)).dial(address, port)
      } catch (error) {
        const said = error instanceof Error ? error.message : String(error)
        // It is no host of the inventory, but is asked for together with those behind it.
        const why = said.replaceAll(
          new RegExp(`(hostkeys (?:trust|scan)) ${escaped(quote(jump.name))}(?=$|\\s)`, 'gm'),
          (_all, command: string) => `${command} ${quote(name)}`,
        )
        // Nothing was said to the machine itself, so a way that was lost is only none. A bastion's key or login stays what it is.
        const own = error instanceof ConnectionError && ['host-key', 'auth'].includes(error.fault)
        const fault = own ? error.fault : 'unreachable'
        throw new ConnectionError(name, fault, `${name}: no way through ${jump.name}: ${why}`)
      }
    },
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
