import { sanitize } from './sanitize.ts'

/** Who took a machine's lock, or let go of it: a run, or a person with `unlock`. */
export interface LockHolder {
  /** The run's id; for `unlock`, that of the run whose lock was released. */
  readonly run: string
  readonly user: string
  /** The controller: its name, and the process and state directory there. */
  readonly machine: string
  readonly pid: number
  readonly state: string
  /** ISO 8601, by the controller's clock. */
  readonly since: string
  /** This process's taking, and no other. */
  readonly token: string
  readonly by: 'run' | 'unlock'
}

/** What is noted in a state of a machine's lock. */
export interface LockNote {
  readonly held: boolean
  /** Undefined where the note cannot be read: then it is held by nobody knows whom. */
  readonly holder: LockHolder | undefined
}

/** A state of a machine's lock. They are counted from 1 for ever; 0: it was never taken. */
export interface LockState extends LockNote {
  readonly number: number
}

/**
 * A machine's lock: a row of numbered states, of which the newest is what holds. A state is never changed; whoever takes
 * the lock, takes it over or lets go of it adds one, and is refused when somebody else was quicker. Who may do so is the
 * caller's matter. There is no expiry.
 */
export interface MachineLock {
  /** The newest state. Only reads. Throws ConnectionError. */
  look(): Promise<LockState>
  /**
   * Adds a state after the one of that number, on the machine's disk when it answers. Undefined, and nothing is done, when
   * that is not the newest any more. Throws ConnectionError; after `lost` only a look can tell.
   */
  add(after: number, note: LockNote): Promise<number | undefined>
  /**
   * Adds the state that this holder has it, unless the newest says that it is held; answers what is the newest by then, ours
   * or the one in the way. One round trip. Throws ConnectionError; after `lost` the next try, or a look, can tell.
   */
  take(holder: LockHolder): Promise<LockState>
}

const keys = ['run', 'user', 'machine', 'state', 'since', 'token'] as const

/** Reads a note that came from a machine: untrusted, so whatever is not as we write it counts as held by nobody knows whom. */
export function readNote(text: string): LockNote {
  try {
    const { held, holder } = JSON.parse(text) as { held: unknown; holder: Record<string, unknown> }
    const pid = holder['pid']
    const by = holder['by']
    const words = keys.map((key) => [key, holder[key]] as const)
    if (typeof held !== 'boolean' || typeof pid !== 'number' || (by !== 'run' && by !== 'unlock'))
      throw unread
    if (words.some(([, word]) => typeof word !== 'string' || word.length > 4096)) throw unread
    if (words.some(([, word]) => String(word).includes('\n'))) throw unread
    // It stands in commands that are proposed to be typed.
    if (!/^\w[\w.-]*$/.test(String(holder['run']))) throw unread
    return { held, holder: { ...(Object.fromEntries(words) as unknown as LockHolder), pid, by } }
  } catch {
    return { held: true, holder: undefined }
  }
}

const unread = new Error('not a note of ours')

/** Who holds a lock, or let go of it, as a clause: `the run R of ann on ctl-1 (pid 7) since 10:00`. */
export function holderText(holder: LockHolder | undefined): string {
  if (holder === undefined) return 'somebody whose note cannot be read'
  const { run, user, machine, pid, since } = holder
  return sanitize(`the run ${run} of ${user} on ${machine} (pid ${pid}) since ${since}`)
}
