import { type On, observe } from '../../model/action.ts'
import { sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { isSecret, type Secret } from '../../model/secret.ts'
import { entriesOf, type PasswordFile } from '../../modules/java.ts'
import { ask, linesOf } from '../../modules/target.ts'
import type { Vaulted } from '../config-secrets.ts'
import { unfitOf } from '../secured.ts'
import type { CheckName } from './checks.ts'
import { type Finding, finding, tell } from './finding.ts'
import { keytoolOf } from './keystores.ts'

type Input = {
  /** The home that serves now; a machine that joins has none. */
  readonly home?: string | undefined
  readonly javaHome: string
  /** The file of the keystore, where the vault's own configuration names none. */
  readonly keystore: string
  /** The password that a start by this tool hands over. */
  readonly told?: Secret | undefined
  /** Where `secure_vault` is said: the secrets of the new home, and whether it lands at a version whose homes have no vault of ours. */
  readonly next?: Next | undefined
  readonly accepted?: readonly CheckName[]
}
type Next = { readonly secrets: readonly Vaulted[]; readonly landsBefore: boolean }

/** Whether a home's secrets are in a vault, whether its servers can be started again without a person, and whether the password that they would read opens the keystore. */
export const vault = observe(
  'apim.vault',
  async (on, input: Input) => {
    const { home, told, next, accepted = [] } = input
    const uses = home === undefined ? [] : await vaultUses(on, home)
    const files = home === undefined || uses.length === 0 ? [] : await passwordFiles(on, home)
    const left: readonly (Secret | PasswordFile)[] = [
      ...(told === undefined || (uses.length === 0 && next === undefined) ? [] : [told]),
      // A start by this tool writes the first of them anew.
      ...files.filter((file) => told === undefined || !file.endsWith('-tmp')).map((file) => ({ file })),
    ]
    return tell(
      on,
      'the secure vault',
      [
        ...(home === undefined ? [] : vaultProblems(home, uses, left.length > 0, next !== undefined)),
        ...(next === undefined
          ? []
          : nextProblems(unfitOf(on, next.secrets), told !== undefined, next.landsBefore)),
        ...(home === undefined || left.length === 0
          ? []
          : await wrongPasswords(on, { ...input, home }, left)),
      ],
      accepted,
    )
  },
  { steady: () => null },
)

async function vaultUses(on: On, home: string): Promise<readonly string[]> {
  const { stdout } = await ask(
    on,
    sh.read`cd -- ${`${home}/repository/conf`} 2>/dev/null && grep -rlE --include='*.xml' --include='*.properties' 'svns:secretAlias="|^[^#]*secretAlias:' . 2>/dev/null | sort | head -n 20; :`,
  )
  return linesOf(stdout).map((name) => name.replace(/^\.\//, ''))
}

/** Where the operator left the password, in the order in which a start looks. */
async function passwordFiles(on: On, home: string): Promise<readonly string[]> {
  const { stdout } = await ask(
    on,
    sh.read`cd -- ${home} && for f in password-tmp password-persist; do [ ! -s "$f" ] || echo "$f"; done; :`,
  )
  return linesOf(stdout).map((name) => `${home}/${name}`)
}

/** What is against a vault that is used in these files; `kept`: its password is on disk, or in the inventory; `again`: new homes get one too. */
export function vaultProblems(
  home: string,
  uses: readonly string[],
  kept: boolean,
  again = false,
): readonly Finding[] {
  if (uses.length === 0) return []
  return [
    ...(again
      ? []
      : [
          finding(
            'secure-vault',
            `${home} has secrets in the vault (${uses.join(', ')}), and new homes are written with them in plain text (0600)`,
            'give them to the inventory, and say secure_vault: true and apim_vault_password there if those of 3.0.0 are to be in a vault again',
          ),
        ]),
    ...(kept
      ? []
      : [
          finding(
            'vault-password',
            `${home} uses the vault, but has no password-persist: a server that is started by a program would wait for the password`,
            'say apim_vault_password in the inventory, or put the keystore password into password-persist (mode 0600)',
          ),
        ]),
  ]
}

/** What is against a vault in the new homes: `unfit` are the secrets that cannot be encrypted, `told`: the inventory has the password. */
export const nextProblems = (
  unfit: readonly string[],
  told: boolean,
  landsBefore: boolean,
): readonly Finding[] => [
  ...(told
    ? []
    : [
        finding(
          'vault-password',
          "secure_vault is true, and nothing says the keystore's password: ciphertool and each start of the new home ask for it",
          'say apim_vault_password in the inventory',
        ),
      ]),
  ...(unfit.length === 0
    ? []
    : [
        finding(
          'vault-unfit',
          `secure_vault is true, and ${unfit.join('; ')}`,
          'change these passwords first',
        ),
      ]),
  ...(landsBefore
    ? [
        finding(
          'vault-landing',
          'secure_vault is true, and the fleet lands at 2.6.0 on its way, whose homes are not encrypted by this tool',
          'decide whether their secrets may stand there in plain text (0600) until the homes are removed',
        ),
      ]
    : []),
]

// Without a keytool nobody can look, which the keystores' own finding tells.
async function wrongPasswords(
  on: On,
  { home, javaHome, keystore }: Input & { readonly home: string },
  left: readonly (Secret | PasswordFile)[],
): Promise<readonly Finding[]> {
  const tool = await keytoolOf(on, javaHome)
  if (tool === undefined) return []
  const path = await keystoreOf(on, home, keystore)
  const found: Finding[] = []
  for (const password of left) {
    const where = isSecret(password) ? 'apim_vault_password of the inventory' : password.file
    try {
      await entriesOf(on, { path, password, ...tool })
    } catch (error) {
      if (!(error instanceof TaskError)) throw error
      found.push(
        finding(
          'vault-wrong',
          `the password in ${where} opens no keystore: ${error.message}`,
          isSecret(password)
            ? "say the keystore's password there"
            : "write the keystore's password there (one line, mode 0600), or say apim_vault_password in the inventory",
        ),
      )
    }
  }
  return found
}

/** The keystore that the vault is opened with: ciphertool names it, relative to the home or not. */
async function keystoreOf(on: On, home: string, usual: string): Promise<string> {
  const { stdout } = await ask(
    on,
    sh.read`sed -n 's/^[[:space:]]*keystore\.identity\.location[[:space:]]*=[[:space:]]*//p' ${`${home}/repository/conf/security/secret-conf.properties`} 2>/dev/null | head -n 1; :`,
  )
  const said = stdout.trim()
  if (said === '') return `${home}/repository/resources/security/${usual}`
  return said.startsWith('/') ? said : `${home}/${said}`
}
