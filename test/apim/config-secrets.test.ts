import { parse } from 'smol-toml'
import { describe, expect, test } from 'vitest'
import { configuration } from '../../src/apim/config.ts'
import { notEncrypted, secretsText, unfit, withVault } from '../../src/apim/config-secrets.ts'
import { tomlSettings } from '../../src/apim/custom.ts'
import { admin, database, keystores } from '../../src/apim/schemas.ts'
import { encoded, plainly, reveal, type Secret, secret, shownText } from '../../src/model/secret.ts'
import { tomlText } from '../../src/modules/edit/toml-text.ts'

const password = `a&b<c>d"e'f\\g `
const ref = (env: string) => ({ env })
const settings = {
  version: '3.0.0',
  address: 'gw-1',
  role: 'gateway-worker' as const,
  databases: ['apim', 'users'].map((holds) =>
    database.parse({ name: holds, holds, host: 'db', schema: 'am', user: 'u', password: ref('DB') }),
  ),
  peers: {},
  admin: admin.parse({ password: ref('ADMIN') }),
  keystores: keystores.parse({}),
}
const vaulted = (own: object = {}) => configuration({ ...settings, vault: true, ...own })
const text = (own?: object) => vaulted(own).texts[0]?.text ?? ''
const aliases = (secrets: readonly { alias: string; secret: Secret }[]) =>
  secrets.map(({ alias, secret: { name } }) => [alias, name])

describe('a deployment.toml whose secrets go to the vault', () => {
  const shown = reveal(text(), () => password)
  const read = parse(shown) as unknown as Record<string, Record<string, unknown>>

  test('has them once each under [secrets], as they are, and their aliases where they stood', () => {
    expect(read['super_admin']).toMatchObject({ password: '$secret{super_admin_password}' })
    expect(read['database']).toMatchObject({
      apim_db: { password: '$secret{database_apim_db_password}' },
      user: { password: '$secret{database_apim_db_password}' },
    })
    expect(read['secrets']).toEqual({
      super_admin_password: `[${password}]`,
      database_apim_db_password: `[${password}]`,
    })
    expect(aliases(vaulted().secrets ?? [])).toEqual([
      ['super_admin_password', 'env:ADMIN'],
      ['database_apim_db_password', 'env:DB'],
    ])
  })

  test('ends with that table, where ciphertool takes each line for a secret', () => {
    const [, after = ''] = shown.split('\n[secrets]\n')
    expect(after.trimEnd().split('\n')).toHaveLength(2)
    expect(after).not.toMatch(/^\s*(#|\[)/m)
  })

  test('says no secret of it when it is shown', () => {
    expect(shownText(text())).toContain('super_admin_password = "[***]"')
  })

  test('is as ever where nobody asked', () => {
    const { secrets, texts } = configuration(settings)
    expect(secrets).toBeUndefined()
    expect(shownText(texts[0]?.text ?? '')).not.toMatch(/secret/)
  })

  test("brings the keystore that is not the packs' own into the carbon.xml that ciphertool reads", () => {
    const own = keystores.parse({ file: 'own.jks', alias: 'mine', password: ref('STORE') })
    const { edits } = vaulted({ keystores: own })
    expect(edits[0]?.path).toBe('repository/conf/carbon.xml')
    expect(edits[0]?.edits).toContainEqual({ at: 'Security/InternalKeyStore/KeyAlias', text: 'mine' })
    expect(vaulted().edits[0]?.edits).toEqual([])
  })
})

describe('secrets of an operator', () => {
  const own = tomlSettings.parse({
    'user_store.properties': { 'Connection.Password': ref('LDAP') },
    'apim.x': [{ password: ref('ONE'), list: [ref('TWO'), 'open'] }, { password: ref('TWO') }],
    secrets: { theirs: ref('THREE'), older: 'QUJD' },
  })

  test('get aliases of letters, digits and underscores; two places of one name are told apart', () => {
    const { secrets } = vaulted({ toml: own })
    expect(aliases(secrets ?? [])).toEqual([
      ['theirs', 'env:THREE'],
      ['super_admin_password', 'env:ADMIN'],
      ['database_apim_db_password', 'env:DB'],
      ['user_store_properties_Connection_Password', 'env:LDAP'],
      ['apim_x_password', 'env:ONE'],
      ['apim_x_list', 'env:TWO'],
    ])
    const shown = reveal(text({ toml: own }), () => 'p')
    expect(shown).toContain('list = ["$secret{apim_x_list}", "open"]')
    expect(shown).toContain('[[apim.x]]\npassword = "$secret{apim_x_list}"')
    expect(shown.match(/^\[secrets\]$/gm)).toHaveLength(1)
    expect(shown).toContain('\n[secrets]\nolder = "QUJD"\ntheirs = "[p]"\n')
  })

  test('a name that is taken gets a number', () => {
    const given = [
      { head: 'a', values: { b_c: secret('env:ONE') } },
      { head: 'a_b', values: { c: secret('env:TWO') } },
    ]
    const made = withVault(given)
    expect(aliases(made.secrets)).toEqual([
      ['a_b_c', 'env:ONE'],
      ['a_b_c_2', 'env:TWO'],
    ])
    expect(shownText(tomlText(made.tables))).toContain('c = "$secret{a_b_c_2}"')
    expect(secretsText(made)).toHaveLength(7)
  })
})

test('a secret without the escapes of any format', () => {
  expect(plainly(encoded('toml', encoded('xml', secret('env:P')))).name).toBe('env:P')
  expect(plainly(secret('file:/xml|a')).name).toBe('file:/xml|a')
})

test.each([
  ['', /empty/],
  ['a]b', /\]/],
  ['[a]', /\]/],
  ['a\nb', /line end/],
  ['[a', undefined],
  ['a\'b"c ', undefined],
] as const)('ciphertool and the value %j', (value, why) => {
  if (why === undefined) expect(unfit(value)).toBeUndefined()
  else expect(unfit(value)).toMatch(why)
})

