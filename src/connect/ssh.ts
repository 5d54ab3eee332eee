import { userInfo } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection, Endpoint } from '../model/connection.ts'
import type { Link } from './channel.ts'
import type { ConnectContext } from './context.ts'
import { machine } from './machine.ts'
import { keepRefusals } from './refusals.ts'
import { BrokenOff, sshLink } from './ssh-link.ts'
import { keepWire } from './wire.ts'

const handshakes = 4

/**
 * Connects over SSH. Throws {@link ConnectionError}: `host-key` and `auth` are never tried again, nor is a machine that
 * refuses or does not answer; a handshake that is broken off before the login is, a few times.
 */
export async function openSsh(endpoint: Endpoint, given: ConnectContext): Promise<Connection> {
  const context = { refusals: keepRefusals(), openedKeys: new Map(), ...given }
  const ssh2 = (await import('ssh2')).default
  const username = endpoint.user ?? userInfo().username
  return overLinks(endpoint, context, () => sshLink(ssh2, endpoint, username, context))
}

/** A connection over links of one kind, made in turn with others behind the same machine, and anew when one is lost. */
export async function overLinks(
  endpoint: Endpoint,
  context: ConnectContext,
  handshake: () => Promise<Link>,
): Promise<Connection> {
  const { jump } = endpoint
  const { bastions } = context
  const inTurn = () =>
    jump === undefined || bastions === undefined ? handshake() : bastions.turn(jump, handshake)
  const open = async (): Promise<Link> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await inTurn()
      } catch (error) {
        if (!(error instanceof BrokenOff && error.early) || attempt >= handshakes) throw error
        await sleep(250 * 2 ** attempt * (0.5 + Math.random()))
      }
    }
  }
  return machine(endpoint, keepWire(endpoint.name, await open(), open, context.retry), context.secrets)
}
