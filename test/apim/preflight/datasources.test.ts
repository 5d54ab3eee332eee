import { describe, expect, test } from 'vitest'
import { placeOf, shownUrl, sourceProblems, usesIn } from '../../../src/apim/preflight/datasources.ts'

const source = (jndi: string, url: string) =>
  `<datasource><name>any</name><jndiConfig><name>${jndi}</name></jndiConfig><definition type="RDBMS"><configuration><url>${url.replaceAll('&', '&amp;')}</url><password>secret</password></configuration></definition></datasource>`
const file = (...sources: readonly string[]) =>
  `<datasources-configuration><datasources>${sources.join('')}</datasources></datasources-configuration>`
const mysql = (schema: string) => `jdbc:mysql://db.example.com/${schema}?autoReconnect=true&password=secret`

const mounted = (jndi: string) =>
  `<wso2registry><currentDBConfig>wso2registry</currentDBConfig><dbConfig name="wso2registry"><dataSource>jdbc/WSO2CarbonDB</dataSource></dbConfig><dbConfig name="shared"><dataSource>${jndi}</dataSource></dbConfig><remoteInstance url="u"><id>r</id><dbConfig>shared</dbConfig></remoteInstance><mount path="/_system/config"><instanceId>r</instanceId></mount><mount path="/_system/governance"><instanceId>r</instanceId></mount></wso2registry>`
const alone =
  '<wso2registry><currentDBConfig>wso2registry</currentDBConfig><dbConfig name="wso2registry"><dataSource>jdbc/WSO2CarbonDB</dataSource></dbConfig></wso2registry>'

const conf = {
  'datasources/master-datasources.xml': file(
    source('jdbc/WSO2CarbonDB', 'jdbc:h2:repository/database/WSO2CARBON_DB;DB_CLOSE_ON_EXIT=FALSE'),
    source('jdbc/WSO2AM_DB', mysql('am')),
    source('jdbc/Odd', mysql('um')),
  ),
  'datasources/more-datasources.xml': file(source('jdbc/Reg', mysql('reg'))),
  'api-manager.xml': '<APIManager><DataSourceName>jdbc/WSO2AM_DB</DataSourceName></APIManager>',
  'identity.xml':
    '<Server><JDBCPersistenceManager><DataSource><Name>jdbc/WSO2AM_DB</Name></DataSource></JDBCPersistenceManager></Server>',
  'user-mgt.xml':
    '<UserManager><Realm><Configuration><Property name="dataSource">jdbc/Odd</Property></Configuration></Realm></UserManager>',
  'registry.xml': mounted('jdbc/Reg'),
}
const claim = (name: string, holds: readonly string[], more: object = {}) => ({
  name,
  holds,
  engine: 'mysql',
  host: 'DB.example.com',
  port: 3306,
  schema: name,
  ...more,
})
const claimed = [claim('am', ['apim']), claim('um', ['users']), claim('reg', ['registry'])]
const found = (texts: Record<string, string> = {}, databases = claimed) =>
  sourceProblems('/h', { ...conf, ...texts }, databases)
const names = (...args: Parameters<typeof found>) => found(...args).map(({ is }) => is)

test('the real map of a home is followed from who uses it, whatever the names say', () => {
  expect(usesIn(conf).map(({ holds, jndi }) => [holds, jndi])).toEqual([
    ['apim', 'jdbc/WSO2AM_DB'],
    ['identity', 'jdbc/WSO2AM_DB'],
    ['users', 'jdbc/Odd'],
    ['config', 'jdbc/Reg'],
    ['registry', 'jdbc/Reg'],
  ])
  expect(names()).toEqual([])
})

describe('a finding', () => {
  test.each([
    [
      'users in H2',
      { 'user-mgt.xml': conf['user-mgt.xml'].replace('jdbc/Odd', 'jdbc/WSO2CarbonDB') },
      ['h2'],
    ],
    ['a registry of each node', { 'registry.xml': alone }, ['h2']],
    [
      'a name without a datasource',
      { 'api-manager.xml': conf['api-manager.xml'].replace('AM_DB', 'XX_DB') },
      ['datasource-missing'],
    ],
    [
      'another server',
      { 'datasources/more-datasources.xml': file(source('jdbc/Reg', 'jdbc:mysql://other:3306/reg')) },
      ['database-unknown', 'database-unknown'],
    ],
    [
      'an engine without rehearsal',
      { 'datasources/more-datasources.xml': file(source('jdbc/Reg', 'jdbc:oracle:thin:@db:1521/reg')) },
      ['database-unknown', 'database-unknown'],
    ],
    [
      'users in the schema of the registry',
      { 'user-mgt.xml': conf['user-mgt.xml'].replace('jdbc/Odd', 'jdbc/Reg') },
      ['database-holds'],
    ],
  ])('is %s', (_, texts, expected) => {
    expect(names(texts)).toEqual(expected)
  })

  test('asks where only a gateway or traffic manager has the file', () => {
    const asked = (role: 'gateway-worker' | 'publisher') =>
      sourceProblems('/h', { ...conf, 'registry.xml': alone }, claimed, role).map(({ is }) => is)
    expect([asked('gateway-worker'), asked('publisher')]).toEqual([['h2-local'], ['h2']])
  })

  test('shows no secret, and says what to do', () => {
    const [first] = found({}, [])
    expect(first?.says).toContain('jdbc:mysql://db.example.com/am')
    expect(JSON.stringify(found({}, []))).not.toContain('secret')
    expect(found({ 'registry.xml': alone })[0]?.todo).toMatch(/move it to MySQL or PostgreSQL first/)
  })
})

test('one schema may hold everything', () => {
  const one = file(...['jdbc/WSO2AM_DB', 'jdbc/Odd', 'jdbc/Reg'].map((jndi) => source(jndi, mysql('am'))))
  const texts = { 'datasources/master-datasources.xml': one, 'datasources/more-datasources.xml': file() }
  expect(names(texts, [claim('am', ['apim', 'users', 'registry'])])).toEqual([])
  expect(names(texts, [claim('am', ['apim'])])).toEqual([])
})

test.each([
  ['jdbc:mysql://h:3307/s?x=1', { engine: 'mysql', host: 'h', port: 3307, schema: 's' }],
  ['jdbc:mariadb://h/s', { engine: 'mysql', host: 'h', port: 3306, schema: 's' }],
  ['jdbc:postgresql://[::1]:5433/s', { engine: 'postgresql', host: '::1', port: 5433, schema: 's' }],
  ['jdbc:sqlserver://h;databaseName=s', undefined],
])('%s leads to %j', (url, expected) => {
  expect(placeOf(url)).toEqual(expected)
})

test('an address is shown without what may be secret in it', () => {
  expect(shownUrl('jdbc:sqlserver://h;user=a;password=b')).toBe('jdbc:sqlserver://h')
  expect(shownUrl('jdbc:mysql://a:b@h/s?password=c')).toBe('jdbc:mysql://h/s')
})
