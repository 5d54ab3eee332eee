import { createHash } from 'node:crypto'
import { encrypt, oaep } from '../cipher.ts'
import { type OldVersion, since } from '../pack/release.ts'

const hash = (text: string): string => createHash('sha256').update(text).digest('hex')

/**
 * The sample rows of AM_DB as a fleet keeps them that encrypts its tokens with the key store of that thumbprint: tokens, codes and
 * secrets encrypted, up to 1.9 consumer keys too; from 2.6.0 on with the transformation of the packs. Hashes are those of what is
 * in the cipher texts.
 */
export function encrypted(sql: string, release: OldVersion, print: string): string {
  const as = since(release, '2.5.0') ? oaep : 'RSA'
  const kinds = `Secret|Token|Refresh${since(release, '1.10.0') ? '' : '|Key'}`
  const names = new RegExp(`'(lab(?:${kinds})[A-Z]\\w+|labCode\\d)'`, 'g')
  const hashes = since(release, '2.5.0')
    ? [...sql.matchAll(/\('(labToken\d)', '(labToken[A-Z]\w+)', '(labRefresh\w+)'/g)].map(
        ([, id, token = '', refresh = '']) =>
          `UPDATE IDN_OAUTH2_ACCESS_TOKEN SET ACCESS_TOKEN_HASH = '${hash(token)}', REFRESH_TOKEN_HASH = '${hash(refresh)}' WHERE TOKEN_ID = '${id}';\n`,
      )
    : []
  const text = sql.replace(names, (_, plain: string) => `'${encrypt(print, as, plain)}'`)
  return `${text}${hashes.join('')}`
}

/** Its last tenant is not active any more. */
export const retired = "UPDATE UM_TENANT SET UM_ACTIVE = 0 WHERE UM_DOMAIN_NAME = 'globex.com';\n"
