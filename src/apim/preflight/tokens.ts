import { observe } from '../../model/action.ts'
import { type TokenForms, wrongForms } from '../token-proof.ts'
import { encrypting, keepsEncrypted, oaep, type TokenKeeping } from '../tokens.ts'
import { type Finding, finding, tell } from './finding.ts'

/** What of a home's way to keep tokens cannot be carried over; `keeper`: it issues them. */
export function encryptionProblems(
  home: string,
  { keys, processor, transformation }: TokenKeeping,
  keeper: boolean,
): readonly Finding[] {
  const found = (says: string, todo: string) => finding('token-encryption', `${home}: ${says}`, todo)
  return [
    ...(processor !== undefined && processor !== encrypting
      ? [
          found(
            `identity.xml keeps tokens by ${processor}`,
            'only those that keep them as they are, or encrypted by the key store, are known to the clients: ask the vendor how its rows are migrated',
          ),
        ]
      : []),
    ...(keeper && keys !== (processor === encrypting)
      ? [
          found(
            `api-manager.xml has EncryptPersistedTokens ${keys}, but identity.xml keeps tokens by ${processor ?? 'the class that leaves them as they are'}`,
            'the vendor wants both or none: see how the rows of IDN_OAUTH2_ACCESS_TOKEN are kept, and make both files say so',
          ),
        ]
      : []),
    ...(transformation !== undefined && transformation !== oaep
      ? [
          found(
            `carbon.properties encrypts by ${transformation}, and the packs from 2.6.0 on by ${oaep}`,
            'the clients would have to decrypt with one and encrypt with the other: ask the vendor',
          ),
        ]
      : []),
  ]
}

type Keepings = {
  readonly keeping: Readonly<Record<string, TokenKeeping>>
  readonly keyManagers: readonly string[]
}

/** Whether all homes say the same of tokens: the new ones get one setting, and a client runs in one home. */
export const tokensAgree = observe('apim.tokensAgree', async (on, input: Keepings) =>
  tell(on, 'how tokens are kept', disagreement(input)),
)

/** What the homes do not agree about: `EncryptPersistedTokens` everywhere, the class of identity.xml at the key managers. */
export function disagreement({ keeping, keyManagers }: Keepings): readonly Finding[] {
  const all = Object.entries(keeping)
  const rows = [
    ['EncryptPersistedTokens', all.map(([name, { keys }]) => [name, String(keys)] as const)],
    [
      'TokenPersistenceProcessor',
      all
        .filter(([name]) => keyManagers.includes(name))
        .map(([name, { processor }]) => [name, processor ?? 'plain text'] as const),
    ],
  ] as const
  return rows
    .filter(([, values]) => new Set(values.map(([, value]) => value)).size > 1)
    .map(([what, values]) =>
      finding(
        'token-encryption',
        `the homes do not agree on ${what}: ${values.map(([name, value]) => `${name} ${value}`).join(', ')}`,
        'make them say what the rows are kept as',
      ),
    )
}

/** Whether the rows are kept as the homes say, and as a server of that version writes them. */
export const tokenFormFindings = observe(
  'apim.tokenFormFindings',
  async (
    on,
    { version, keeping, forms }: { version: string; keeping?: TokenKeeping | undefined; forms: TokenForms },
  ) =>
    tell(
      on,
      'how tokens are kept',
      wrongForms(version, keeping !== undefined && keepsEncrypted(keeping), forms).map((says) =>
        finding(
          'token-form',
          says,
          'no client migrates such rows: delete those that are not ACTIVE, let the others be issued anew, or make the configuration say how they are kept',
        ),
      ),
    ),
)
