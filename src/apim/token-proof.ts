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

/** Where tokens, secrets and consumer keys are kept; what a release has not is left out. */
const kept: Readonly<
  Record<string, { readonly tokens?: readonly string[]; readonly key?: string; readonly hash?: string }>
> = {
  IDN_OAUTH2_ACCESS_TOKEN: { tokens: ['ACCESS_TOKEN', 'REFRESH_TOKEN'], hash: 'ACCESS_TOKEN_HASH' },
  // Whether old codes are hashed nobody has verified, and they live for minutes.
  IDN_OAUTH2_AUTHORIZATION_CODE: { tokens: ['AUTHORIZATION_CODE'] },
  IDN_OAUTH_CONSUMER_APPS: { tokens: ['CONSUMER_SECRET'], key: 'CONSUMER_KEY' },
  AM_APPLICATION_KEY_MAPPING: { key: 'CONSUMER_KEY' },
  AM_APP_KEY_DOMAIN_MAPPING: { key: 'CONSUMER_KEY' },
}

// Base64 of a cipher text: it ends with a sign of its own, or (RSA of 3072 bits has none) is as long as the shortest, of 1024 bits.
const sealed = (column: string) => `(${column} LIKE '%=' OR CHAR_LENGTH(${column}) >= 172)`
const sum = (condition: string, name: string) => `SUM(CASE WHEN ${condition} THEN 1 ELSE 0 END) AS ${name}`

/** Counts the forms, each table read once: it may have millions of rows. It reads no token: only how many look like what. */
export const tokenForms = observe(
  'apim.tokenForms',
  async (on, { db, version }: { db: Database; version: string }): Promise<TokenForms> => {
    const ask = asker(on, db)
    const there = await columnsOf(ask, db, Object.keys(kept))
    const hashes = formAt(version).tokens === 'OAEP'
    const forms = { rows: 0, rsa: 0, oaep: 0, keys: 0, hashless: 0 }
    for (const [table, { tokens = [], key, hash }] of Object.entries(kept)) {
      const has = (column: string | undefined) => column !== undefined && there.has(`${table}.${column}`)
      const [first] = tokens
      const wanted = [
        ...tokens
          .filter(has)
          .flatMap((column, at) => [
            `COUNT(${column}) AS rows_${at}`,
            sum(`${column} LIKE 'eyJ%' AND ${column} NOT LIKE '%.%'`, `oaep_${at}`),
            sum(`${sealed(column)} AND ${column} NOT LIKE 'eyJ%' AND ${column} NOT LIKE '%.%'`, `rsa_${at}`),
          ]),
        ...(has(key) ? [sum(sealed(key ?? ''), 'keys_0')] : []),
        ...(hashes && has(hash) ? [sum(`${first} IS NOT NULL AND ${hash} IS NULL`, 'hashless_0')] : []),
      ]
      if (wanted.length === 0) continue
      const [row = {}] = await ask(`SELECT ${wanted.join(', ')} FROM ${table}`, db.schema)
      for (const [name, count] of Object.entries(row)) {
        const form = name.replace(/_\d+$/, '') as keyof TokenForms
        forms[form] += Number(count ?? 0)
      }
    }
    return forms
  },
  { steady: () => null },
)

async function columnsOf(
  ask: ReturnType<typeof asker>,
  { engine, schema }: Database,
  tables: readonly string[],
): Promise<ReadonlySet<string>> {
  const names = tables.map((table) => `'${table.toLowerCase()}'`).join(', ')
  const here = engine === 'postgresql' ? 'current_schema()' : 'DATABASE()'
  const rows = await ask(
    `SELECT UPPER(table_name) AS t, UPPER(column_name) AS c FROM information_schema.columns WHERE table_schema = ${here} AND LOWER(table_name) IN (${names})`,
    schema,
  )
  return new Set(rows.map(({ t, c }) => `${t}.${c}`))
}

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
