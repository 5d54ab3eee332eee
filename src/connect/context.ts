import type { Connection, Endpoint } from '../model/connection.ts'
import type { SecretStore } from '../model/secret.ts'
import type { Bastions } from './bastions.ts'
import type { KnownFiles } from './known-files.ts'
import type { Retry } from './wire.ts'

/** What is done with the host key of a machine of which none is known; a key that is another than the known one is always refused. */
export type HostKeyChecking = 'strict' | 'accept-new'

/** Keys that are taken for the ones of machines, and stored nowhere: by the machine as known_hosts writes it. */
export type HeldKeys = Map<string, { readonly endpoint: Endpoint; readonly key: Buffer }>

/** What connections need of the world around them; `main` hands it in. */
export interface ConnectContext {
  readonly secrets: SecretStore
  /** The home directory of whoever runs this: for known_hosts and default keys, and where local commands start. */
  readonly home: string
  /** Path of the agent's socket (SSH_AUTH_SOCK). */
  readonly agent?: string
  /** `accept-new`: the key of a machine of which no key is known is stored and taken; default `strict`. */
  readonly hostKeyChecking?: HostKeyChecking
  /** With `accept-new`: keys that are taken are kept here for as long as this lives, and not stored in a file. */
  readonly heldKeys?: HeldKeys
  /** The known_hosts files, read once; without it, they are read for each connection. */
  readonly knownHosts?: KnownFiles
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
