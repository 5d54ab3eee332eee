import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { InputError } from '../model/errors.ts'
import type { SecretStore } from '../model/secret.ts'

/** A secret's file as the store wants to know it: what is in it, whose it is, and its permission bits. */
export interface SecretFile {
  readonly text: string
  readonly uid: number
  readonly mode: number
}

/** Reads a secret's file, and tells whose it is: of the very file that was read. */
export function readSecretFile(path: string): SecretFile {
  const file = openSync(path, 'r')
  try {
    const { uid, mode } = fstatSync(file)
    return { text: readFileSync(file, 'utf8'), uid, mode }
  } finally {
    closeSync(file)
  }
}

/**
 * Looks up `env:NAME` and `file:/path` when they are used. A file must be of `uid` (the user who runs this) and closed to
 * everyone else; the newline at its end is no part of the secret. Throws InputError, never with a value in it.
 */
export function secretStore(
  env: Readonly<Record<string, string | undefined>>,
  uid: number | undefined,
  readFile: (path: string) => SecretFile = readSecretFile,
): SecretStore {
  return ({ name }) => {
    const [, kind, rest] = /^(env|file):(.+)$/s.exec(name) ?? []
    if (kind === 'env' && rest !== undefined) {
      const value = env[rest]
      if (value !== undefined && value !== '') return value
      throw new InputError(
        `secret ${name}: the environment variable is not set`,
        `Set it: export ${rest}=...`,
      )
    }
    if (kind === 'file' && rest !== undefined) return fromFile(name, rest, readFile, uid)
    throw new InputError(`secret ${name}: expected env:NAME or file:/absolute/path`)
  }
}

function fromFile(
  name: string,
  path: string,
  readFile: (path: string) => SecretFile,
  uid: number | undefined,
): string {
  let file: SecretFile
  try {
    file = readFile(path)
  } catch (error) {
    throw new InputError(`secret ${name}: ${error instanceof Error ? error.message : String(error)}`)
  }
  if (uid !== undefined && file.uid !== uid) {
    throw new InputError(`secret ${name}: expected a file of yours (uid ${uid}), got one of uid ${file.uid}`)
  }
  if ((file.mode & 0o077) !== 0) {
    const mode = (file.mode & 0o777).toString(8).padStart(4, '0')
    throw new InputError(`secret ${name}: expected mode 0600, got ${mode}`, `Close it: chmod 600 '${path}'`)
  }
  const text = file.text.replace(/\r?\n$/, '')
  if (text === '') throw new InputError(`secret ${name}: the file is empty`)
  return text
}
