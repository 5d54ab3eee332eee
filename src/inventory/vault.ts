import { stat } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import { InputError } from '../model/errors.ts'
import { type ProgramWorld, programOutput } from './program-output.ts'
import { readOwn } from './secrets.ts'

/** A password for Ansible vaults; it is asked for when the first vault is met, and once. */
export interface VaultKey {
  /** The vault id that it is for, `default` where none was said. Others are tried with it too, after those of their own. */
  readonly label: string
  readonly password: () => Promise<string>
}

/** Whether a text is an Ansible vault. */
export const isVault = (text: string): boolean => text.startsWith('$ANSIBLE_VAULT;')

const howTo =
  'Give its password: --vault-password-file FILE, --vault-id LABEL@FILE, or --ask-vault-pass to be asked for it.'

/**
 * The text that is in a vault, with the first password that opens it: as in Ansible those of its label first, then all others in
 * their order. Throws an InputError that begins with `what`.
 */
export async function openVault(what: string, text: string, keys: readonly VaultKey[]): Promise<string> {
  if (keys.length === 0)
    throw new InputError(`${what}: it is an Ansible vault, and no password for vaults was given`, howTo)
  const [, version = '', cipher = '', label] =
    /^\$ANSIBLE_VAULT;([^;\s]*);([^;\s]*)(?:;(\S+))?/.exec(text) ?? []
  if (!['1.1', '1.2'].includes(version) || cipher !== 'AES256')
    throw new InputError(
      `${what}: expected a vault of version 1.1 or 1.2 with AES256, got ${version} with ${cipher}`,
      'Write it anew: ansible-vault rekey FILE',
    )
  const { Vault } = await import('ansible-vault')
  for (const key of keys.toSorted((a, b) => Number(b.label === label) - Number(a.label === label))) {
    const password = await key.password()
    const opened = await new Vault({ password }).decrypt(text.trim(), undefined).catch(() => undefined)
    if (opened !== undefined) return opened
  }
  const labels = [...new Set(keys.map((key) => key.label))].join(', ')
  const meant = label === undefined ? '' : ` of the id "${label}"`
  throw new InputError(
    `${what}: it is an Ansible vault${meant} that no password opens which was given (tried: ${labels}), or it was damaged`,
    howTo,
  )
}

/** The label and the source of a `--vault-id`: `label@source`, or a source alone. */
export function vaultId(text: string): { readonly label: string; readonly source: string } {
  const at = text.indexOf('@')
  return at < 0
    ? { label: 'default', source: text }
    : { label: text.slice(0, at) || 'default', source: text.slice(at + 1) }
}

/**
 * A vault's password out of a file that is yours alone (0600), or out of a program that prints it; one whose name ends in `-client`
 * is told the label, as Ansible does. Throws an InputError.
 */
export async function vaultPassword(
  what: string,
  path: string,
  label: string,
  world: ProgramWorld & { readonly uid: number | undefined },
): Promise<string> {
  const found = await stat(path).catch((error: Error) => {
    throw new InputError(`${what}: ${error.message}`)
  })
  if (found.isDirectory()) throw new InputError(`${what}: expected a file or a program, got a directory`)
  const runs = (found.mode & 0o111) !== 0
  const isClient = basename(path, extname(path)).endsWith('-client')
  const text = runs
    ? await programOutput(what, [path, ...(isClient ? ['--vault-id', label] : [])], world)
    : readOwn(what, path, world.uid)
  const password = text.trim()
  if (password === '') throw new InputError(`${what}: expected a password, got none`)
  return password
}