describe('what ciphertool left', () => {
  const secrets = [{ alias: 'one' }, { alias: 'two' }]
  const start = '[server]\nhostname = "h"\n\n'
  const written = `${start}[secrets]\nolder = "QUJD"\none = "[abcd]"\ntwo = "[p]"\n`
  test.each([
    ['both encrypted', `${start}[secrets]\nolder  = "QUJD"\none  = "c2VjcmV0"\ntwo  = "YWI="\n\n`, []],
    ['nothing done', written, ['one is not encrypted', 'two is not encrypted']],
    [
      'one as it was, without its brackets',
      `${start}[secrets]\nolder = "QUJD"\none = "abcd"\ntwo = "YWI="\n`,
      ['one is not encrypted'],
    ],
    [
      'the file cut off',
      `${start}[secrets]\nolder = "QUJD"\none = "c2VjcmV0"\n`,
      ['two is missing under [secrets]'],
    ],
    [
      'an empty file',
      '',
      [
        'deployment.toml is not what was written, besides its secrets',
        'older is missing under [secrets]',
        'one is missing under [secrets]',
        'two is missing under [secrets]',
      ],
    ],
    [
      'a table changed',
      `[server]\nhostname = "p"\n\n[secrets]\nolder = "QUJD"\none = "c2VjcmV0"\ntwo = "YWI="\n`,
      ['deployment.toml is not what was written, besides its secrets'],
    ],
    [
      "the operator's own changed",
      `${start}[secrets]\nolder = "QUJE"\none = "c2VjcmV0"\ntwo = "YWI="\nmore = "QUJD"\n`,
      ['older was changed', 'more was added'],
    ],
  ])('%s', (_, now, wrong) => {
    expect(notEncrypted(written, now, secrets)).toEqual(wrong)
  })
})
