import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { InputError } from '../model/errors.ts'
import { globRegExp } from './globs.ts'

/** How configuration files are had; they are read once. */
export interface SshFiles {
  /**
   * The text of a file; undefined when there is none. `checked` refuses one that others may write, as OpenSSH does.
   * Throws an {@link InputError}.
   */
  read(path: string, checked: boolean): string | undefined
  /** The files that an absolute pattern means, sorted. */
  glob(pattern: string): readonly string[]
}

/** The files of this machine; `uid` is who runs this. */
export function sshFiles(uid: number | undefined): SshFiles {
  const texts = new Map<string, string | undefined>()
  return {
    read: (path, checked) => {
      const key = `${checked} ${path}`
      if (!texts.has(key)) texts.set(key, textOf(path, checked, uid))
      return texts.get(key)
    },
    glob: expand,
  }
}

function textOf(path: string, checked: boolean, uid: number | undefined): string | undefined {
  try {
    const { uid: owner, mode } = statSync(path)
    if (checked && ((owner !== 0 && owner !== uid) || (mode & 0o022) !== 0))
      throw new InputError(
        `${path}: expected a file of yours that nobody else may write`,
        `Type: chmod go-w ${path}`,
      )
    return readFileSync(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return undefined
    if (error instanceof InputError) throw error
    throw new InputError(`${path}: cannot be read: ${error instanceof Error ? error.message : error}`)
  }
}

function expand(pattern: string): readonly string[] {
  if (!/[*?[]/.test(pattern)) return exists(pattern) ? [pattern] : []
  const parent = dirname(pattern)
  const last = pattern.slice(pattern.lastIndexOf('/') + 1)
  const folders = parent === '/' ? ['/'] : expand(parent)
  const wanted = globRegExp(last)
  return folders.flatMap((folder) => {
    const base = folder === '/' ? '' : folder
    if (!/[*?[]/.test(last)) return expand(`${base}/${last}`)
    return names(folder)
      .filter((name) => wanted.test(name) && (last.startsWith('.') || !name.startsWith('.')))
      .sort()
      .map((name) => `${base}/${name}`)
  })
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}

function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
