import type { Connection, Endpoint } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'
import type { ConnectContext } from './context.ts'
import { openLocal } from './local.ts'
import { openOpenSsh } from './openssh.ts'
import { openSsh } from './ssh.ts'

export type { ConnectContext } from './context.ts'

/** Connects to a machine the way its endpoint says. Throws {@link ConnectionError}. */
export async function openConnection(endpoint: Endpoint, context: ConnectContext): Promise<Connection> {
  switch (endpoint.kind) {
    case 'ssh':
      return openSsh(endpoint, context)
    case 'openssh':
      return openOpenSsh(endpoint, context)
    case 'local':
      return openLocal(endpoint, context)
    case 'fake': {
      const fake = context.fake?.(endpoint)
      if (fake !== undefined) return fake
      throw new ConnectionError(endpoint.name, 'unreachable', `${endpoint.name}: nobody made a fake of it.`)
    }
    default:
      return endpoint.kind satisfies never
  }
}
