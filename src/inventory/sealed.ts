import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { InputError } from '../model/errors.ts'
import type { Json } from '../model/json.ts'
import { isAge } from './age.ts'
import { closed } from './closed.ts'
import { iniValues } from './ini-values.ts'
import { inventoryText } from './inventory-text.ts'
import { bare } from './located.ts'
import { unsafeText } from './unsafe.ts'
import { isVault } from './vault.ts'
import { readYaml, type YamlText } from './yaml-text.ts'

/** Gives what is in an encrypted text; throws an InputError that begins with `what`. */
export type Unseal = (what: string, text: string) => Promise<string>

/** Whether a text is encrypted as a whole: an Ansible vault, or age. */
export const isEncrypted = (text: string): boolean => isVault(text) || isAge(text)

/** Refuses every encrypted text: for whoever has no keys. */
export const noKeys: Unseal = async (what) => {
  throw new InputError(`${what}: it is encrypted, and cannot be read here`)
}

/**
 * Reads a file of variables that may be encrypted as a whole. Of an encrypted one every text stays closed, as does a number under a
 * name that sounds like a secret: what it gives for them is where they stand (`{ __sealed: file, at: pointer }`), so that no value
 * of it gets into what is kept of an inventory. Problems of such a file quote nothing of it.
 */
export async function readVars(
  text: string,
  { path, file }: { readonly path: string; readonly file: string },
  unseal: Unseal,
): Promise<YamlText> {
  if (!isEncrypted(text)) return readYaml(text, file)
  let open: string
  try {
    open = await unseal(file, text)
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    return { root: undefined, problems: [error.message], warnings: [] }
  }
  const { root, problems, warnings } = readYaml(open, file)
  const twice = warnings.map(
    (one) => `${/^\S+:\d+:\d+/.exec(one)?.[0] ?? file} a key stands here again; the last one counts`,
  )
  const unquoted = problems.map((one) => {
    const [place = file] = /^\S+:\d+:\d+/.exec(one) ?? []
    return `${place} expected YAML with values of the usual kinds, got something else (the file is encrypted, so it is not shown)`
  })
  return { root: root && closed(root, path, []), problems: unquoted, warnings: twice }
}

/** The value of an encrypted file that a secret `sealed:FILE#POINTER` names, as the file is now. Throws an InputError. */
export async function sealedValue(what: string, name: string, unseal: Unseal): Promise<string> {
  const [, path = '', pointer = ''] = /^sealed:(.*?)#(\/.*)$/s.exec(name) ?? []
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw new InputError(`${what}: ${error.message}`)
  })
  const read = inventoryText(isEncrypted(text) ? await unseal(path, text) : text, path, extname(path))
  const parts = pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  const found = parts.reduce<Json>(
    (at, part) => {
      if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return undefined
      return (at as Readonly<Record<string, Json>>)[part]
    },
    'ini' in read ? iniValues(read.ini) : read.yaml.root && bare(read.yaml.root),
  )
  const unsafe = unsafeText(found)
  const value = unsafe ?? found
  if ((typeof value !== 'string' && typeof value !== 'number') || value === '')
    throw new InputError(
      `${what}: there is no such value in it any more`,
      'Put it back, or correct the inventory.',
    )
  if (unsafe === undefined && /\{\{|\{%/.test(String(value)))
    throw new InputError(
      `${what}: expected a plain value, got a template, which is not resolved in an encrypted file`,
    )
  return String(value)
}
