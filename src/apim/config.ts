import semver from 'semver'
import { encoded, type Secret, type Text } from '../model/secret.ts'
import { type TomlTable, tomlText } from '../modules/toml.ts'
import { escapeXml, type XmlEdit, xmlText } from '../modules/xml.ts'
import type { Role } from './roles.ts'
import type { AdminVars, DatabaseVars, KeystoreVars, SvnVars } from './schemas.ts'

/** Who answers for a role, as the others reach it. */
export type Peers = { readonly [R in Role]?: string }

/** What a home's configuration is made from. */
export type Settings = {
  readonly version: string
  readonly address: string
  readonly role: Role | 'migration'
  readonly databases: readonly DatabaseVars[]
  readonly svn?: SvnVars | undefined
  readonly peers: Peers
  readonly admin: AdminVars
  readonly keystores: KeystoreVars
}

/** Files of a home: those written whole, and those of the pack that are edited. Paths are relative to the home. */
export type Configuration = {
  readonly texts: readonly { readonly path: string; readonly text: Text }[]
  readonly edits: readonly { readonly path: string; readonly edits: readonly XmlEdit[] }[]
}

/** A home's configuration: XML files up to 2.6.0, `deployment.toml` from 3.0.0 on. It is redone, never copied from another version. */
export function configuration(settings: Settings): Configuration {
  return semver.gte(settings.version, '3.0.0') ? tomlConfiguration(settings) : xmlConfiguration(settings)
}

const conf = 'repository/conf'

function xmlConfiguration(settings: Settings): Configuration {
  const users = holding(settings.databases, 'users')
  const registry = holding(settings.databases, 'registry')
  return {
    texts: [{ path: `${conf}/datasources/master-datasources.xml`, text: datasources(settings) }],
    edits: [
      {
        path: `${conf}/carbon.xml`,
        edits: [...host(settings), ...stores(settings), ...synchronizer(settings)],
      },
      {
        path: `${conf}/user-mgt.xml`,
        edits: [...adminEdits(settings), ...(users ? userEdits(settings) : [])],
      },
      ...(registry ? [{ path: `${conf}/registry.xml`, edits: registryEdits(registry) }] : []),
      { path: `${conf}/api-manager.xml`, edits: peerEdits(settings) },
    ],
  }
}

const host = ({ address }: Settings): readonly XmlEdit[] => [
  { at: 'HostName', text: address },
  { at: 'MgtHostName', text: address },
]

// What the inventory does not say is as in the pack.
function stores({ keystores }: Settings): readonly XmlEdit[] {
  const {
    file,
    alias,
    password,
    key_password: keyPassword,
    truststore,
    truststore_password: trust,
  } = keystores
  const location = (name: string) => `\${carbon.home}/repository/resources/security/${name}`
  const set = (name: string, value: Secret | undefined) =>
    value === undefined ? [] : [{ at: `Security/${name}`, text: [value] }]
  return [
    ...(file === 'wso2carbon.jks' ? [] : [{ at: 'Security/KeyStore/Location', text: location(file) }]),
    ...(alias === 'wso2carbon' ? [] : [{ at: 'Security/KeyStore/KeyAlias', text: alias }]),
    ...set('KeyStore/Password', password),
    ...set('KeyStore/KeyPassword', keyPassword),
    ...(truststore === 'client-truststore.jks'
      ? []
      : [{ at: 'Security/TrustStore/Location', text: location(truststore) }]),
    ...set('TrustStore/Password', trust),
  ]
}

function adminEdits({ admin: { user, password } }: Settings): readonly XmlEdit[] {
  const at = (name: string) => `Realm/Configuration/AdminUser/${name}`
  return [
    ...(user === 'admin' ? [] : [{ at: at('UserName'), text: user }]),
    ...(password === undefined ? [] : [{ at: at('Password'), text: [password] }]),
  ]
}

// The one gateway that writes commits; each other gateway only checks out (the synchronizer's own documentation).
function synchronizer({ svn, role }: Settings): readonly XmlEdit[] {
  const gateway = role === 'gateway-manager' || role === 'gateway-worker'
  const at = (name: string) => `DeploymentSynchronizer/${name}`
  if (svn === undefined || !gateway) return [{ at: at('Enabled'), text: 'false' }]
  return [
    { at: at('Enabled'), text: 'true' },
    { at: at('AutoCommit'), text: String(role === 'gateway-manager') },
    { at: at('AutoCheckout'), text: 'true' },
    { at: at('RepositoryType'), text: 'svn' },
    { at: at('SvnUrl'), text: svn.url },
    { at: at('SvnUser'), text: svn.user },
    { at: at('SvnPassword'), text: [svn.password] },
    { at: at('SvnUrlAppendTenantId'), text: 'true' },
  ]
}

