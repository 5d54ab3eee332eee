import { InputError } from '../model/errors.ts'
import { matchesSshList, matchesSshPattern } from '../model/ssh-patterns.ts'
import type { SshLine } from './ssh-config-lines.ts'

/** What Host and Match lines are compared with. */
export interface SshSubject {
  /** As it was asked for. */
  readonly original: string
  /** What Host compares: the original, in the final pass the resolved name. */
  readonly host: string
  /** The name as far as it is known, and who would log in, at this line. */
  readonly resolved: () => string
  readonly user: () => string
  readonly localUser: string
  readonly final: boolean
  /** Whether a command of `Match exec` says yes. Throws an {@link InputError} where it may not be run. */
  readonly exec: (line: SshLine, command: string) => boolean
  /** Called by `Match final`: another pass is wanted. */
  readonly wantFinal: () => void
}

/** Whether the lines after a `Host` count. */
export function hostApplies(line: SshLine, subject: SshSubject): boolean {
  let found = false
  for (const word of line.words) {
    const negated = word.startsWith('!')
    if (word === '') throw wrong(line, 'expected patterns, got an empty one')
    if (!matchesSshPattern(subject.host, negated ? word.slice(1) : word)) continue
    if (negated) return false
    found = true
  }
  return found
}

/** Whether the lines after a `Match` count. Throws an {@link InputError} for criteria that are not understood. */
export function matchApplies(line: SshLine, subject: SshSubject): boolean {
  const words = [...line.words]
  let applies = true
  let count = 0
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const negated = word.startsWith('!')
    const name = (negated ? word.slice(1) : word).toLowerCase()
    if (name === 'all') {
      if (count > 1 || words.length > 0) throw wrong(line, '"all" cannot be combined with others')
      return applies && !negated
    }
    count += 1
    if (name === 'final' || name === 'canonical') {
      if (name === 'final') subject.wantFinal()
      if (subject.final === negated) applies = false
      continue
    }
    const list = words.shift()
    if (list === undefined || list === '') throw wrong(line, `expected a value behind ${name}`)
    // As OpenSSH: what is decided already runs no command.
    if (name === 'exec' && !applies) continue
    const met = criterion(line, name, list, subject)
    if (met === negated) applies = false
  }
  if (count === 0) throw wrong(line, 'expected a criterion')
  return applies
}

function criterion(line: SshLine, name: string, list: string, subject: SshSubject): boolean {
  switch (name) {
    case 'host':
      return matchesSshList(subject.resolved().toLowerCase(), list.toLowerCase())
    case 'originalhost':
      return matchesSshList(subject.original.toLowerCase(), list.toLowerCase())
    case 'user':
      return matchesSshList(subject.user(), list)
    case 'localuser':
      return matchesSshList(subject.localUser, list)
    case 'exec':
      return subject.exec(line, list)
    default:
      throw wrong(line, `expected host, originalhost, user, localuser, final or all, got "${name}"`)
  }
}

const wrong = (line: SshLine, message: string) => new InputError(`${line.from} ${line.keyword}: ${message}`)
