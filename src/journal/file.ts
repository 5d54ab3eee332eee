import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Event, isStored, type Stamped } from '../model/event.ts'
import { type Journal, stamper } from './journal.ts'
import { journalLine, readLine } from './line.ts'

/** A journal file that is damaged before its end: what it says cannot be trusted. */
export class DamagedJournal extends Error {
  override readonly name = 'DamagedJournal'
}

/** The journal could not be written: nothing more was begun, and what was under way is known as far as it reaches. Exit code 6. */
export class JournalFailed extends Error {
  override readonly name = 'JournalFailed'
}

/**
 * Opens or begins a journal file (mode 0600). A torn last line, from a crash in the middle of a write, is cut off;
 * damage before it throws {@link DamagedJournal}.
 */
export async function fileJournal(
  path: string,
  now: () => Date,
): Promise<{ readonly journal: Journal; readonly events: readonly Stamped[] }> {
  const file = await open(path, 'a+', 0o600)
  const { events, size } = parseJournal(await file.readFile('utf8'), path)
  await file.truncate(size)
  await file.datasync()
  await syncDirectory(dirname(path))
  return { journal: writer(file, stamper(now, events.at(-1)?.seq ?? 0)), events }
}

/** Reads a journal's events without opening it for writing. */
export async function readJournal(path: string): Promise<readonly Stamped[]> {
  const file = await open(path, 'r')
  try {
    return parseJournal(await file.readFile('utf8'), path).events
  } finally {
    await file.close()
  }
}

/** The events of a journal's text, and the bytes up to the end of its last whole line. */
export function parseJournal(text: string, path: string): { events: readonly Stamped[]; size: number } {
  const lines = text.split('\n')
  const events: Stamped[] = []
  let size = 0
  for (const [at, line] of lines.entries()) {
    const last = at >= lines.length - 2 && lines.at(-1) === ''
    if (line === '' && at === lines.length - 1) break
    const read = at === lines.length - 1 ? { damage: 'it has no end' } : readLine(line)
    if ('damage' in read) {
      if (at === lines.length - 1 || last) break
      throw new DamagedJournal(
        `${path}:${at + 1}: this line of the journal is damaged: ${read.damage}.\nWhat was done after it cannot be known from here; look at the hosts, and roll back by playbooks/rollback.ts if need be.`,
      )
    }
    const expected = events.length + 1
    if (read.event.seq !== expected)
      throw new DamagedJournal(
        `${path}:${at + 1}: the journal goes on with event ${read.event.seq}, expected ${expected}.`,
      )
    events.push(read.event)
    size += Buffer.byteLength(line) + 1
  }
  return { events, size }
}

function writer(file: FileHandle, stamp: (event: Event) => Stamped): Journal {
  let waiting: string[] = []
  let flushing: Promise<void> | undefined
  let broken: unknown
  let next: Promise<void> | undefined

  const flush = async (): Promise<void> => {
    const text = waiting.join('')
    waiting = []
    try {
      if (text !== '') {
        await file.appendFile(text)
        await file.datasync()
      }
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      broken = new JournalFailed(
        `The journal could not be written (${why}): nothing new was begun after that.\nMake room or mend the disk, then: upgrade-fleet resume`,
        { cause: error },
      )
      throw broken
    }
  }
  const sync = (): Promise<void> => {
    if (broken !== undefined) return Promise.reject(broken)
    if (flushing === undefined) {
      flushing = flush().finally(() => {
        flushing = undefined
      })
      return flushing
    }
    // Whoever comes while a flush is under way waits for the next one, which takes along all that came meanwhile.
    next ??= flushing
      .catch(() => {})
      .then(() => {
        next = undefined
        return sync()
      })
    return next
  }
  let soon: NodeJS.Timeout | undefined
  return {
    append: (event) => {
      if (broken !== undefined) throw broken
      const stamped = stamp(event)
      if (!isStored(event)) return stamped
      waiting.push(journalLine(stamped))
      // What nobody waits for is on disk soon all the same: what a long gate follows must not be done twice after a kill.
      soon ??= setTimeout(() => {
        soon = undefined
        sync().catch(() => {}) // the next append throws it
      }, 100)
      return stamped
    },
    sync,
    close: async () => {
      clearTimeout(soon)
      // A journal that failed has said so to whoever waited for it.
      if (broken === undefined) await sync().finally(() => file.close())
      else await file.close()
    },
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  await directory.sync().finally(() => directory.close())
}
