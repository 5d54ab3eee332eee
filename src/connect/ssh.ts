import { userInfo } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection, Endpoint } from '../model/connection.ts'
import type { Link } from './channel.ts'
import type { ConnectContext } from './context.ts'
import { NotPinned } from './host-key.ts'
import { machine } from './machine.ts'
import { BrokenOff, sshLink } from './ssh-link.ts'
import { keepWire } from './wire.ts'

const handshakes = 4

/**
 * Connects over SSH. Throws {@link ConnectionError}: `host-key` and `auth` are never tried again, nor is a machine that
 * refuses or does not answer; a handshake that is broken off before the login is, a few times.
 */
export async function openSsh(endpoint: Endpoint, context: ConnectContext): Promise<Connection> {
  const ssh2 = (await import('ssh2')).default
  const username = endpoint.user ?? userInfo().username
  const { jump } = endpoint
  const { bastions } = context
  const inTurn = (handshake: () => Promise<Link>) =>
    jump === undefined || bastions === undefined ? handshake() : bastions.turn(jump, handshake)
  const passed: Buffer[] = []
  const open = async (): Promise<Link> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await inTurn(() => sshLink(ssh2, endpoint, username, context, passed))
      } catch (error) {
        // A server shows one key at a time, of the type that it is asked for: the pinned one may be another.
        if (error instanceof NotPinned && !passed.some((key) => key.equals(error.key))) {
          passed.push(error.key)
          attempt -= 1
          continue
        }
        if (!(error instanceof BrokenOff && error.early) || attempt >= handshakes) throw error
        await sleep(250 * 2 ** attempt * (0.5 + Math.random()))
      }
    }
  }
  return machine(endpoint, keepWire(endpoint.name, await open(), open, context.retry), context.secrets)
}
