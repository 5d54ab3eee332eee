import type { Duplex } from 'node:stream'
import { quote } from '../model/command.ts'
import type { Connection, Endpoint } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'
import { Tried } from './wire.ts'

/** One shared connection for each machine that others are behind. */
export interface Bastions {
  /**
   * A way to a machine through the one that it is behind, which is connected to first if need be. Throws
   * {@link ConnectionError}; {@link Tried} when the one in the middle cannot be had, so that the tries of all that are
   * behind it do not multiply.
   */
  dial(endpoint: Endpoint, jump: Endpoint): Promise<Duplex>
  /** The same as a command of this machine's shell, through a connection of the `ssh` program. */
  command(endpoint: Endpoint, jump: Endpoint): Promise<string>
  /** Closes them all. */
  close(): Promise<void>
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')

/** Keeps connections to bastions; `open` makes one. A bastion that died is connected to anew by the next dial. */
export function keepBastions(open: (endpoint: Endpoint) => Promise<Connection>): Bastions {
  const opened = new Map<string, Promise<Connection>>()
  let closed = false
  const connectionTo = (jump: Endpoint): Promise<Connection> => {
    const key = JSON.stringify(jump)
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
    use: (connection: Connection) => Promise<T>,
  ): Promise<T> => {
    const go = async () => {
      if (closed) throw new Error('the connection was closed.')
      return use(await connectionTo(jump))
    }
    try {
      // One that dies at this very moment is connected to anew by the second.
      return await go().catch((error: unknown) => {
        if (error instanceof ConnectionError && error.fault === 'lost') return go()
        throw error
      })
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error)
      // It is no host of the inventory, but is asked for together with those behind it.
      const why = said.replaceAll(
        new RegExp(`(hostkeys (?:trust|scan)) ${escaped(quote(jump.name))}(?=$|\\s)`, 'gm'),
        (_all, command: string) => `${command} ${quote(name)}`,
      )
      const text = `${name}: no way through ${jump.name}: ${why}`
      if (!(error instanceof ConnectionError)) throw new ConnectionError(name, 'unreachable', text)
      // A bastion's key or login stays what it is. It said no to the machine behind it, or it is not there itself.
      if (error.fault === 'host-key' || error.fault === 'auth')
        throw new ConnectionError(name, error.fault, text)
      if (error.fault === 'unreachable') throw new Tried(name, 'unreachable', text)
      throw new ConnectionError(name, 'unreachable', text)
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
