import { type FileHandle, open, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { InputError } from '../model/errors.ts'
import { type Event, isStored, type Stamped } from '../model/event.ts'
import { type Journal, stamper } from './journal.ts'
import { headerLine, journalLine, newestVersion } from './line.ts'
import { type ParsedJournal, parseJournal } from './parse.ts'

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
 * damage before it throws {@link DamagedJournal}, a version that is too new an InputError, and then nothing is written.
 */
export async function fileJournal(
  path: string,
  now: () => Date,
): Promise<{ readonly journal: Journal; readonly events: readonly Stamped[] }> {
  const file = await open(path, 'a+', 0o600)
  try {
    const read = parseJournal(await file.readFile())
    refuse(read, path)
    await file.truncate(read.size)
    await file.datasync()
    await syncDirectory(dirname(path))
    return { journal: writer(file, stamper(now, read.events.length), read), events: read.events }
  } catch (error) {
    await file.close()
    throw error
  }
}

/** Reads a journal's events without opening it for writing. Throws as {@link fileJournal} does. */
export async function readJournal(path: string): Promise<readonly Stamped[]> {
  const read = await inspectJournal(path)
  refuse(read, path)
  return read.events
}

/** Reads a journal, be it damaged or not, without opening it for writing. */
export async function inspectJournal(path: string): Promise<ParsedJournal> {
  return parseJournal(await readFile(path))
}

function refuse({ damage, tooNew, version }: ParsedJournal, path: string): void {
  if (tooNew)
    throw new InputError(
      `${path}:1: this journal was made by a newer upgrade-fleet: its format has version ${version}, and this one knows those up to ${newestVersion}.`,
      'Use that upgrade-fleet for this run. Nothing was done.',
    )
  if (damage !== undefined)
    throw new DamagedJournal(
      `${path}:${damage.line}: this line of the journal is damaged: ${damage.why}.\n${afterDamage}`,
    )
}

/** What to do about a journal that is damaged in its middle. */
export const afterDamage =
  'What was done after it cannot be known from here: put the file back from a backup, or look at the hosts, and roll back by playbooks/rollback.ts if need be.'

function writer(file: FileHandle, stamp: (event: Event) => Stamped, read: ParsedJournal): Journal {
  let waiting: string[] = []
  let { chain } = read
  const write = (event: Stamped) => {
    if (read.size === 0 && chain === undefined) {
      const header = headerLine()
      waiting.push(header.line)
      chain = header.chain
    }
    const next = journalLine(event, chain)
    waiting.push(next.line)
    chain = next.chain
  }
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
      write(stamped)
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
