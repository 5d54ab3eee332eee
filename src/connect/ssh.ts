import { userInfo } from 'node:os'
import type { Connection, Endpoint } from '../model/connection.ts'
import type { Link } from './channel.ts'
import type { ConnectContext } from './context.ts'
import { Refused } from './handshake.ts'
import { NotPinned } from './host-key.ts'
import { machine } from './machine.ts'
import { keepRefusals } from './refusals.ts'
import { BrokenOff, sshLink } from './ssh-link.ts'
import { eager, keepWire, tryAgain } from './wire.ts'

// A port that nobody listens on is most often a machine that is down; a server that is started anew is soon back.
const refusedTries = 5

/** Loads what connections over SSH need, while its caller waits for something else. */
export const warmUp = (): Promise<unknown> => import('ssh2')

/**
 * Connects over SSH. Throws {@link ConnectionError}: `host-key` and `auth` are never tried again, nor is a machine that
 * does not answer; one that refuses, or breaks the handshake off before the login, is, with growing pauses.
 */
export async function openSsh(endpoint: Endpoint, given: ConnectContext): Promise<Connection> {
  const context = { refusals: keepRefusals(), openedKeys: new Map(), ...given }
  const ssh2 = (await import('ssh2')).default
  const username = endpoint.user ?? userInfo().username
  const passed: Buffer[] = []
  return overLinks(endpoint, context, async () => {
    for (;;) {
      try {
        return await sshLink(ssh2, endpoint, username, context, passed)
      } catch (error) {
        // A server shows one key at a time, of the type that it is asked for: the pinned one may be another.
        if (!(error instanceof NotPinned) || passed.some((one) => one.equals(error.key))) throw error
        passed.push(error.key)
      }
    }
  })
}

/** A connection over links of one kind, each made in its turn, and anew when one is lost. */
export async function overLinks(
  endpoint: Endpoint,
  context: ConnectContext,
  once: () => Promise<Link>,
): Promise<Connection> {
  const { turns, attempts = eager } = context
  const key = turnOf(endpoint)
  const open = (): Promise<Link> =>
    tryAgain(
      () => (turns === undefined ? once() : turns.take(key, once)),
      (error, tries) => {
        if (error instanceof Refused) return tries < refusedTries
        if (!(error instanceof BrokenOff && error.early)) return false
        turns?.dropped(key)
        return true
      },
      attempts,
    )
  const wire = keepWire(endpoint.name, await open(), open, context.retry)
  return machine(endpoint, wire, context.secrets, {
    login: endpoint.user ?? userInfo().username,
    refusals: context.refusals,
    timeout: context.commandTimeout,
  })
}

/** Handshakes through one machine, and those with one machine, take turns: its sshd drops those that are too many (MaxStartups). */
const turnOf = ({ jump, address, port }: Endpoint): string =>
  jump === undefined ? `${address} ${port}` : `through ${JSON.stringify(jump)}`
