import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { InputError } from '../model/errors.ts'

/**
 * Makes a directory of the state, 0700, with those above it. Throws an InputError when it cannot: nothing was done yet.
 * One level at a time, since Node's recursive mkdir never ends where a file system refuses by "no such file" (/proc).
 */
export async function makeStateDirectory(path: string): Promise<void> {
  try {
    await make(path)
  } catch (error) {
    throw new InputError(
      `The state directory cannot be used: ${(error as Error).message}`,
      'Runs must be kept to be resumed or rolled back: name a directory that can be written with --state DIR.',
    )
  }
}

async function make(path: string): Promise<void> {
  const refused = await tried(path)
  if (refused === undefined) return
  if (refused.code === 'ENOENT' && dirname(path) !== path) {
    await make(dirname(path))
    const again = await tried(path)
    if (again !== undefined) throw again
    return
  }
  // Beneath a read-only root even what exists is refused.
  const there = await stat(path).catch(() => undefined)
  if (there?.isDirectory() !== true) throw refused
}

const tried = (path: string): Promise<NodeJS.ErrnoException | undefined> =>
  mkdir(path, { mode: 0o700 }).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error,
  )
