import type { Duplex, Readable, Writable } from 'node:stream'

/** How the far end of a channel went: neither code nor signal means that nobody said. */
export interface Ended {
  readonly code?: number
  readonly signal?: string
}

/** A running process at the other end: its three streams, and its end once all that it said has arrived. */
export interface Channel {
  readonly input: Writable
  readonly output: Readable
  readonly errors: Readable
  readonly ended: Promise<Ended>
  destroy(): void
}

/** One way to a machine, until it breaks. A new one is made then; nothing of the old one is used again. */
export interface Link {
  readonly alive: boolean
  /** Type and fingerprint of the host key that it was made with. */
  readonly hostKey?: string
  /** Why it is gone. It never rejects. */
  readonly gone: Promise<string>
  /** Seconds that an answer to what takes no time may take: a new channel, a shell's first word; default 30. */
  readonly patience?: number
  /** Starts a command line in the account's login shell, leader of a session of its own. */
  open(command: string): Promise<Channel>
  dial(address: string, port: number): Promise<Duplex>
  /** A command of this machine's shell that does the same, while the link lives. */
  dialCommand?(address: string, port: number): string
  close(): void
}

/** Takes bytes as they come; a promise holds the stream back until it is settled. */
export type Tap = (chunk: Buffer) => undefined | Promise<void>
