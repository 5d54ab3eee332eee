import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { isAge, openAge, readIdentities } from '../inventory/age.ts'
import type { Unseal } from '../inventory/sealed.ts'
import { openVault, type VaultKey, vaultId, vaultPassword } from '../inventory/vault.ts'
import { InputError } from '../model/errors.ts'
import type { Io } from '../model/io.ts'
import { type Secret, secret } from '../model/secret.ts'
import { askHidden } from './ask.ts'
import { Exit } from './exit.ts'

/** What opens what is encrypted in an inventory. */
export interface KeyFlags {
  readonly vaultPasswordFile?: readonly string[]
  readonly vaultId?: readonly string[]
  readonly askVaultPass?: boolean
  readonly ageIdentity?: readonly string[]
  /** What this process knows of secrets already. */
  readonly typed?: Typed
}

/** Values of secrets that were typed, decrypted or printed by programs, by the names of the secrets: in this process and nowhere else. */
export interface Typed {
  of(name: string): string | undefined
  values(): Iterable<string>
  /** Keeps a value, and gives the secret that stands for it. */
  keep(name: string, value: string): Secret
  /** The passphrases of key files, by path. */
  readonly passphrases: Map<string, Secret>
  /** The names of all secrets that the site has; what is looked up late is known early by them, and hidden. */
  readonly needed: Set<string>
  /** Opens what is encrypted, each text once. */
  readonly unseal: Unseal
}

/** How a person is asked for what nobody may read, until the answer is of no use any more; '' is no answer. */
export type AskHidden = (io: Io, message: string, gone?: AbortSignal) => Promise<string>

const list = (value: string, before: readonly string[] | undefined) => [...(before ?? []), value]

/** Options of everything that reads secrets of an inventory. */
export function withKeys(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--vault-password-file <file>',
        'the password of Ansible vaults: a file, or a program that prints it',
      ).argParser(list),
    )
    .addOption(
      new Option(
        '--vault-id <label@source>',
        'the same for the vaults of one id; the source is a file, a program, or prompt; may be given again',
      ).argParser(list),
    )
    .option('-J, --ask-vault-pass', 'ask for the password of Ansible vaults')
    .addOption(
      new Option(
        '--age-identity <file>',
        'the key of what is encrypted with age (default: UPGRADE_FLEET_AGE_IDENTITY, else ~/.config/upgrade-fleet/age.key)',
      ).argParser(list),
    )
}

/** What a process knows of secrets, nothing yet; passwords of vaults that are to be typed are asked for now. Throws an InputError where nobody can be asked. */
export async function newTyped(io: Io, flags: KeyFlags, ask: AskHidden = askHidden): Promise<Typed> {
  if (flags.typed !== undefined) return flags.typed
  const values = new Map<string, string>()
  const keep = (name: string, value: string) => {
    values.set(name, value)
    io.secrets?.add(value)
    return secret(name)
  }
  const keys = await vaultKeys(io, flags, keep, ask)
  const identities = once(() => identitiesOf(io, flags.ageIdentity, keep))
  const opened = new Map<string, Promise<string>>()
  return {
    of: (name) => values.get(name),
    values: () => values.values(),
    keep,
    passphrases: new Map(),
    needed: new Set(),
    unseal: (what, text) => {
      const known =
        opened.get(text) ?? (isAge(text) ? openAge(what, text, identities()) : openVault(what, text, keys))
      opened.set(text, known)
      return known
    },
  }
}

/** Where the key of what is encrypted with age is, when nobody says. */
export const defaultIdentity = (io: Pick<Io, 'home'>): string => `${io.home}/.config/upgrade-fleet/age.key`

/** The identities that were named: by `--age-identity`, else by the environment, else those of the default file, which may be missing. */
export function identitiesOf(
  io: Pick<Io, 'cwd' | 'env' | 'home' | 'uid'>,
  given: readonly string[] | undefined,
  keep: (name: string, value: string) => unknown = () => undefined,
): readonly string[] {
  const fromEnv = io.env['UPGRADE_FLEET_AGE_IDENTITY']
  const named = given ?? (fromEnv ? [fromEnv] : undefined)
  const read = (file: string) => readIdentities(pathOf(io, file), io.uid)
  let all: readonly string[]
  try {
    all = (named ?? [defaultIdentity(io)]).flatMap(read)
  } catch (error) {
    if (named !== undefined || !(error instanceof InputError) || !/ENOENT|ENOTDIR/.test(error.message))
      throw error
    all = []
  }
  for (const [at, identity] of all.entries()) keep(`typed:age identity ${at}`, identity)
  return all
}

async function vaultKeys(
  io: Io,
  flags: KeyFlags,
  keep: (name: string, value: string) => unknown,
  ask: AskHidden,
): Promise<readonly VaultKey[]> {
  const fromEnv = io.env['ANSIBLE_VAULT_PASSWORD_FILE']
  const ids = [
    ...(fromEnv ? [{ what: 'ANSIBLE_VAULT_PASSWORD_FILE', label: 'default', source: fromEnv }] : []),
    ...(flags.vaultId ?? []).map((text) => ({ what: `--vault-id ${text}`, ...vaultId(text) })),
    ...(flags.vaultPasswordFile ?? []).map((source) => ({
      what: `--vault-password-file ${source}`,
      label: 'default',
      source,
    })),
    ...(flags.askVaultPass ? [{ what: '--ask-vault-pass', label: 'default', source: 'prompt' }] : []),
  ]
  const keys: VaultKey[] = []
  for (const { what, label, source } of ids) {
    const name = `typed:vault password ${keys.length}`
    const isAsked = source === 'prompt' || source === 'prompt_ask_vault_pass'
    if (isAsked) {
      if (!io.answers)
        throw new InputError(
          `${what}: expected a terminal to ask for the password on, got none`,
          'Name a file that holds it (0600), or a program that prints it: --vault-password-file FILE',
        )
      const password = await ask(io, `Vault password${label === 'default' ? '' : ` (${label})`}:`)
      if (io.interrupted.aborted) throw new Exit(130)
      if (password === '') throw new InputError(`${what}: expected a password, got none`, 'Nothing was done.')
      keep(name, password)
      keys.push({ label, password: async () => password })
    } else {
      const world = { cwd: io.cwd, env: io.env, signal: io.interrupted, uid: io.uid }
      const read = once(async () => {
        const password = await vaultPassword(what, pathOf(io, source), label, world)
        keep(name, password)
        return password
      })
      keys.push({ label, password: read })
    }
  }
  return keys
}

const pathOf = (io: Pick<Io, 'cwd' | 'home'>, file: string): string =>
  resolve(
    io.cwd,
    file.replace(/^~(?=\/)/, () => io.home),
  )

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
