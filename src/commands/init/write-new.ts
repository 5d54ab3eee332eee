import { lstat, mkdir, rm, rmdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { InputError } from '../../model/errors.ts'

/**
 * Writes files that are not there yet, by their paths below a directory: all of them, or none. Throws an {@link InputError} that lists
 * those that are there, before anything is written; what cannot be written takes what was written before it away again.
 */
export async function writeNew(directory: string, files: ReadonlyMap<string, string>): Promise<void> {
  const there: string[] = []
  for (const path of files.keys()) {
    const obstacle = await obstacleAt(join(directory, path))
    if (obstacle !== undefined) there.push(`${join(directory, path)} ${obstacle}`)
  }
  if (there.length > 0)
    throw new InputError(there, 'Nothing was written. Name another directory: upgrade-fleet init DIR')
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
  if ((await obstacleAt(path)) !== undefined) return
  await makeDirectory(dirname(path), made)
  await mkdir(path)
  made.push(() => rmdir(path))
}

// A link that leads nowhere is there too.
const obstacleAt = (path: string): Promise<string | undefined> =>
  lstat(path).then(
    () => 'is there already',
    ({ code, message }: NodeJS.ErrnoException) =>
      code === 'ENOENT' ? undefined : code === 'ENOTDIR' ? 'has a file where its directory must be' : message,
  )
