import type { Connection } from '../../src/model/connection.ts'
import { TaskError } from '../../src/model/errors.ts'

/** What goes over a connection: told, counted, and cut off at a call. */
export interface Recorder {
  readonly connection: Connection
  /** Another machine's connection, whose calls are told, counted and cut off with the others. */
  over(inner: Connection): Connection
  /** Calls so far, and those of them that may change something. */
  calls: number
  changing: number
  readonly texts: string[]
  /** The number of the call at which the connection is cut: before it is sent, or when it was done. */
  cut: { readonly at: number; readonly when: 'before' | 'after' } | undefined
}

/** Whether the work was cut off; any other error is one. */
export async function cutOff(
  recorder: Recorder,
  cut: NonNullable<Recorder['cut']>,
  work: () => Promise<unknown>,
): Promise<boolean> {
  recorder.calls = 0
  recorder.cut = cut
  try {
    await work()
    return false
  } catch (error) {
    if (recorder.calls < cut.at) throw error
    return true
  } finally {
    recorder.cut = undefined
  }
}

/** A connection that tells what goes over it. */
export function recording(inner: Connection): Recorder {
  const through = async <T>(changes: boolean, work: () => Promise<T>, text: string): Promise<T> => {
    recorder.calls += 1
    if (changes) recorder.changing += 1
    recorder.texts.push(text)
    const { cut } = recorder
    const now = cut !== undefined && recorder.calls >= cut.at
    if (now && cut.when === 'before') throw new TaskError('cut off')
    const done = await work()
    if (now) throw new TaskError('cut off')
    return done
  }
  const recorder: Recorder = {
    calls: 0,
    changing: 0,
    texts: [],
    cut: undefined,
    over: (other) => ({
      ...other,
      exec: (command, options) => through(!command.reads, () => other.exec(command, options), command.text),
      put: (source, path, options) => through(true, () => other.put(source, path, options), path),
      get: (path, sink, options) => through(false, () => other.get(path, sink, options), path),
      job: (id, command, options) => through(true, () => other.job(id, command, options), command.text),
    }),
    get connection() {
      return recorder.over(inner)
    },
  }
  return recorder
}