function userEdits({ version }: Settings): readonly XmlEdit[] {
  const preserve = 'Realm/AuthorizationManager/Property[@name=PreserveCaseForResources]'
  return [
    { at: 'Realm/Configuration/Property[@name=dataSource]', text: 'jdbc/WSO2UM_DB' },
    ...(semver.gte(version, '2.6.0') ? [{ at: preserve, text: 'false' }] : []),
  ]
}

function registryEdits(registry: DatabaseVars): readonly XmlEdit[] {
  const id = 'upgrade-fleet-shared'
  const mount = (path: string) =>
    `<mount path="/_system/${path}" overwrite="true"><instanceId>${id}</instanceId><targetPath>/_system/${path}</targetPath></mount>`
  return [
    {
      at: 'dbConfig[@name=sharedregistry]',
      append: '<dbConfig name="sharedregistry"><dataSource>jdbc/WSO2REG_DB</dataSource></dbConfig>',
    },
    {
      at: 'remoteInstance',
      append: `<remoteInstance url="https://localhost:9443/registry"><id>${id}</id><dbConfig>sharedregistry</dbConfig><readOnly>false</readOnly><enableCache>true</enableCache><registryRoot>/</registryRoot><cacheId>${escapeXml(`${registry.user}@${jdbcUrl(registry)}`)}</cacheId></remoteInstance>`,
    },
    { at: 'mount[@path=/_system/config]', append: mount('config') },
    { at: 'mount[@path=/_system/governance]', append: mount('governance') },
    // A new place for the time of the last indexing makes the portals index anew.
    {
      at: 'indexingConfiguration/lastAccessTimeLocation',
      text: '/_system/local/repository/components/org.wso2.carbon.registry/indexing/lastaccesstime_1',
    },
  ]
}

function peerEdits({ peers, role }: Settings): readonly XmlEdit[] {
  if (role === 'migration') return []
  const keys = peers['key-manager']
  const gateway = peers['gateway-manager']
  const traffic = peers['traffic-manager']
  return [
    ...(keys ? [{ at: 'AuthManager/ServerURL', text: services(keys) }] : []),
    ...(keys ? [{ at: 'APIKeyValidator/ServerURL', text: services(keys) }] : []),
    ...(gateway ? [{ at: 'APIGateway/Environments/Environment/ServerURL', text: services(gateway) }] : []),
    ...(traffic ? trafficEdits(traffic) : []),
  ]
}

const services = (address: string): string => `https://${address}:9443/services/`

function trafficEdits(address: string): readonly XmlEdit[] {
  const at = (name: string) => `ThrottlingConfigurations/${name}`
  return [
    { at: at('DataPublisher/ReceiverUrlGroup'), text: `tcp://${address}:9611` },
    { at: at('DataPublisher/AuthUrlGroup'), text: `ssl://${address}:9711` },
    { at: at('PolicyDeployer/ServiceURL'), text: services(address) },
  ]
}

/** The JDBC address of a database. */
export function jdbcUrl({ host, port, schema }: DatabaseVars): string {
  return `jdbc:mysql://${host}:${port}/${schema}?autoReconnect=true&useSSL=false`
}

/** The first database that holds something. */
export function holding(
  databases: readonly DatabaseVars[],
  what: DatabaseVars['holds'][number],
): DatabaseVars | undefined {
  return databases.find((db) => db.holds.includes(what))
}

function datasources({ databases, version }: Settings): Text {
  const names = {
    apim: 'WSO2AM_DB',
    users: 'WSO2UM_DB',
    registry: 'WSO2REG_DB',
    config: 'WSO2CONFIG_DB',
    stats: 'WSO2AM_STATS_DB',
  }
  // The identity tables are reached through the API Manager's own data source.
  const shared = databases.flatMap((db) =>
    db.holds.flatMap((what) =>
      what === 'identity'
        ? []
        : datasource(
            names[what],
            `jdbc/${names[what]}`,
            [
              ['url', [jdbcUrl(db)]],
              ['username', [db.user]],
              ['password', [db.password]],
              ['driverClassName', ['com.mysql.jdbc.Driver']],
            ],
            what !== 'apim' || semver.gte(version, '2.6.0'),
          ),
    ),
  )
  const h2 = (file: string): Fields => [
    ['url', [`jdbc:h2:repository/database/${file};DB_CLOSE_ON_EXIT=FALSE`]],
    ['username', ['wso2carbon']],
    ['password', ['wso2carbon']],
    ['driverClassName', ['org.h2.Driver']],
  ]
  return [
    '<datasources-configuration xmlns:svns="http://org.wso2.securevault/configuration">\n<providers><provider>org.wso2.carbon.ndatasource.rdbms.RDBMSDataSourceReader</provider></providers>\n<datasources>\n',
    ...datasource('WSO2_CARBON_DB', 'jdbc/WSO2CarbonDB', h2('WSO2CARBON_DB'), true),
    ...shared,
    ...datasource('WSO2_MB_STORE_DB', 'WSO2MBStoreDB', h2('WSO2MB_DB'), false),
    '</datasources>\n</datasources-configuration>\n',
  ]
}

