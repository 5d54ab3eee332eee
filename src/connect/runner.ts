import type { Writable } from 'node:stream'
import { ConnectionError } from '../model/errors.ts'
import { sanitize } from '../model/sanitize.ts'
import { capture } from './capture.ts'
import type { Tap } from './channel.ts'
import { passedOn } from './lock-scripts.ts'
import type { OrderEnd, Shells } from './shells.ts'

/** What a script of ours came to, byte for byte. */
export interface Answer {
  readonly end: OrderEnd
  readonly stdout: Buffer
  readonly stderr: string
}

/** What a script of ours may be given. */
export interface ScriptOptions {
  readonly reads?: boolean
  readonly stdin?: Buffer
  readonly timeout?: number
  readonly signal?: AbortSignal | undefined
  readonly stdout?: Tap
  /** The script reads its shell's own input, and the shell ends with it. */
  readonly feed?: (input: Writable) => void
}

/** What stands before every script that may change the machine. */
export interface Fence {
  /** A test by built-in commands of the shell, which holds as long as the lock has not passed on. */
  test(): Promise<string>
  /** The user who runs the scripts cannot test it: the shell does that which hands them on. */
  readonly outside: boolean
  /** Called when it did not hold. */
  stale(): void
}

/** Why what is behind a fence was not done. */
export const passedOnReason = 'The lock of this machine has passed on.'

/** The fence as a script of the runner can test it itself; undefined where there is none, or another user has to. */
export const ownFence = async ({ fence }: Runner): Promise<string | undefined> =>
  fence === undefined || fence.outside ? undefined : fence.test()

/** Runs our own scripts on a machine, for what is more than a command: files, jobs, the working directory. */
export interface Runner {
  readonly host: string
  /** Tested before each script that does not read; what takes long tests it again by itself. */
  readonly fence?: Fence | undefined
  script(text: string, options?: ScriptOptions): Promise<Answer>
}

const kept = 1024 * 1024

/** A runner over the shells of a connection. */
export function runnerOver(host: string, shells: Shells, fence?: Fence): Runner {
  return {
    host,
    fence,
    script: async (text, options = {}) => {
      const stdout = capture(undefined, kept)
      const stderr = capture(undefined, kept)
      const { reads = false, stdout: tap = stdout.tap, signal, feed, ...rest } = options
      const test = reads ? undefined : await fence?.test()
      const end = await shells.run({
        text,
        ...rest,
        ...(test === undefined ? {} : { fence: test }),
        reads,
        stdout: tap,
        stderr: stderr.tap,
        ...(signal === undefined ? {} : { signal }),
        ...(feed === undefined ? {} : { feed, last: true }),
      })
      if (end.kind === 'fenced') fence?.stale()
      return { end, stdout: stdout.bytes(), stderr: stderr.text() }
    },
  }
}

/** The answer of a script that ended with 0; else a {@link ConnectionError} that says what could not be done. */
export function must(host: string, answer: Answer, what: string): Answer {
  const { end } = answer
  if (end.kind === 'exit' && end.code === 0) return answer
  throw failure(host, answer, what)
}

/** The answer of a script that tests its runner's fence by itself: its own word that the lock has passed on is `fenced` too. */
export function judged(runner: Runner, answer: Answer): Answer {
  if (runner.fence === undefined || answer.end.kind !== 'exit' || answer.end.code !== passedOn) return answer
  runner.fence.stale()
  return { ...answer, end: { kind: 'fenced' } }
}

/** Why a script of ours did not do its work, as an error. */
export function failure(host: string, answer: Answer, what: string): ConnectionError {
  const { end } = answer
  const said = sanitize(answer.stderr.trim()).slice(0, 500)
  switch (end.kind) {
    case 'exit':
      return new ConnectionError(host, 'io', `${host}: ${what}: ${said === '' ? `exit ${end.code}` : said}`)
    case 'signal':
      return new ConnectionError(host, 'io', `${host}: ${what}: ended by signal ${end.signal}. ${said}`)
    case 'lost':
      return new ConnectionError(host, 'lost', `${host}: ${what}: ${end.reason}`)
    case 'timeout':
      return new ConnectionError(host, 'io', `${host}: ${what}: no end within ${end.seconds} seconds`)
    case 'cancelled':
      return new ConnectionError(host, 'refused', `${host}: ${what}: cancelled`)
    case 'fenced':
      return new ConnectionError(host, 'fenced', `${host}: ${what}: ${passedOnReason}`)
    default:
      return end satisfies never
  }
}
