import { userInfo } from 'node:os'
import type { Connection, Endpoint } from '../model/connection.ts'
import type { ConnectContext } from './context.ts'
import { openSshLink, overOpenSsh } from './openssh-link.ts'
import { socketParent } from './openssh-start.ts'
import { sweepSockets } from './openssh-sweep.ts'
import { keepRefusals } from './refusals.ts'
import { overLinks } from './ssh.ts'

/**
 * Connects over SSH by this machine's `ssh` program, for what ssh2 cannot do: certificates, hardware keys, Kerberos. All
 * that {@link overLinks} and our own judgement of host keys promise holds here too. Throws {@link ConnectionError}.
 */
export async function openOpenSsh(endpoint: Endpoint, given: ConnectContext): Promise<Connection> {
  const context = { refusals: keepRefusals(), ...given }
  const whole = overOpenSsh(endpoint)
  const { username: me, uid } = userInfo()
  const username = endpoint.user ?? me
  await sweepSockets(socketParent(), uid, Date.now())
  return overLinks(whole, context, () => openSshLink(whole, username, context))
}
