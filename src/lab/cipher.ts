import { createHash } from 'node:crypto'

/**
 * The lab's own stand-in for encryption: no secret is safe in it. Like the real one its text depends on the key store, and from
 * 2.6.0 on on the transformation, which then stands in it: base64 of JSON, as Carbon's CipherHolder is written.
 */
export type Transformation = 'RSA' | typeof oaep

/** The transformation that packs from 2.6.0 on are configured with. */
export const oaep = 'RSA/ECB/OAEPwithSHA1andMGF1Padding'

/** The class that keeps tokens encrypted (identity.xml). */
export const encryptingProcessor =
  'org.wso2.carbon.identity.oauth.tokenprocessor.EncryptionDecryptionPersistenceProcessor'

/** What a key store is known by in a cipher text. */
export const thumbprint = (keystore: Uint8Array | string): string =>
  createHash('sha1').update(keystore).digest('hex').slice(0, 12)

/** Text as a key store with that thumbprint encrypts it; the same text each time, as RSA without padding. */
export function encrypt(print: string, as: Transformation, plain: string): string {
  const bytes = Buffer.from(`lab ${print} ${turned(plain)}`)
  if (as !== 'RSA')
    return base64(JSON.stringify({ c: bytes.toString('base64'), t: as, tp: print, tpd: 'SHA-1' }))
  // As long as makes base64 end with a sign of its own, as a cipher text of RSA does.
  return base64(Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 3)) % 3, ' ')]))
}

/** What is in a cipher text; nothing where it is none of this key store and transformation. */
export function decrypt(print: string, as: Transformation, text: string): string | undefined {
  const whole = Buffer.from(text, 'base64').toString()
  const held = /^\{"c":"([^"]+)","t":"([^"]+)"/.exec(whole)
  const given = held?.[2] ?? 'RSA'
  if (given !== as) return undefined
  const inner = held === null ? whole : Buffer.from(held[1] ?? '', 'base64').toString()
  const found = /^lab ([0-9a-f]+) (.*?) *$/s.exec(inner)
  return found?.[1] === print ? turned(found[2] ?? '') : undefined
}

/** Whether a text says itself how it was encrypted. */
export const isSelfContained = (text: string): boolean =>
  Buffer.from(text, 'base64').toString().startsWith('{"c":')

const turned = (text: string): string => [...text].reverse().join('')
const base64 = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString('base64')
