import semver from 'semver'
import type { Secret, Text } from '../model/secret.ts'
import type { XmlEdit } from '../modules/edit/xml.ts'
import { escapeXml, xmlText } from '../modules/edit/xml-escape.ts'
import { tomlConfiguration } from './config-toml.ts'
import { xmlEdits } from './custom.ts'
import { type Place, portAt } from './ports.ts'
import type { DatabaseVars } from './schemas.ts'
import {
  type Configuration,
  conf,
  type GatewayEnvironment,
  holding,
  jdbc,
  jdbcUrl,
  type Settings,
  services,
} from './settings.ts'

/** A home's configuration: XML files up to 2.6.0, `deployment.toml` from 3.0.0 on. It is redone, never copied from another version. */
export function configuration(settings: Settings): Configuration {
  const isToml = semver.gte(settings.version, '3.0.0')
  const made = isToml ? tomlConfiguration(settings) : xmlConfiguration(settings)
  const { levels = {} } = settings
  if (Object.keys(levels).length === 0) return made
  return { ...made, logging: { path: `${conf}/log4j${isToml ? '2' : ''}.properties`, levels } }
}

function xmlConfiguration(settings: Settings): Configuration {
  const users = holding(settings.databases, 'users')
  const registry = holding(settings.databases, 'registry')
  const ours: Readonly<Record<string, readonly XmlEdit[]>> = {
    'carbon.xml': [...host(settings), ...stores(settings), ...synchronizer(settings)],
    'user-mgt.xml': [...adminEdits(settings), ...(users ? userEdits(settings) : [])],
    ...(registry && { 'registry.xml': registryEdits(registry, settings) }),
    'api-manager.xml': [...peerEdits(settings), ...keyEdits(settings)],
    ...(settings.tokens?.processor && { 'identity/identity.xml': processorEdits(settings.tokens.processor) }),
  }
  const files = new Set([...Object.keys(ours), ...(settings.xml ?? []).map(({ file }) => file)])
  return {
    texts: [{ path: `${conf}/datasources/master-datasources.xml`, text: datasources(settings) }],
    edits: [...files].map((file) => ({
      path: `${conf}/${file}`,
      edits: [...(ours[file] ?? []), ...xmlEdits(settings.xml, file)],
    })),
  }
}

const host = ({ address, offset = 0 }: Settings): readonly XmlEdit[] => [
  { at: 'HostName', text: address },
  { at: 'MgtHostName', text: address },
  ...(offset > 0 ? [{ at: 'Ports/Offset', text: String(offset) }] : []),
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

// Homes that these are written for are of 2.0.0 and later: the file is in `identity`.
const processorEdits = (processor: string): readonly XmlEdit[] => [
  { at: 'OAuth/TokenPersistenceProcessor', text: processor },
]

// Builds of 2.x read it in one element or in the other (carbon-apimgt, APIConstants): it is in both.
function keyEdits({ tokens }: Settings): readonly XmlEdit[] {
  return tokens?.keys
    ? ['APIKeyValidator', 'OAuthConfigurations'].map((place) => ({
        at: `${place}/EncryptPersistedTokens`,
        text: 'true',
      }))
    : []
}

function userEdits({ version }: Settings): readonly XmlEdit[] {
  const preserve = 'Realm/AuthorizationManager/Property[@name=PreserveCaseForResources]'
  return [
    { at: 'Realm/Configuration/Property[@name=dataSource]', text: 'jdbc/WSO2UM_DB' },
    ...(semver.gte(version, '2.6.0') ? [{ at: preserve, text: 'false' }] : []),
  ]
}

function registryEdits(registry: DatabaseVars, own: Settings): readonly XmlEdit[] {
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
      append: `<remoteInstance url="https://localhost:${portAt(own, 'https')}/registry"><id>${id}</id><dbConfig>sharedregistry</dbConfig><readOnly>false</readOnly><enableCache>true</enableCache><registryRoot>/</registryRoot><cacheId>${escapeXml(`${registry.user}@${jdbcUrl(registry)}`)}</cacheId></remoteInstance>`,
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

function peerEdits({ peers, environments, role, version }: Settings): readonly XmlEdit[] {
  if (role === 'migration') return []
  const keys = peers['key-manager']
  const gateway = peers['gateway-manager']
  const traffic = peers['traffic-manager']
  return [
    ...(keys ? [{ at: 'AuthManager/ServerURL', text: services(keys) }] : []),
    ...(keys ? [{ at: 'APIKeyValidator/ServerURL', text: services(keys) }] : []),
    ...(environments?.flatMap((each) => namedEdits(each, environments)) ?? []),
    ...(gateway && environments === undefined ? environmentEdits(environment, gateway) : []),
    ...(traffic ? trafficEdits(traffic, version) : []),
  ]
}

const environment = 'APIGateway/Environments/Environment'
const shipped = 'Production and Sandbox'

// The pack's own goes, unless it is one of them; the administrator is the one of user-mgt.xml, as in the packs.
function namedEdits(
  { name, type, gateway }: GatewayEnvironment,
  all: readonly GatewayEnvironment[],
): readonly XmlEdit[] {
  const own = `${environment}[Name="${name}"]`
  return [
    ...(all.some((each) => each.name === shipped)
      ? []
      : [{ at: `${environment}[Name="${shipped}"]`, remove: true as const }]),
    {
      at: own,
      append: `<Environment type="${type}" api-console="true"><Name>${name}</Name><ServerURL></ServerURL><Username>\${admin.username}</Username><Password>\${admin.password}</Password><GatewayEndpoint></GatewayEndpoint></Environment>`,
    },
    { at: own, attribute: 'type', text: type },
    ...environmentEdits(own, gateway),
  ]
}

// The pack has the own ports of whoever reads it where its users are told where the gateway is.
function environmentEdits(path: string, gateway: Place): readonly XmlEdit[] {
  const at = (name: string) => `${path}/${name}`
  const { address } = gateway
  const endpoints = `http://${address}:${portAt(gateway, 'gatewayHttp')},https://${address}:${portAt(gateway, 'gatewayHttps')}`
  return [
    { at: at('ServerURL'), text: services(gateway) },
    { at: at('GatewayEndpoint'), text: endpoints },
  ]
}

// Up to 2.0.0 the addresses stand in DataPublisher, from 2.1.0 on in TrafficManager (the packs' api-manager.xml); what comes
// back from there is read over JMS.
function trafficEdits(traffic: Place, version: string): readonly XmlEdit[] {
  const at = (name: string) => `ThrottlingConfigurations/${name}`
  const group = semver.gte(version, '2.1.0') ? 'TrafficManager' : 'DataPublisher'
  const url = (scheme: string, which: Parameters<typeof portAt>[1]) =>
    `${scheme}://${traffic.address}:${portAt(traffic, which)}`
  return [
    { at: at(`${group}/ReceiverUrlGroup`), text: url('tcp', 'receiver') },
    { at: at(`${group}/AuthUrlGroup`), text: url('ssl', 'receiverSsl') },
    { at: at('PolicyDeployer/ServiceURL'), text: services(traffic) },
    {
      at: at('JMSConnectionDetails/JMSConnectionParameters/connectionfactory.TopicConnectionFactory'),
      text: `amqp://\${admin.username}:\${admin.password}@clientid/carbon?brokerlist='${url('tcp', 'broker')}'`,
    },
  ]
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
              ['driverClassName', [jdbc[db.engine].driver]],
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
