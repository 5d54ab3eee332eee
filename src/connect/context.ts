import type { Connection, Endpoint } from '../model/connection.ts'
import type { SecretStore } from '../model/secret.ts'
import type { Bastions } from './bastions.ts'
import type { Retry } from './wire.ts'

/** What connections need of the world around them; `main` hands it in. */
export interface ConnectContext {
  readonly secrets: SecretStore
  /** The home directory of whoever runs this: for known_hosts and default keys, and where local commands start. */
  readonly home: string
  /** Path of the agent's socket (SSH_AUTH_SOCK). */
  readonly agent?: string
  /** Seconds for TCP, handshake and authentication together; default 20. */
  readonly connectTimeout?: number
  /** Seconds without a byte from the other side after which a connection is given up; default 60. */
  readonly watchdog?: number
  /** How a lost connection is tried again for the next call. */
  readonly retry?: Retry
  /** The machines that others are reached through; without it, only those that are behind none can be. */
  readonly bastions?: Bastions
  /** Makes the connections of `fake` endpoints. */
  readonly fake?: (endpoint: Endpoint) => Connection
}
