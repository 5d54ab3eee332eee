import { createHash } from 'node:crypto'
import { decrypt, encrypt, encryptingProcessor, oaep, type Transformation } from '../cipher.ts'
import { literal } from './answers.ts'
import type { Open } from './databases.ts'
import { element, readText } from './home.ts'
import { printOf } from './print.ts'
import { atLeast, type Server } from './server.ts'

/** How a home keeps tokens and secrets, as its own configuration and key store say. */
export interface Keeping {
  /** Consumer keys are kept encrypted too (up to 1.9). */
  readonly keys: boolean
  readonly encrypted: boolean
  readonly as: Transformation
  readonly print: string
}

/** Reads how a home keeps tokens. */
export function keepingOf({ home, version }: Pick<Server, 'home' | 'version'>): Keeping {
  const text = (path: string) => readText(home, `repository/conf/${path}`) ?? ''
  const identity = text('identity/identity.xml') || text('identity.xml')
  return {
    keys: element(text('api-manager.xml'), 'EncryptPersistedTokens') === 'true' && /^1\.[89]\./.test(version),
    encrypted: element(identity, 'TokenPersistenceProcessor') === encryptingProcessor,
    as: text('carbon.properties').includes(`org.wso2.CipherTransformation=${oaep}`) ? oaep : 'RSA',
    print: printOf(home),
  }
}

/** SHA-256 of a token, in hexadecimal. */
export const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Whether a token is known and active. From 2.5.0 on (identity 5.6.0) it is found by its hash, before by what it is kept as. Throws what the database says, and where its row cannot be read. */
export async function isActive(server: Server, databases: Open, bearer: string): Promise<boolean> {
  if (databases.am === undefined) return true
  const { encrypted, as, print } = keepingOf(server)
  const hashed = atLeast(server, '2.5.0')
  const kept = encrypted ? encrypt(print, as, bearer) : bearer
  const where = hashed ? `ACCESS_TOKEN_HASH = ${literal(hashOf(bearer))}` : `ACCESS_TOKEN = ${literal(kept)}`
  const session = await databases.session(databases.am)
  const rows = await session.query(
    `SELECT ACCESS_TOKEN FROM IDN_OAUTH2_ACCESS_TOKEN WHERE ${where} AND TOKEN_STATE = 'ACTIVE'`,
  )
  const [row] = rows
  if (row === undefined) return false
  const plain = encrypted ? decrypt(print, as, row[0] ?? '') : row[0]
  if (plain !== bearer) throw new Error('CryptoException: Error during decryption')
  return true
}

/** Whether that is the secret of a consumer key. */
export async function isSecretOf(
  server: Server,
  databases: Open,
  key: string,
  secret: string,
): Promise<boolean> {
  if (databases.am === undefined) return false
  const { keys, encrypted, as, print } = keepingOf(server)
  const kept = keys ? encrypt(print, as, key) : key
  const session = await databases.session(databases.am)
  const [row] = await session.query(
    `SELECT CONSUMER_SECRET FROM IDN_OAUTH_CONSUMER_APPS WHERE CONSUMER_KEY = ${literal(kept)}`,
  )
  const text = row?.[0] ?? undefined
  return text !== undefined && (encrypted ? decrypt(print, as, text) : text) === secret
}
