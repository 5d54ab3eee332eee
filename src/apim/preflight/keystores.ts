import { type On, observe } from '../../model/action.ts'
import { sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { entriesOf, type KeystoreEntry } from '../../modules/java.ts'
import { ask } from '../../modules/target.ts'
import type { KeystoreVars } from '../schemas.ts'
import { type Finding, finding, tell } from './finding.ts'

/** The password of the packs' own keystores, which is nobody's secret. */
const usual = 'wso2carbon'

type Input = {
  readonly home: string
  readonly javaHome: string
  readonly keystores: KeystoreVars
  /** Whether the way comes to 3.0.0. */
  readonly to3: boolean
  readonly accepted: readonly string[]
}

/** The keystores of a home: whether the inventory's passwords open them, and whether the key is there, long enough and valid. */
export const keystores = observe(
  'apim.keystores',
  async (on, { home, javaHome, keystores: vars, to3, accepted }: Input) => {
    const tool = await keytoolOf(on, javaHome)
    if (tool === undefined)
      return tell(on, 'the keystores', [
        finding(
          'keystore-unread',
          `there is no keytool in ${javaHome}/bin or in PATH`,
          'look at the keystores by hand',
        ),
      ])
    const at = (file: string) => `${home}/repository/resources/security/${file}`
    const own = await opened(on, tool, at(vars.file), vars.password ?? usual)
    const trust = await opened(on, tool, at(vars.truststore), vars.truststore_password ?? usual)
    return tell(
      on,
      'the keystores',
      [
        ...[own, trust].flatMap((each) => ('finding' in each ? [each.finding] : [])),
        ...('entries' in own
          ? keyProblems(at(vars.file), own.entries, { alias: vars.alias, to3, now: new Date() })
          : []),
      ],
      accepted,
    )
  },
  { steady: () => null },
)

type Opened = { readonly entries: readonly KeystoreEntry[] } | { readonly finding: Finding }

async function opened(
  on: On,
  tool: { home?: string },
  path: string,
  password: KeystoreVars['password'] | string,
): Promise<Opened> {
  try {
    return { entries: await entriesOf(on, { path, password: password ?? usual, ...tool }) }
  } catch (error) {
    if (!(error instanceof TaskError)) throw error
    return {
      finding: finding(
        'keystore-closed',
        error.message,
        'give the inventory its name and password (keystores)',
      ),
    }
  }
}

/** The Java whose keytool there is to ask, that of `javaHome` first; `{}` for that of PATH. */
export async function keytoolOf(on: On, javaHome: string): Promise<{ home?: string } | undefined> {
  const { stdout } = await ask(
    on,
    sh.read`if [ -x ${`${javaHome}/bin/keytool`} ]; then echo own; elif command -v keytool >/dev/null; then echo path; fi`,
  )
  const said = stdout.trim()
  return said === 'own' ? { home: javaHome } : said === 'path' ? {} : undefined
}

const fewestBits = 2048

/** What is against the key of a home. */
export function keyProblems(
  path: string,
  entries: readonly KeystoreEntry[],
  { alias, to3, now }: { readonly alias: string; readonly to3: boolean; readonly now: Date },
): readonly Finding[] {
  // keytool writes the names of a JKS in small letters.
  const key = entries.find(
    (each) => each.kind === 'privateKey' && each.alias.toLowerCase() === alias.toLowerCase(),
  )
  if (key === undefined)
    return [
      finding(
        'keystore-alias',
        `${path} has no private key "${alias}" (it has ${entries.map((each) => each.alias).join(', ') || 'nothing'})`,
        'give the inventory the right name (keystores.alias)',
      ),
    ]
  const { algorithm, bits, until } = key
  return [
    ...(to3 && algorithm === 'rsa' && bits !== undefined && bits < fewestBits
      ? [
          finding(
            'keystore-short',
            `the RSA key "${alias}" of ${path} has ${bits} bits`,
            'prepare a stronger primary key for 3.0.0 by hand, keeping this one as the internal one',
          ),
        ]
      : []),
    ...(until !== undefined && Date.parse(until) < now.getTime()
      ? [
          finding(
            'keystore-ended',
            `the certificate of "${alias}" in ${path} ended on ${until.slice(0, 10)}`,
            'renew it, with the same key',
          ),
        ]
      : []),
  ]
}
