/** Where something stands in a file; lines and columns count from 1. */
export interface Place {
  readonly file: string
  readonly line?: number
  readonly column?: number
}

/** A place as `file:line:column`, as far as it is known. */
export function placeText(place: Place): string {
  return [place.file, place.line, place.column].filter((part) => part !== undefined).join(':')
}

/** Something wrong with what the user gave us (inventory, playbook, flags, artefacts). Exit code 2; nothing was changed. */
export class InputError extends Error {
  override readonly name = 'InputError'
  /** All that is wrong, one line each: `place path: expected ..., got ...`. */
  readonly problems: readonly string[]
  /** What to type or do next: the last line of the message. */
  readonly next: string | undefined
  constructor(problems: string | readonly string[], next?: string) {
    const list = typeof problems === 'string' ? [problems] : problems
    super([...list, ...(next === undefined ? [] : [next])].join('\n'))
    this.problems = list
    this.next = next
  }
}

/** Why a connection could not be used. */
export type ConnectionFault =
  | 'unreachable' // no TCP, no handshake, no answer: nothing was started
  | 'host-key' // unknown, changed or revoked: nothing was sent
  | 'another-machine' // its name means another machine than before, or than one name may: nothing was sent
  | 'auth' // refused: never tried again
  | 'lost' // gone in the middle: what was under way is unknown
  | 'become' // the other user could not be become: nothing was started
  | 'refused' // the machine or a read-only connection refused this operation
  | 'fenced' // refused on the machine: its lock has passed on
  | 'io' // a file could not be read or stored

/** A connection that failed, with who, why, and what to type next. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError'
  readonly fault: ConnectionFault
  readonly host: string
  constructor(host: string, fault: ConnectionFault, message: string) {
    super(message)
    this.host = host
    this.fault = fault
  }
}

/** A module's word that its work was not done, or that a gate does not hold: what was seen goes into the message. */
export class TaskError extends Error {
  override readonly name = 'TaskError'
  /** Lines that prove it: log lines, command output. */
  readonly evidence: readonly string[]
  constructor(message: string, evidence: readonly string[] = []) {
    super([message, ...evidence.map((line) => `  ${line}`)].join('\n'))
    this.evidence = evidence
  }
}

/** A module's word that nobody can know whether its work was done (a connection lost in the middle). */
export class UnknownOutcome extends Error {
  override readonly name = 'UnknownOutcome'
}

/** A module's word that it was broken off since the run was interrupted, and nothing is wrong. A resume does it again. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
}
