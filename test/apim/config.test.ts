import { parse } from 'smol-toml'
import { describe, expect, test } from 'vitest'
import { configuration } from '../../src/apim/config.ts'
import { together, tomlSettings, xmlSettings } from '../../src/apim/custom.ts'
import { admin, database, keystores } from '../../src/apim/schemas.ts'
import { reveal, type Text } from '../../src/model/secret.ts'
import { editXml, readXml } from '../../src/modules/edit/xml.ts'

const password = `a&b<c>d"e'f\\g]]>h `
const secret = { env: 'P' }
const settings = {
  address: 'gw-1',
  role: 'gateway-worker' as const,
  databases: [
    database.parse({ name: 'am', holds: 'apim', host: 'db', schema: 'am', user: `u&"'`, password: secret }),
  ],
  peers: {},
  admin: admin.parse({}),
  keystores: keystores.parse({}),
}
const shown = (text: Text) => reveal(text, () => password)
const files = (own: object = {}, version = '3.0.0') => configuration({ ...settings, version, ...own })
/** What the templates of 3.0.0 make of a value: it is put into XML as it is. */
const rendered = (value: string) => readXml(`<a><b>${value}</b></a>`, 'b')

interface Deployment {
  database: { apim_db: { username: string; password: string; url: string } }
  super_admin: { username: string; password: string }
  keystore: Record<'tls' | 'primary', Record<string, string>>
  truststore: Record<string, string>
}
const deployment = (own?: object) => parse(shown(files(own).texts[0]?.text ?? '')) as unknown as Deployment

describe('deployment.toml', () => {
  test('has user and password so that they are right in the XML that is made of it', () => {
    const { apim_db } = deployment().database
    expect([rendered(apim_db.username), rendered(apim_db.password)]).toEqual([`u&"'`, password])
    expect(rendered(apim_db.url)).toContain('?autoReconnect=true&useSSL=false')
  })

  test("has the packs' own administrator and keystores, unless the inventory names others", () => {
    expect(deployment().super_admin).toMatchObject({ username: 'admin', password: 'admin' })
    expect(deployment().keystore.tls).toMatchObject({ password: 'wso2carbon', key_password: 'wso2carbon' })
    const own = deployment({
      admin: admin.parse({ user: 'root', password: secret }),
      keystores: keystores.parse({
        file: 'a.jks',
        alias: 'a',
        password: secret,
        truststore_password: secret,
      }),
    })
    expect(own.super_admin.username).toBe('root')
    expect(rendered(own.super_admin.password)).toBe(password)
    expect(own.keystore.primary).toMatchObject({ file_name: 'a.jks', alias: 'a' })
    expect(rendered(own.keystore.primary['key_password'] ?? '')).toBe(password)
    expect(rendered(own.truststore['password'] ?? '')).toBe(password)
  })
})

