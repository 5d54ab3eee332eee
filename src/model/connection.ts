import type { Duplex, Readable, Writable } from 'node:stream'
import type { Charset } from './charset.ts'
import type { Command } from './command.ts'
import type { MachineLock } from './lock.ts'
import type { MachineIdentity } from './machine-identity.ts'
import type { Secret, Text } from './secret.ts'

/** How another user is become on a machine, by a program of that name there. */
export interface Become {
  readonly method: 'sudo' | 'su' | 'doas'
  readonly user: string
  /** What the program may ask for: for sudo the login user's password, for su that of the user who is become. */
  readonly password?: Secret
  /** Whether everything is done as that user; else only what asks for it. */
  readonly always: boolean
}

/** As whom something is to be done; what is left out is as the machine's endpoint has it. `become: false` is who logs in. */
export interface Account {
  readonly become?: boolean
  readonly user?: string
}

/** How to reach a machine, out of the inventory's connection variables (Ansible's names). */
export interface Endpoint {
  /** The inventory name, for messages. */
  readonly name: string
  /** `openssh`: SSH too, by this machine's `ssh` program, for what needs it. */
  readonly kind: 'ssh' | 'openssh' | 'local' | 'fake'
  readonly address: string
  readonly port: number
  readonly user?: string
  /** Path of the one private key to offer. Without it the agent is asked. */
  readonly privateKeyFile?: string
  /** Keys to choose the one to offer from: the first that the agent holds, else the first that can be read. */
  readonly identityFiles?: readonly string[]
  /** Certificates for the keys, beside those that stand next to them as `KEY-cert.pub`. Only `openssh` has certificates. */
  readonly certificateFiles?: readonly string[]
  /** Settings of ssh_config that only `openssh` can honour: hardware keys, GSSAPI. */
  readonly opensshOptions?: Readonly<Record<string, string>>
  /** Whether no other key of the agent may be offered when none of the files is there. */
  readonly identitiesOnly?: boolean
  /** Path of the socket of the agent to ask instead of the usual one; '' for none. */
  readonly agent?: string
  /** Opens the key file, if it is encrypted. */
  readonly passphrase?: Secret
  /** The password to log in with: after the key where one is named, else alone. */
  readonly password?: Secret
  /** known_hosts files, what any of them says counts; default `~/.ssh/known_hosts`. */
  readonly knownHostsFiles?: readonly string[]
  /** The one of them that a new key is stored in, '' for none; default the first. */
  readonly newKeysFile?: string
  /** Whether the name is hashed there. */
  readonly hashKnownHosts?: boolean
  /** Fingerprints (`SHA256:...`) of the host keys that the machine may show; they win over what files say. */
  readonly hostKeyFingerprints?: readonly string[]
  /** The name that its key is looked up by, without a port, instead of address and port. */
  readonly hostKeyAlias?: string
  /** Seconds for TCP, handshake and authentication together. */
  readonly connectTimeout?: number
  /** Seconds between questions whether it is still there, and how many may stay unanswered: with the next it is given up. */
  readonly alive?: { readonly interval: number; readonly count: number }
  /** The machine that it is reached through, which may be behind another. */
  readonly jump?: Endpoint
  /** A command of the controller's shell whose input and output are the connection, instead of TCP. */
  readonly proxyCommand?: string
  /** How another user is become there, and whether everything is done as that user. Without it: root, by sudo, where it is asked for. */
  readonly become?: Become
  /** Directory of ours on the machine, for jobs and before-images; default `.upgrade-fleet` in the home of the user who acts. */
  readonly workdir?: string
  /** The host of the inventory that is the same machine under another name. */
  readonly sameMachine?: string
}

/**
 * What came of a command. Nothing but `exit` says that it ran to its end; `lost` means that nobody knows. The code is the
 * one that the shell saw: 128 and more for a child killed by a signal. `signal` is the end of the command's own shell.
 */
export type ExecResult = Captured &
  (
    | { readonly kind: 'exit'; readonly code: number }
    | { readonly kind: 'signal'; readonly signal: string }
    | { readonly kind: 'lost'; readonly reason: string }
    | { readonly kind: 'timeout'; readonly seconds: number }
    | { readonly kind: 'cancelled' }
    | { readonly kind: 'refused'; readonly reason: string }
  )

/** What a command printed: head and tail of each stream where it was more than the cap. */
export interface Captured {
  readonly stdout: string
  readonly stderr: string
  /** Whether anything in the middle was left out of either stream. */
  readonly truncated: boolean
}

export interface ExecOptions {
  /** Given to the command's standard input, which is empty otherwise. Secrets are revealed here and nowhere else. */
  readonly stdin?: Text
  /** How its characters are written; default UTF-8. */
  readonly stdinCharset?: Charset
  /** Variables for this command alone. No secrets: `/proc` shows them. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Deadline in seconds; default 120. When it passes, the command's process group is killed. */
  readonly timeout?: number
  readonly signal?: AbortSignal
  /** Called with each line of output as it comes, without its end. */
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void
}

/** What to store on the machine: text with secrets (in UTF-8 unless told otherwise), bytes, or a file of the controller. */
export type Source =
  | { readonly text: Text; readonly charset?: Charset }
  | { readonly bytes: Uint8Array }
  | { readonly file: string }
  | { readonly stream: () => Readable; readonly size: number }

