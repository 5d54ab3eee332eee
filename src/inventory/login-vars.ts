import type { Secret } from '../model/secret.ts'
import { secretRef, secretTitle } from '../model/secret-schema.ts'

/** Ansible's names for the password to log in with; where several are set, the first of these counts, as it does there. */
const passwords = ['ansible_ssh_password', 'ansible_ssh_pass', 'ansible_password'] as const
/** Ansible's names for what opens an encrypted key (2.19); here it opens that of `ansible_ssh_private_key_file`. */
const passphrases = ['ansible_ssh_private_key_passphrase', 'ansible_private_key_passphrase'] as const

/** Ansible's names for the password to become another user with. */
const becomePasswords = ['ansible_become_password', 'ansible_become_pass'] as const

const optionalSecret = () => secretRef().optional()

type LoginVar = (typeof passwords)[number] | (typeof passphrases)[number] | (typeof becomePasswords)[number]
type LoginSchemas = Record<LoginVar, ReturnType<typeof optionalSecret>>

/** The schemas of the variables that hold secrets for logging in. */
export const loginVars = Object.fromEntries(
  [...passwords, ...passphrases, ...becomePasswords].map((name) => [name, optionalSecret()]),
) as LoginSchemas

type Given = { readonly [name in LoginVar]?: Secret | undefined }

/** Whether a variable of that name holds a secret for logging in. */
export const isLoginVar = (name: string): boolean => Object.hasOwn(loginVars, name)

/** The names of the secrets that a host's variables name for logging in, as far as they can be read. */
export const namedLogins = (vars: Readonly<Record<string, unknown>>): readonly string[] =>
  Object.entries(loginVars).flatMap(([name, schema]) => schema.safeParse(vars[name]).data?.name ?? [])

/** Password, passphrase and password to become another of a host: by name, those that stand in the inventory too. */
export function loginSecrets(given: Given): {
  readonly password?: Secret
  readonly passphrase?: Secret
  readonly becomePassword?: Secret
} {
  const first = (names: readonly LoginVar[]): Secret | undefined =>
    names.map((one) => given[one]).find((value) => value !== undefined)
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
    return [{ keyword, value: value.name.startsWith('inventory:') ? '***' : secretTitle(value.name), name }]
  }
  return [...row('Password', passwords), ...row('Passphrase', passphrases)]
}
