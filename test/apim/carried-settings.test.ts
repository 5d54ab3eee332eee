import { describe, expect, test } from 'vitest'
import { notCarried, otherEnvironments, takenOver } from '../../src/apim/carried-settings.ts'

const carbon = (host: string) => ({
  'carbon.xml': `<Server xmlns="http://wso2.org/projects/carbon/carbon.xml"><HostName>${host}</HostName></Server>`,
})
const catalina = (https: string, http: string) => ({
  'tomcat/catalina-server.xml': `<Server><Service name="Catalina"><Connector port="9763"${http}/><Connector port="9443" scheme="https"${https}/></Service></Server>`,
})
const store = (name: string) => ({
  'user-mgt.xml': `<UserManager><Realm><!-- <UserStoreManager class="x"/> --><UserStoreManager class="org.wso2.carbon.user.core.${name}"/></Realm></UserManager>`,
})
const manager = (xml: string) => ({ 'api-manager.xml': `<APIManager>${xml}</APIManager>` })

describe('settings of the old XML that deployment.toml takes over', () => {
  test.each([
    ['a public host name', carbon('api.example.com'), { server: { hostname: 'api.example.com' } }],
    ['the address of the inventory', carbon('10.0.0.1'), {}],
    ["the packs' own", carbon('localhost'), {}],
    ['a place-holder', carbon('$' + '{carbon.host}'), {}],
    ['no name', {}, {}],
    [
      'the ports of a proxy',
      catalina(' proxyPort="443"', ' proxyPort="80"'),
      {
        'transport.https.properties': { proxyPort: 443 },
        'transport.http.properties': { proxyPort: 80 },
      },
    ],
    ['no proxy', catalina('', ''), {}],
  ])('%s', (_what, texts, settings) => {
    expect(takenOver(texts, '10.0.0.1')).toEqual(settings)
  })
})

describe('settings of the old XML that nobody carries', () => {
  const environment = '<Environment type="hybrid"><Name>a</Name></Environment>'
  const heads = (texts: object, ...told: string[]) => notCarried({ ...texts }, told).map(({ head }) => head)

  test.each([
    ["the packs' user store", store('jdbc.JDBCUserStoreManager'), []],
    ['LDAP', store('ldap.ReadWriteLDAPUserStoreManager'), ['user_store']],
    [
      'CORS for all',
      manager(
        '<CORSConfiguration><Access-Control-Allow-Origin>*</Access-Control-Allow-Origin></CORSConfiguration>',
      ),
      [],
    ],
    [
      'CORS for some',
      manager(
        '<CORSConfiguration><Access-Control-Allow-Origin>https://a</Access-Control-Allow-Origin></CORSConfiguration>',
      ),
      ['apim.cors'],
    ],
    ['analytics', manager('<Analytics><Enabled>true</Enabled></Analytics>'), ['apim.analytics']],
    [
      'JWT of 1.x',
      manager(
        '<APIConsumerAuthentication><EnableTokenGeneration>true</EnableTokenGeneration></APIConsumerAuthentication>',
      ),
      ['apim.jwt'],
    ],
    [
      'JWT of 2.x',
      manager('<JWTConfiguration><EnableJWTGeneration> true </EnableJWTGeneration></JWTConfiguration>'),
      ['apim.jwt'],
    ],
    [
      'one gateway environment',
      manager(`<APIGateway><Environments>${environment}</Environments></APIGateway>`),
      [],
    ],
    [
      'two gateway environments',
      manager(`<APIGateway><Environments>${environment}${environment}</Environments></APIGateway>`),
      ['apim.gateway.environment'],
    ],
  ])('%s', (_what, texts, expected) => {
    expect(heads(texts)).toEqual(expected)
    expect(heads(texts, ...expected)).toEqual([])
  })
})

describe("environments of the publishers' XML beside those of the inventory", () => {
  const xml = (name: string, type = ' type="production"') =>
    `<Environment${type}><Name> ${name} </Name></Environment>`
  const live = { name: 'Live', type: 'production' }
  const of = (...list: readonly string[]) =>
    manager(`<APIGateway><Environments>${list.join('')}</Environments></APIGateway>`)

  test.each([
    ['the same', of(xml('Live')), [live], []],
    ['one without a type, which is hybrid', of(xml('Live', '')), [{ name: 'Live', type: 'hybrid' }], []],
    [
      'one that the inventory lacks',
      of(xml('Live'), xml('Try')),
      [live],
      ['has "Try" (production), the inventory has not'],
    ],
    ['one that the XML lacks', of(), [live], ['has no "Live" (production), the inventory has']],
    [
      'one of another type',
      of(xml('Live', ' type="sandbox"')),
      [live],
      ['has "Live" (sandbox), the inventory has not', 'has no "Live" (production), the inventory has'],
    ],
    ['no file', {}, [live], []],
  ])('%s', (_what, texts, named, expected) => {
    expect(otherEnvironments(texts, named)).toEqual(expected)
    expect(notCarried({ ...texts }, [], named)).toEqual([])
  })
})
