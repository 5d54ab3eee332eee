import { observe } from '../model/action.ts'
import { TaskError } from '../model/errors.ts'
import { asker } from '../modules/database/ask.ts'
import type { Database } from '../modules/database/types.ts'
import { formAt } from './tokens.ts'

/** In which form keys, tokens and secrets are kept: how many rows of each. */
export type TokenForms = {
  readonly rows: number
  /** Encrypted by RSA alone: base64 of so many bytes that it ends with a sign of its own. */
  readonly rsa: number
  /** Encrypted by a transformation that stands in them: base64 of JSON (CipherHolder of the kernel). */
  readonly oaep: number
  /** Consumer keys that are encrypted. */
  readonly keys: number
  /** Tokens without a hash, where there is a column for it. */
  readonly hashless: number
}

const columns: readonly (readonly [table: string, column: string])[] = [
  ['IDN_OAUTH2_ACCESS_TOKEN', 'ACCESS_TOKEN'],
  ['IDN_OAUTH2_ACCESS_TOKEN', 'REFRESH_TOKEN'],
  ['IDN_OAUTH_CONSUMER_APPS', 'CONSUMER_SECRET'],
]
const keyTables = ['AM_APPLICATION_KEY_MAPPING', 'IDN_OAUTH_CONSUMER_APPS']

// Base64 of a cipher text: it ends with a sign of its own, or (RSA of 3072 bits has none) is as long as the shortest, of 1024 bits.
const sealed = (column: string) => `(${column} LIKE '%=' OR CHAR_LENGTH(${column}) >= 172)`

/** Counts the forms. It reads no token: only how many look like what. */
export const tokenForms = observe(
  'apim.tokenForms',
  async (on, { db, version }: { db: Database; version: string }): Promise<TokenForms> => {
    const ask = asker(on, db)
    const count = async (from: string, where: string) => {
      const [row] = await ask(`SELECT COUNT(*) AS n FROM ${from} WHERE ${where}`, db.schema)
      return Number(row?.['n'] ?? 0)
    }
    const sum = async (condition: (column: string) => string) => {
      let all = 0
      for (const [table, column] of columns) all += await count(table, condition(column))
      return all
    }
    let keys = 0
    for (const table of keyTables) keys += await count(table, sealed('CONSUMER_KEY'))
    return {
      rows: await sum((column) => `${column} IS NOT NULL`),
      oaep: await sum((column) => `${column} LIKE 'eyJ%' AND ${column} NOT LIKE '%.%'`),
      rsa: await sum(
        (column) => `${sealed(column)} AND ${column} NOT LIKE 'eyJ%' AND ${column} NOT LIKE '%.%'`,
      ),
      keys,
      hashless:
        formAt(version).tokens === 'OAEP'
          ? await count('IDN_OAUTH2_ACCESS_TOKEN', 'ACCESS_TOKEN IS NOT NULL AND ACCESS_TOKEN_HASH IS NULL')
          : 0,
    }
  },
  { steady: () => null },
)

/** What is against rows being kept as a version keeps them. Empty when they are. */
export function wrongForms(version: string, encrypted: boolean, forms: TokenForms): readonly string[] {
  const { rows, rsa, oaep, keys, hashless } = forms
  const wanted = formAt(version)
  const said = (count: number, what: string) =>
    count > 0 ? [`${count} of ${rows} tokens and secrets ${what}`] : []
  if (!encrypted)
    return [
      ...said(rsa + oaep, 'are encrypted, but the configuration keeps them as they are'),
      ...(keys > 0
        ? [`${keys} consumer keys are encrypted, but the configuration keeps them as they are`]
        : []),
    ]
  const plain = rows - rsa - oaep
  return [
    ...said(plain, 'are not encrypted'),
    ...(wanted.tokens === 'OAEP'
      ? said(rsa, 'are still encrypted in the old form (RSA without OAEP)')
      : said(oaep, `are encrypted by a transformation that ${version} does not have`)),
    ...(!wanted.keys && keys > 0 ? [`${keys} consumer keys are still encrypted`] : []),
    ...(hashless > 0 ? [`${hashless} tokens have no hash, by which they are found`] : []),
  ]
}

/**
 * A gate: holds when keys, tokens and secrets are kept as the version keeps them. The identity client prints an error of its
 * cipher and goes on without a line in its log (OAuthDataMigrator of 5.5.0), so nothing else tells.
 */
export const tokensAre = observe(
  'apim.tokensAre',
  async (_on, { version, encrypted, forms }: { version: string; encrypted: boolean; forms: TokenForms }) => {
    const wrong = wrongForms(version, encrypted, forms)
    if (wrong.length > 0)
      throw new TaskError(`Tokens are not kept as ${version} keeps them`, [
        ...wrong,
        'the client had another key store or transformation than they were encrypted with, or its home does not say that they are: see its keystores, identity.xml and carbon.properties',
      ])
    return { rows: forms.rows }
  },
)
