import { decrypt, encrypt, isSelfContained } from '../cipher.ts'
import { literal } from './answers.ts'
import { element, readText } from './home.ts'
import { printOf } from './print.ts'
import type { Server } from './server.ts'
import type { Session } from './session.ts'
import { hashOf, keepingOf } from './tokens.ts'

const keyTables = [
  'AM_APPLICATION_KEY_MAPPING',
  'AM_APP_KEY_DOMAIN_MAPPING',
  'IDN_OAUTH_CONSUMER_APPS',
] as const
const applications =
  'CONSUMER_SECRET, USERNAME, TENANT_ID, APP_NAME, OAUTH_VERSION, CALLBACK_URL, GRANT_TYPES'

/**
 * What the 2.0.0 client does with consumer keys where `EncryptPersistedTokens` is on in the home that it runs in: all of them
 * decrypted, or, where one cannot be, none, with a line for each. Where it is off it does not look.
 */
export async function decryptKeys(server: Server, session: Session, name: string): Promise<void> {
  const on = element(readText(server.home, 'repository/conf/api-manager.xml') ?? '', 'EncryptPersistedTokens')
  if (on !== 'true') return
  const print = printOf(server.home)
  const plain = new Map<string, string>()
  let failed = false
  for (const table of keyTables) {
    for (const [key] of await session.query(`SELECT CONSUMER_KEY FROM ${table}`)) {
      if (key === null || key === undefined || !key.endsWith('=')) continue
      const text = decrypt(print, 'RSA', key)
      if (text === undefined) {
        failed = true
        server.log('ERROR', name, `Cannot decrypt consumer key : ${key} in ${table} table`)
      } else plain.set(key, text)
    }
  }
  if (failed) return
  for (const [key, text] of plain) {
    const [from, to] = [literal(key), literal(text)]
    for (const statement of [
      `INSERT INTO IDN_OAUTH_CONSUMER_APPS (CONSUMER_KEY, ${applications}) SELECT ${to}, ${applications} FROM IDN_OAUTH_CONSUMER_APPS WHERE CONSUMER_KEY = ${from}`,
      ...['IDN_OAUTH2_ACCESS_TOKEN', 'IDN_OAUTH2_AUTHORIZATION_CODE', ...keyTables.slice(0, 2)].map(
        (table) => `UPDATE ${table} SET CONSUMER_KEY = ${to} WHERE CONSUMER_KEY = ${from}`,
      ),
      `DELETE FROM IDN_OAUTH_CONSUMER_APPS WHERE CONSUMER_KEY = ${from}`,
    ])
      await session.query(statement)
  }
}

/**
 * OAuthDataMigrator of 5.5.0: what is encrypted without a transformation is encrypted anew with it, and hashed. An error of the
 * cipher is only printed: no line in the log, nothing changed, and the client goes on.
 */
export async function renewTokens(server: Server, session: Session): Promise<void> {
  const { encrypted, as, print } = keepingOf(server)
  if (!encrypted || as === 'RSA') return
  const open = (text: string): string => {
    const plain = decrypt(print, 'RSA', text)
    if (plain === undefined)
      throw new Error('org.wso2.carbon.core.util.CryptoException: errorDuringDecryption')
    return plain
  }
  try {
    const statements: string[] = []
    const renew = async (table: string, id: string, columns: readonly (readonly [string, string?])[]) => {
      const names = columns.map(([column]) => column)
      for (const [key, ...values] of await session.query(
        `SELECT ${[id, ...names].join(', ')} FROM ${table}`,
      )) {
        const sets = columns.flatMap(([column, hash], at) => {
          const text = values[at]
          if (text === null || text === undefined || isSelfContained(text)) return []
          const plain = open(text)
          return [
            `${column} = ${literal(encrypt(print, as, plain))}`,
            ...(hash === undefined ? [] : [`${hash} = ${literal(hashOf(plain))}`]),
          ]
        })
        if (sets.length > 0)
          statements.push(`UPDATE ${table} SET ${sets.join(', ')} WHERE ${id} = ${literal(key ?? '')}`)
      }
    }
    await renew('IDN_OAUTH2_ACCESS_TOKEN', 'TOKEN_ID', [
      ['ACCESS_TOKEN', 'ACCESS_TOKEN_HASH'],
      ['REFRESH_TOKEN', 'REFRESH_TOKEN_HASH'],
    ])
    await renew('IDN_OAUTH2_AUTHORIZATION_CODE', 'CODE_ID', [
      ['AUTHORIZATION_CODE', 'AUTHORIZATION_CODE_HASH'],
    ])
    await renew('IDN_OAUTH_CONSUMER_APPS', 'CONSUMER_KEY', [['CONSUMER_SECRET']])
    for (const statement of statements) await session.query(statement)
  } catch (error) {
    server.machine.say(error instanceof Error ? error.message : String(error))
  }
}
