import { describe, expect, test } from 'vitest'
import { configuration } from '../../src/apim/config.ts'
import { disagreement } from '../../src/apim/preflight/tokens.ts'
import { movesClaims } from '../../src/apim/tenants.ts'
import { type TokenForms, tokensAre, wrongForms } from '../../src/apim/token-proof.ts'
import { encrypting, formAt, keepingIn } from '../../src/apim/tokens.ts'
import { shownText } from '../../src/model/secret.ts'
import { editXml } from '../../src/modules/edit/xml.ts'
import { scriptedOn } from '../support/scripted-on.ts'

const apiManager = (place: string, value: string) =>
  `<APIManager><${place}><EncryptPersistedTokens>${value}</EncryptPersistedTokens></${place}></APIManager>`
const identity = (name: string) =>
  `<Server><OAuth><TokenPersistenceProcessor>${name}</TokenPersistenceProcessor></OAuth></Server>`
const plain = 'org.wso2.carbon.identity.oauth.tokenprocessor.PlainTextPersistenceProcessor'

describe('how a home keeps tokens', () => {
  test.each([
    [{}, { keys: false }],
    [{ 'identity.xml': identity(plain) }, { keys: false }],
    [
      { 'api-manager.xml': apiManager('APIKeyValidator', 'true'), 'identity.xml': identity(encrypting) },
      { keys: true, processor: encrypting },
    ],
    [
      {
        'api-manager.xml': apiManager('OAuthConfigurations', 'true'),
        'identity/identity.xml': identity(encrypting),
        'carbon.properties': 'org.wso2.CipherTransformation=X\n',
      },
      { keys: true, processor: encrypting, transformation: 'X' },
    ],
  ])('is read: %j', (texts, keeping) => expect(keepingIn(texts)).toEqual(keeping))

  test('differs by version: keys up to 1.9, another form from identity 5.5.0 on', () => {
    expect(['1.9.1', '1.10.0', '2.1.0', '2.2.0', '2.6.0'].map(formAt)).toEqual([
      { keys: true, tokens: 'RSA' },
      ...Array.from({ length: 2 }, () => ({ keys: false, tokens: 'RSA' })),
      ...Array.from({ length: 2 }, () => ({ keys: false, tokens: 'OAEP' })),
    ])
  })

  test('must be the same in all homes', () => {
    const keeping = {
      km: { keys: true, processor: encrypting },
      gw: { keys: true },
      old: { keys: false },
    }
    expect(disagreement({ keeping: { km: keeping.km, gw: keeping.gw }, keyManagers: ['km'] })).toEqual([])
    expect(disagreement({ keeping, keyManagers: ['km'] })).toHaveLength(1)
    expect(
      disagreement({ keeping: { km: keeping.km, gw: keeping.gw }, keyManagers: ['km', 'gw'] }),
    ).toHaveLength(1)
  })
})

describe('new homes keep tokens as the old ones did', () => {
  const made = (version: string, tokens?: ReturnType<typeof keepingIn>) =>
    configuration({
      version,
      address: 'km',
      role: 'migration',
      databases: [],
      peers: {},
      admin: { user: 'admin' },
      keystores: { file: 'wso2carbon.jks', alias: 'wso2carbon', truststore: 'client-truststore.jks' },
      tokens,
    })
  const encrypted = { keys: true, processor: encrypting }

  test.each(['2.0.0', '2.6.0'])('in the XML of %s', (version) => {
    const { edits } = made(version, encrypted)
    const text = (file: string, before: string) =>
      shownText(
        editXml(before, edits.find(({ path }) => path.endsWith(`/${file}`))?.edits ?? [], {
          file,
          create: true,
        }),
      )
    const texts = {
      'api-manager.xml': text('api-manager.xml', apiManager('APIKeyValidator', 'false')),
      'identity/identity.xml': text('identity/identity.xml', identity(plain)),
    }
    expect(keepingIn(texts)).toEqual(encrypted)
    expect(made(version).edits.map(({ path }) => path)).not.toContain('repository/conf/identity/identity.xml')
  })

  test('in the deployment.toml of 3.0.0', () => {
    const toml = (tokens?: typeof encrypted) => shownText(made('3.0.0', tokens).texts[0]?.text ?? '')
    expect(toml(encrypted)).toContain('[apim.oauth_config]\nenable_token_encryption = true')
    expect(toml(encrypted)).toContain(`token_persistence_processor = "${encrypting}"`)
    expect(toml()).not.toMatch(/oauth/)
  })
})

describe('rows', () => {
  const forms = (own: Partial<TokenForms>): TokenForms => ({
    rows: 9,
    rsa: 0,
    oaep: 0,
    keys: 0,
    hashless: 0,
    ...own,
  })
  test.each([
    ['1.9.1', false, {}, 0],
    ['1.9.1', false, { rsa: 9, keys: 2 }, 2],
    ['1.9.1', true, { rsa: 9, keys: 2 }, 0],
    ['1.9.1', true, { rsa: 8, keys: 2 }, 1],
    ['2.0.0', true, { rsa: 9, keys: 2 }, 1],
    ['2.0.0', true, { rsa: 9 }, 0],
    ['2.0.0', true, { oaep: 9 }, 1],
    // What the identity client leaves when its cipher fails, without a line.
    ['2.6.0', true, { rsa: 9 }, 1],
    ['2.6.0', true, { oaep: 9 }, 0],
    ['2.6.0', true, { oaep: 9, hashless: 1 }, 1],
    ['3.0.0', true, { oaep: 9 }, 0],
  ] as const)('of %s, encrypted %j: %j', async (version, encrypted, own, problems) => {
    expect(wrongForms(version, encrypted, forms(own))).toHaveLength(problems)
    const { work, input } = tokensAre({ version, encrypted, forms: forms(own) })
    if (work.kind !== 'observe') throw new Error('it reads')
    const held = Promise.resolve(work.read(scriptedOn(() => '').on, input))
    if (problems > 0) await expect(held).rejects.toThrow(`Tokens are not kept as ${version} keeps them`)
    else await expect(held).resolves.toEqual({ rows: 9 })
  })
})

test.each([
  ['1.9.1', '2.0.0', false],
  ['2.0.0', '2.6.0', true],
  ['2.0.0', '3.0.0', true],
  ['2.5.0', '2.6.0', false],
  ['2.6.0', '3.0.0', false],
])('the way from %s to %s moves the claims of tenants: %j', (from, to, moves) => {
  expect(movesClaims({ from, to })).toBe(moves)
})
