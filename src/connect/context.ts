import type { ParsedKey } from 'ssh2'
import type { Connection, Endpoint } from '../model/connection.ts'
import type { Secret, SecretStore } from '../model/secret.ts'
import type { Bastions } from './bastions.ts'
import type { KnownFiles } from './known-files.ts'
import type { Refusals } from './refusals.ts'
import type { Turns } from './turns.ts'
import type { Retry } from './wire.ts'

/** What is done with the host key of a machine of which none is known; a key that is another than the known one is always refused. */
export type HostKeyChecking = 'strict' | 'accept-new'

/** Keys that are taken for the ones of machines, and stored nowhere: by the machine as known_hosts writes it. */
export type HeldKeys = Map<string, { readonly endpoint: Endpoint; readonly key: Buffer }>
/** What a server asks in the middle of a login (keyboard-interactive), made safe to show. */
export interface ServerAsks {
  readonly host: string
  readonly said: string
  readonly prompts: readonly { readonly text: string; readonly hidden: boolean }[]
  /** Aborted when the server does not wait any more. */
  readonly gone: AbortSignal
}

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
  /** Seconds for TCP, handshake and authentication of one try together, whatever the endpoint says; default 20. */
  readonly connectTimeout?: number
  /** Seconds without a byte from the other side after which a connection is given up; default 60. */
  readonly watchdog?: number
  /** Seconds for an answer to what takes no time: a new channel, a shell's first word, a kill; default 30. */
  readonly patience?: number
  /** Seconds for a command whose caller says no other; default 120. */
  readonly commandTimeout?: number
  /** How a lost connection is tried again for the next call. */
  readonly retry?: Retry
  /** How a connection is tried again that is refused, or broken off before the login; default `eager`. */
  readonly attempts?: Retry
  /** Whose turn it is for a handshake with one machine; without it, nobody waits. */
  readonly turns?: Turns
  /** The machines that others are reached through; without it, only those that are behind none can be. */
  readonly bastions?: Bastions
  /** The program that `openssh` endpoints are reached with; default `ssh`. */
  readonly sshProgram?: string
  /** What servers, and those who let become others, refused so far; without it, each connection remembers its own. */
  readonly refusals?: Refusals
  /** Passphrases of key files that a person typed, by path. */
  readonly passphrases?: ReadonlyMap<string, Secret>
  /** Keys that were opened already: an encrypted one takes half a second. */
  readonly openedKeys?: Map<string, ParsedKey>
  /** Asks the person at the terminal what a server wants to know; undefined when there is no answer. */
  readonly ask?: (asked: ServerAsks) => Promise<readonly string[] | undefined>
  /** Makes the connections of `fake` endpoints. */
  readonly fake?: (endpoint: Endpoint) => Connection
}