describe('what the inventory says besides', () => {
  const own = tomlSettings.parse({
    'apim.cors': { allow_origins: 'https://a?b&c', allow_credentials: true },
    server: { hostname: 'api.example.com' },
    user_store: { type: 'read_write_ldap', connection_password: secret },
    'apim.gateway.environment': [{ name: 'production' }, { name: 'sandbox' }],
  })
  const peers = { 'gateway-manager': { address: 'gw' } }

  test('stands over ours in deployment.toml: a key replaces ours, a list all tables of its head', () => {
    const made = deployment({ toml: own, peers }) as unknown as Record<string, Record<string, unknown>>
    expect(made['server']).toEqual({ hostname: 'api.example.com', node_ip: 'gw-1', server_role: 'default' })
    expect(made['user_store']).toMatchObject({ type: 'read_write_ldap' })
    expect(rendered(String(made['user_store']?.['connection_password']))).toBe(password)
    expect(made['apim']?.['cors']).toEqual({ allow_origins: 'https://a?b&amp;c', allow_credentials: true })
    expect(made['apim']).toMatchObject({
      gateway: { environment: [{ name: 'production' }, { name: 'sandbox' }] },
    })
  })

  test('comes after what is taken over from the old home', () => {
    const both = together(
      { server: { hostname: 'old' }, 'transport.https.properties': { proxyPort: 443 } },
      own,
    )
    expect(both).toMatchObject({
      server: { hostname: 'api.example.com' },
      'transport.https.properties': { proxyPort: 443 },
    })
    expect(together({ server: { hostname: 'old' } }, undefined)).toEqual({ server: { hostname: 'old' } })
  })

  test('is edited into the XML of homes up to 2.6.0, after ours', () => {
    const xml = xmlSettings.parse([
      { file: 'carbon.xml', at: 'HostName', text: 'api.example.com' },
      { file: 'identity/identity.xml', at: 'X', text: secret },
    ])
    const { edits } = files({ xml }, '2.6.0')
    expect(edits.find(({ path }) => path.endsWith('/carbon.xml'))?.edits.at(-1)).toEqual({
      at: 'HostName',
      text: 'api.example.com',
    })
    expect(edits.at(-1)?.path).toBe('repository/conf/identity/identity.xml')
    expect(JSON.stringify(edits)).not.toContain(password)
  })

  test.each([
    [{ file: '../x.xml', at: 'A', text: 'b' }],
    [{ file: 'a/../../x.xml', at: 'A', text: 'b' }],
    [{ file: 'carbon.properties', at: 'A', text: 'b' }],
    [{ file: 'carbon.xml', at: 'A' }],
    [{ file: 'carbon.xml', at: 'A', text: 'b', remove: true }],
  ])('refuses %j', (edit) => {
    expect(xmlSettings.safeParse([edit]).success).toBe(false)
  })
})

describe('PostgreSQL', () => {
  const databases = [
    database.parse({
      name: 'am',
      holds: 'apim',
      engine: 'postgresql',
      host: 'db',
      schema: 'am',
      user: 'u',
      password: secret,
    }),
  ]

  test('has its own word, driver and question in deployment.toml', () => {
    expect(deployment({ databases }).database.apim_db).toMatchObject({
      type: 'postgre',
      url: 'jdbc:postgresql://db:5432/am',
      driver: 'org.postgresql.Driver',
      validationQuery: 'SELECT 1',
    })
    expect(deployment().database.apim_db).not.toHaveProperty('validationQuery')
  })

  test('has its address and driver in master-datasources.xml', () => {
    const { texts } = files({ databases }, '2.6.0')
    const xml = texts.map(({ text }) => shown(text)).join('')
    expect(xml).toContain('<url>jdbc:postgresql://db:5432/am</url>')
    expect(xml).toContain('<driverClassName>org.postgresql.Driver</driverClassName>')
    expect(xml).not.toContain('mysql')
  })
})

describe('XML of 2.6.0', () => {
  const xml = (path: string, source: string, own: object) => {
    const edits = files(own, '2.6.0').edits.filter((each) => each.path.endsWith(path))
    return edits.reduce((text, each) => shown(editXml(text, each.edits, { create: true })), source)
  }

  test('has the data source with user and password as they are', () => {
    const text = shown(files({}, '2.6.0').texts[0]?.text ?? '')
    const at = text.indexOf('<name>WSO2AM_DB</name>')
    const fields = text.slice(text.indexOf('<configuration>', at), text.indexOf('</configuration>', at))
    const read = (name: string) => readXml(`<a>${fields}</configuration></a>`, `configuration/${name}`)
    expect([read('username'), read('password')]).toEqual([`u&"'`, password])
  })

  test('has the administrator and the keystores of the inventory', () => {
    const own = {
      admin: admin.parse({ user: 'root', password: secret }),
      keystores: keystores.parse({ file: 'a.jks', password: secret }),
    }
    const users = xml('user-mgt.xml', '<UserManager><Realm/></UserManager>', own)
    expect(readXml(users, 'Realm/Configuration/AdminUser/UserName')).toBe('root')
    expect(readXml(users, 'Realm/Configuration/AdminUser/Password')).toBe(password)
    const carbon = xml('carbon.xml', '<Server><Security/></Server>', own)
    expect(readXml(carbon, 'Security/KeyStore/Password')).toBe(password)
    expect(readXml(carbon, 'Security/KeyStore/Location')).toMatch(/\/resources\/security\/a\.jks$/)
  })
})