type Fields = readonly (readonly [string, Exclude<Text, string>])[]

function datasource(name: string, jndi: string, fields: Fields, autoCommit: boolean): Exclude<Text, string> {
  return [
    `<datasource><name>${name}</name><jndiConfig><name>${jndi}</name></jndiConfig><definition type="RDBMS"><configuration>\n`,
    ...fields.flatMap(([field, text]) => [`<${field}>`, ...xmlText(text), `</${field}>\n`]),
    `<maxActive>50</maxActive><maxWait>60000</maxWait><testOnBorrow>true</testOnBorrow><validationQuery>SELECT 1</validationQuery><validationInterval>30000</validationInterval><defaultAutoCommit>${autoCommit}</defaultAutoCommit>\n`,
    '</configuration></definition></datasource>\n',
  ]
}

// The server's own templates put values into XML as they are, so they stand escaped for XML in the TOML.
function tomlConfiguration({ address, databases, peers, role, admin, keystores }: Settings): Configuration {
  const database = (head: string, db: DatabaseVars | undefined): readonly TomlTable[] =>
    db === undefined
      ? []
      : [
          {
            head: `database.${head}`,
            values: {
              type: db.engine === 'postgresql' ? 'postgre' : 'mysql',
              url: escapeXml(jdbcUrl(db)),
              username: escapeXml(db.user),
              password: encoded('xml', db.password),
              driver: 'com.mysql.jdbc.Driver',
            },
          },
        ]
  const users = holding(databases, 'users')
  const keys = role === 'migration' ? undefined : peers['key-manager']
  const gateway = role === 'migration' ? undefined : peers['gateway-manager']
  const traffic = role === 'migration' ? undefined : peers['traffic-manager']
  const tables: readonly TomlTable[] = [
    { head: 'server', values: { hostname: address, node_ip: address, server_role: 'default' } },
    {
      head: 'super_admin',
      values: {
        username: escapeXml(admin.user),
        password: given(admin.password, 'admin'),
        create_admin_account: false,
      },
    },
    { head: 'user_store', values: { type: 'database' } },
    ...database('apim_db', holding(databases, 'apim')),
    ...database('shared_db', holding(databases, 'registry')),
    ...database('config', holding(databases, 'config')),
    ...database('user', users),
    ...(users ? [{ head: 'realm_manager', values: { data_source: 'WSO2USER_DB' } }] : []),
    { head: 'authorization_manager.properties', values: { PreserveCaseForResources: false } },
    { head: 'keystore.tls', values: keystore(keystores) },
    { head: 'keystore.primary', values: keystore(keystores) },
    {
      head: 'truststore',
      values: {
        file_name: keystores.truststore,
        type: 'JKS',
        password: given(keystores.truststore_password, 'wso2carbon'),
      },
    },
    { head: 'indexing', values: { re_indexing: 1 } },
    ...(keys ? [{ head: 'apim.key_manager', values: { service_url: services(keys) } }] : []),
    ...(gateway ? [{ head: '[apim.gateway.environment]', values: environment(gateway) }] : []),
    ...(traffic ? throttling(traffic) : []),
  ]
  return { texts: [{ path: `${conf}/deployment.toml`, text: tomlText(tables) }], edits: [] }
}

const given = (value: Secret | undefined, usual: string): Secret | string =>
  value === undefined ? usual : encoded('xml', value)

const keystore = ({ file, alias, password, key_password: keyPassword }: KeystoreVars) => ({
  file_name: file,
  type: 'JKS',
  password: given(password, 'wso2carbon'),
  alias: escapeXml(alias),
  key_password: given(keyPassword ?? password, 'wso2carbon'),
})

const environment = (address: string) => ({
  name: 'Production and Sandbox',
  type: 'hybrid',
  service_url: services(address),
  ws_endpoint: `ws://${address}:9099`,
  http_endpoint: `http://${address}:8280`,
  https_endpoint: `https://${address}:8243`,
})

const throttling = (address: string): readonly TomlTable[] => [
  {
    head: 'apim.throttling',
    values: { service_url: services(address), throttle_decision_endpoints: [`tcp://${address}:5672`] },
  },
  {
    head: '[apim.throttling.url_group]',
    values: {
      traffic_manager_urls: [`tcp://${address}:9611`],
      traffic_manager_auth_urls: [`ssl://${address}:9711`],
    },
  },
]
