import type { On } from '../model/action.ts'
import { type Command, sh } from '../model/command.ts'
import { TaskError } from '../model/errors.ts'
import { ask } from './target.ts'

/** Refuses to begin where a file of about so many bytes has no room; nothing is written. The directory need not exist yet. */
export async function room(on: On, path: string, bytes: number, what: string): Promise<void> {
  const { stdout } = await ask(
    on,
    sh.read`d=$(dirname -- ${path}); while [ ! -d "$d" ]; do d=$(dirname -- "$d"); done; df -Pk -- "$d" | awk 'NR == 2 { print $4 }'`,
  )
  const free = Number(stdout.trim()) * 1024
  if (free < bytes)
    throw new TaskError(
      `${on.name} has ${mib(free)} MiB free for ${path}, and ${what} needs about ${mib(bytes)}: make room, or choose another directory`,
    )
}

/**
 * Does something that writes, and where that ends for want of room says which file system is full. `path` is where it writes; the
 * error goes on as it is where `elsewhere` finds in it that another machine has no room.
 */
export async function inRoom<T>(
  on: On,
  path: string,
  work: () => Promise<T>,
  elsewhere: (said: string) => boolean = () => false,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof TaskError) || !noRoom.test(error.message) || elsewhere(error.message)) throw error
    const { stdout } = await ask(
      on,
      sh.read`d=${path}; while [ ! -d "$d" ]; do d=$(dirname -- "$d"); done; df -Pk -- "$d" | awk 'NR == 2 { print $2, $4, $6 }'`,
    )
    const [size, free, ...mounted] = stdout.trim().split(' ')
    throw new TaskError(
      `${on.name} has no room left in ${path} (${mounted.join(' ')} has ${mib(Number(size) * 1024)} MiB, and ${mib(Number(free) * 1024)} are free when what was begun is removed): make room, then run again`,
      error.message.split('\n').map((line) => line.replace(/^ {2}/, '')),
    )
  }
}
// As the C library, Subversion, SQLite and GNU tar say it.
const noRoom =
  /No space left on device|Disk quota exceeded|\bE0000(28|122)\b|database or disk is full|Wrote only \d+ of \d+ bytes/i

/** Shell for a program that does not tell why it could not write: says so where less than 64 KiB are free beside a file. */
export const tellsNoRoom = (file: string): Command =>
  sh.read`[ "$(df -Pk -- "$(dirname -- ${file})" | awk 'NR == 2 { print $4 }')" -ge 64 ] || printf '%s: No space left on device\n' ${file} >&2`

const mib = (bytes: number): number => Math.ceil(bytes / 1024 / 1024)
