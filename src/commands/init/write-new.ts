import { lstat, mkdir, rm, rmdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { InputError } from '../../model/errors.ts'

/**
 * Writes files that are not there yet, by their paths below a directory: all of them, or none. Throws an {@link InputError} that lists
 * those that are there, before anything is written; what cannot be written takes what was written before it away again.
 */
export async function writeNew(directory: string, files: ReadonlyMap<string, string>): Promise<void> {
  const there: string[] = []
  for (const path of files.keys()) if (await isThere(join(directory, path))) there.push(path)
  if (there.length > 0)
    throw new InputError(
      there.map((path) => `${join(directory, path)} is there already`),
      'Nothing was written. Name another directory: upgrade-fleet init DIR',
    )
  const made: (() => Promise<void>)[] = []
  try {
    for (const [path, text] of files) {
      const file = join(directory, path)
      await makeDirectory(dirname(file), made)
      await writeFile(file, text, { flag: 'wx' })
      made.push(() => rm(file))
    }
  } catch (error) {
    for (const undo of made.toReversed()) await undo().catch(() => {})
    throw new InputError(
      `${directory}: ${error instanceof Error ? error.message : String(error)}`,
      'Nothing was left behind. Name a directory that can be written: upgrade-fleet init DIR',
    )
  }
}

// Each level by itself, so that those alone are taken away that were made.
async function makeDirectory(path: string, made: (() => Promise<void>)[]): Promise<void> {
  if (await isThere(path)) return
  await makeDirectory(dirname(path), made)
  await mkdir(path)
  made.push(() => rmdir(path))
}

// A link that leads nowhere is there too.
const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  )
