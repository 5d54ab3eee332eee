import { z } from 'zod'
import { type Inventory, placeOfVar } from '../model/inventory.ts'
import { type Secret, secret } from '../model/secret.ts'
import { secretRef } from '../model/secret-schema.ts'
import { problem } from './located.ts'

/** Ansible's names for the password to log in with; where several are set, the first of these counts, as it does there. */
const passwords = ['ansible_ssh_password', 'ansible_ssh_pass', 'ansible_password'] as const
/** Ansible's names for what opens an encrypted key (2.19); here it opens that of `ansible_ssh_private_key_file`. */
const passphrases = ['ansible_ssh_private_key_passphrase', 'ansible_private_key_passphrase'] as const

/** Ansible's names for the password to become another user with. */
const becomePasswords = ['ansible_become_password', 'ansible_become_pass'] as const

/** A value that stands in the inventory as it is, and nowhere else. */
const plain = Symbol('plain')

// What is wrong with it is told without the value: it may be the secret.
const secretOrPlain = () =>
  z
    .custom<string | object>()
    .transform((value, context): Secret | typeof plain => {
      if (typeof value === 'string' && value !== '') return plain
      const parsed = secretRef().safeParse(value)
      if (parsed.success) return parsed.data
      for (const { message, path } of parsed.error.issues)
        context.addIssue({ code: 'custom', message, path: [...path] })
      return z.NEVER
    })
    .optional()

type LoginVar = (typeof passwords)[number] | (typeof passphrases)[number] | (typeof becomePasswords)[number]
type LoginSchemas = Record<LoginVar, ReturnType<typeof secretOrPlain>>

/** The schemas of the variables that hold secrets for logging in: `{ env: NAME }`, `{ file: /path }`, or the plain text. */
export const loginVars = Object.fromEntries(
  [...passwords, ...passphrases, ...becomePasswords].map((name) => [name, secretOrPlain()]),
) as LoginSchemas

type Given = { readonly [name in LoginVar]?: Secret | typeof plain | undefined }

/** Password, passphrase and password to become another of a host: by name, those that stand in the inventory too. */
export function loginSecrets(
  given: Given,
  host: string,
): { readonly password?: Secret; readonly passphrase?: Secret; readonly becomePassword?: Secret } {
  const first = (names: readonly LoginVar[]): Secret | undefined => {
    const name = names.find((one) => given[one] !== undefined)
    const value = name && given[name]
    return value === plain ? secret(`inventory:${name} of ${host}`) : value
  }
  const [password, passphrase, becomePassword] = [passwords, passphrases, becomePasswords].map(first)
  return {
    ...(password && { password }),
    ...(passphrase && { passphrase }),
    ...(becomePassword && { becomePassword }),
  }
}

/** The same for people: the secrets' names, and by which variables. */
export function loginSettings(given: Given): readonly { keyword: string; value: string; name: LoginVar }[] {
  const row = (keyword: string, names: readonly LoginVar[]) => {
    const name = names.find((one) => given[one] !== undefined)
    const value = name && given[name]
    if (name === undefined || value === undefined) return []
    return [{ keyword, value: value === plain ? '***' : value.name, name }]
  }
  return [...row('Password', passwords), ...row('Passphrase', passphrases)]
}

/** A secret for logging in that stands openly in the inventory. */
export interface PlainLogin {
  /** The secret's name, as {@link loginSecrets} gives it. */
  readonly name: string
  readonly value: string
  /** For people: where it stands, and what is better. */
  readonly warning: string
}

/** All secrets for logging in that stand openly in an inventory. */
export function plainLogins(inventory: Inventory): readonly PlainLogin[] {
  return inventory.hosts.flatMap((host) =>
    [...passwords, ...passphrases, ...becomePasswords].flatMap((name) => {
      const value = host.vars[name]
      if (typeof value !== 'string' || value === '') return []
      const { place, group } = placeOfVar(inventory, host, [name])
      const owner = group === undefined ? `hosts.${host.name}` : `${group}.vars`
      const warning = problem(
        place,
        `${owner}.${name}`,
        'it stands here as it is, and so in the run.json of every run; better: { env: NAME } or { file: /absolute/path }',
      )
      return [{ name: `inventory:${name} of ${host.name}`, value, warning }]
    }),
  )
}