export interface PutOptions {
  /** Permission bits, set before the name appears; default 0o600. */
  readonly mode?: number
  /** Name or number of the user that it belongs to, set before the name appears; default: whoever logged in. */
  readonly owner?: string
  /** Name or number of its group, likewise. */
  readonly group?: string
  /**
   * Refuse if the bytes have another SHA-256 (hexadecimal). What is large and whose digest is known is looked for in the
   * machine's cache first, and an upload of it that was cut goes on in a later `put`.
   */
  readonly sha256?: string
  /** Keep a copy of what is large in the machine's cache, by its digest; the next `put` of the same is no upload. */
  readonly cache?: boolean
  /** Refuse if the path exists, instead of replacing it. */
  readonly exclusive?: boolean
  readonly signal?: AbortSignal
  /** Called with the bytes sent so far and the total, at most a few times a second. */
  readonly onProgress?: (done: number, total: number) => void
}

export interface GetOptions {
  /** The offset of the first byte wanted; default 0. Size and digest are those of what is read. */
  readonly from?: number
  readonly signal?: AbortSignal
}

/** A file that arrived whole: its size in bytes and the SHA-256 that both ends agree on. */
export interface Stored {
  readonly size: number
  readonly sha256: string
}

/** Names a job for ever: `run/task/attempt/name`, each part a file name. Starting an id twice attaches to the first. */
export type JobId = string

/** How a job ended. `unknown`: it is gone and left no exit status (killed, rebooted), so what it did must be found out. */
export type JobResult =
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'unknown'; readonly reason: string }
  | { readonly kind: 'timeout'; readonly seconds: number }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'lost'; readonly reason: string }

export interface JobOptions {
  readonly stdin?: Text
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

/** A long command that lives on without us: detached, in a process group of its own, its output in a file. */
export interface Job {
  readonly id: JobId
  /** Absolute path of the file on the machine that holds stdout and stderr together. */
  readonly log: string
  /**
   * Waits for the end, reconnecting for as long as it takes; `timeout` in seconds (default: none) ends the waiting, not
   * the job. `onLine` gets each line of output from the job's beginning.
   */
  wait(options?: {
    timeout?: number
    signal?: AbortSignal
    onLine?: (line: string) => void
  }): Promise<JobResult>
  /** Whether it runs at this moment. */
  running(): Promise<boolean>
  /** Ends its whole process group (TERM, after 10 seconds KILL), proved by pid and start time. Harmless when it has ended. */
  cancel(): Promise<void>
}

/**
 * The other machine. Every implementation passes `test/contracts/connection.ts`.
 *
 * No method throws because the machine refused or a command failed: `exec` and `wait` say so in their result. `put`,
 * `get`, `job`, `jobs`, `workdir` and `dial` throw {@link ConnectionError}. `exec` throws it only when nothing was sent:
 * the machine cannot be reached any more, or the connection was closed. A lost connection is made anew by the next call,
 * its host key checked again. Methods may be called side by side.
 */
export interface Connection {
  readonly endpoint: Endpoint
  /**
   * Which machine it is, as it said when it was last connected to; undefined before its first answer. A connection that is
   * made anew and ends at another machine is refused: `another-machine`.
   */
  readonly who: () => MachineIdentity | undefined
  /** Absolute path of our own 0700 directory on the machine. It is made by the first `put`, `job` or `workdir` use, never by reading. */
  workdir(): Promise<string>
  /** Runs a command in `/bin/sh`, environment and directory its own. `$$` in it is the pid of a shell that others share one after the other. */
  exec(command: Command, options?: ExecOptions): Promise<ExecResult>
  /**
   * Stores a file: temporary name, SHA-256 checked on both ends, owner and mode, synced, renamed. Missing parent directories are
   * an error, and so is too little space, before anything is sent. Cut on its way, it goes on by itself as long as that brings it further.
   */
  put(source: Source, path: string, options?: PutOptions): Promise<Stored>
  /** Reads a file; the bytes go to the sink, which is ended, or destroyed when the file cannot be read whole. */
  get(path: string, sink: Writable, options?: GetOptions): Promise<Stored>
  /** Starts a job in the home directory unless `cwd` is given, or attaches to the one of that id, whether it runs or has ended. */
  job(id: JobId, command: Command, options?: JobOptions): Promise<Job>
  /** The jobs whose id begins with that prefix (whole parts), ended or not. */
  jobs(prefix: string): Promise<readonly Job[]>
  /**
   * The same connection, acting as another user, whose endpoint says so. Its directory is in that user's home, and its
   * jobs with it; lock and fence stay those of the machine. Nothing is done before something is asked of it; when the user
   * cannot be become, that throws {@link ConnectionError} `become`, and nothing was started.
   */
  as(account: Account): Connection
  /** The machine's lock, in the directory of the user whom the endpoint names: one for all that act as that user. */
  readonly lock: MachineLock
  /**
   * The same connection, fenced: whatever may change the machine (all but `sh.read`, `get`, and looking at jobs and lock)
   * is refused there, in the shell that would run it, unless `number` is the newest state of the lock. `exec` answers
   * `refused`, all else throws {@link ConnectionError} `fenced`, and `stale` is called. What is long checks again at its
   * end (`put`, before the name appears) or in its own process (`job`, before the command starts). The process of another
   * user's job cannot: it is tested when its start is handed over, and a takeover in the moment before the command begins is
   * not seen.
   */
  fenced(number: number, stale: () => void): Connection
  /** Opens a TCP connection from the machine to an address that it can reach, to ask something there: no fence holds what is said over it. */
  dial(address: string, port: number): Promise<Duplex>
  /** A text with its secrets' values, for what is said over a connection that was dialled: it goes there and nowhere else. */
  reveal(text: Text): string
  /** A command of this machine's shell that does the same with its input and output; only where the `ssh` program is what connects. */
  dialCommand?(address: string, port: number): Promise<string>
  /** Ends it. Jobs live on. */
  close(): Promise<void>
}
