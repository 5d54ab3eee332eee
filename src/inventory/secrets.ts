import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { InputError } from '../model/errors.ts'
import type { SecretStore } from '../model/secret.ts'
import { secretTitle } from '../model/secret-schema.ts'

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

/** Kinds of secrets that are looked up once, before anything runs: people, programs and keys are asked for them. */
export const askedFor = /^(?:command|prompt|age|vault|sealed):/

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
    if (kind === 'file' && rest !== undefined) return readOwn(`secret ${name}`, rest, uid, readFile)
    if (askedFor.test(name))
      throw new InputError(
        `secret ${secretTitle(name)}: it was not looked up before the run`,
        'Let a variable of the inventory name it, of a type that the fleet declares as a secret.',
      )
    throw new InputError(`secret ${name}: expected env:NAME or file:/absolute/path`)
  }
}

/**
 * What a file holds that only `uid` may read, without the newline at its end. Throws an InputError, which begins with `what` and has
 * nothing of the file in it.
 */
export function readOwn(
  what: string,
  path: string,
  uid: number | undefined,
  readFile: (path: string) => SecretFile = readSecretFile,
): string {
  let file: SecretFile
  try {
    file = readFile(path)
  } catch (error) {
    throw new InputError(`${what}: ${error instanceof Error ? error.message : String(error)}`)
  }
  if (uid !== undefined && file.uid !== uid) {
    throw new InputError(`${what}: expected a file of yours (uid ${uid}), got one of uid ${file.uid}`)
  }
  if ((file.mode & 0o077) !== 0) {
    const mode = (file.mode & 0o777).toString(8).padStart(4, '0')
    throw new InputError(`${what}: expected mode 0600, got ${mode}`, `Close it: chmod 600 '${path}'`)
  }
  const text = file.text.replace(/\r?\n$/, '')
  if (text === '') throw new InputError(`${what}: the file is empty`)
  return text
}
