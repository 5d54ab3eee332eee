import semver from 'semver'
import { readProperties } from '../modules/edit/properties.ts'
import { readXml } from '../modules/edit/xml.ts'
import type { OldTexts } from './carried-settings.ts'
import { releaseOf } from './releases.ts'

/** How a home keeps tokens and keys. */
export type TokenKeeping = {
  /** `EncryptPersistedTokens` of api-manager.xml: consumer keys, and what the API Manager keeps itself. */
  readonly keys: boolean
  /** The class of `TokenPersistenceProcessor` (identity.xml), when it is not the one that keeps tokens as they are. */
  readonly processor?: string
  /** `org.wso2.CipherTransformation` of carbon.properties. */
  readonly transformation?: string
}

/** The class that keeps tokens encrypted, by the key store and the transformation of the home. */
export const encrypting =
  'org.wso2.carbon.identity.oauth.tokenprocessor.EncryptionDecryptionPersistenceProcessor'

/** What packs from 2.6.0 on are configured with. */
export const oaep = 'RSA/ECB/OAEPwithSHA1andMGF1Padding'

/** Files that say how tokens are kept, below `repository/conf`. */
export const tokenFiles: readonly string[] = [
  ...['api-manager.xml', 'identity.xml', 'identity/identity.xml', 'carbon.properties'],
]

/** What the configuration of a home says of tokens. */
export function keepingIn(texts: OldTexts): TokenKeeping {
  const value = (file: string, at: string) => {
    const text = texts[file]
    return text === undefined ? undefined : readXml(text, at, file)?.trim()
  }
  const processor = ['identity/identity.xml', 'identity.xml']
    .map((file) => value(file, 'OAuth/TokenPersistenceProcessor'))
    .find((each) => each !== undefined && each !== '')
  const transformation = readProperties(texts['carbon.properties'] ?? '', 'org.wso2.CipherTransformation')
  return {
    // Later builds have it in another element (carbon-apimgt, APIConstants).
    keys: ['APIKeyValidator', 'OAuthConfigurations'].some(
      (place) => value('api-manager.xml', `${place}/EncryptPersistedTokens`) === 'true',
    ),
    ...(processor !== undefined && !/\.PlainTextPersistenceProcessor$/.test(processor) && { processor }),
    ...(transformation !== undefined && { transformation }),
  }
}

/** Whether anything of it is kept encrypted. */
export const keepsEncrypted = ({ keys, processor }: TokenKeeping): boolean => keys || processor === encrypting

/** What rows look like at a version: keys encrypted too (up to 1.9); tokens by RSA alone, or by a transformation that stands in them (from identity 5.5.0 on: OAuthDataMigrator of that step). */
export function formAt(version: string): { readonly keys: boolean; readonly tokens: 'RSA' | 'OAEP' } {
  const identity = releaseOf(version)?.identity ?? '0.0.0'
  return {
    keys: semver.lt(version, '1.10.0'),
    tokens: semver.gte(identity, '5.5.0') ? 'OAEP' : 'RSA',
  }
}
