import { encoded, type Secret } from '../model/secret.ts'
import { type TomlTable, tomlText } from '../modules/edit/toml-text.ts'
import type { XmlEdit } from '../modules/edit/xml.ts'
import { escapeXml } from '../modules/edit/xml-escape.ts'
import { secretsText, withVault } from './config-secrets.ts'
import { withToml } from './custom.ts'
import { type Place, portAt } from './ports.ts'
import type { DatabaseVars, KeystoreVars } from './schemas.ts'
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
import { keepsEncrypted } from './tokens.ts'

/** The `deployment.toml` of a home. The server's own templates put values into XML as they are, so they stand escaped for XML in it. */
export function tomlConfiguration({
  address,
  offset = 0,
  databases,
  peers,
  environments,
  role,
  admin,
  keystores,
  tokens,
  toml,
  vault,
}: Settings): Configuration {
  const database = (head: string, db: DatabaseVars | undefined): readonly TomlTable[] =>
    db === undefined
      ? []
      : [
          {
            head: `database.${head}`,
            values: {
              type: jdbc[db.engine].type,
              url: escapeXml(jdbcUrl(db)),
              username: escapeXml(db.user),
              password: encoded('xml', db.password),
              driver: jdbc[db.engine].driver,
              // Other engines than H2 and MySQL have to be told how a connection is tried.
              ...(db.engine !== 'mysql' && { validationQuery: 'SELECT 1' }),
            },
          },
        ]
  const users = holding(databases, 'users')
  const keys = role === 'migration' ? undefined : peers['key-manager']
  const gateway = role === 'migration' ? undefined : peers['gateway-manager']
  const all = gateway && [{ name: 'Production and Sandbox', type: 'hybrid', gateway } as const]
  const gateways = role === 'migration' ? [] : (environments ?? all ?? [])
  const traffic = role === 'migration' ? undefined : peers['traffic-manager']
  const tables: readonly TomlTable[] = [
    {
      head: 'server',
      values: { hostname: address, node_ip: address, server_role: 'default', ...(offset > 0 && { offset }) },
    },
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
    ...encryption(tokens),
    { head: 'indexing', values: { re_indexing: 1 } },
    ...(keys ? [{ head: 'apim.key_manager', values: { service_url: services(keys) } }] : []),
    ...gateways.map((each) => ({ head: '[apim.gateway.environment]', values: environment(each) })),
    ...(traffic ? throttling(traffic) : []),
  ]
  const path = `${conf}/deployment.toml`
  const whole = withToml(tables, toml)
  if (!vault) return { texts: [{ path, text: tomlText(whole) }], edits: [] }
  const { tables: open, ...kept } = withVault(whole)
  return {
    texts: [{ path, text: [...tomlText(open), ...secretsText(kept)] }],
    edits: [{ path: `${conf}/carbon.xml`, edits: ownKeystore(keystores) }],
    secrets: kept.secrets,
  }
}

// ciphertool asks the pack's rendered carbon.xml for the keystore, before a first start has rendered ours.
const ownKeystore = ({ file, alias }: KeystoreVars): readonly XmlEdit[] =>
  file === 'wso2carbon.jks' && alias === 'wso2carbon'
    ? []
    : ['KeyStore', 'InternalKeyStore'].flatMap((name) => [
        {
          at: `Security/${name}/Location`,
          text: `\${carbon.home}/repository/resources/security/${file}`,
        },
        { at: `Security/${name}/Type`, text: 'JKS' },
        { at: `Security/${name}/KeyAlias`, text: alias },
      ])

// The vendor's page on encrypting tokens (3.0.0) has the first alone; the second is Identity Server's own name for it.
function encryption(tokens: Settings['tokens']): readonly TomlTable[] {
  if (tokens === undefined || !keepsEncrypted(tokens)) return []
  return [
    { head: 'apim.oauth_config', values: { enable_token_encryption: true } },
    ...(tokens.processor === undefined
      ? []
      : [{ head: 'oauth.extensions', values: { token_persistence_processor: tokens.processor } }]),
  ]
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

const environment = ({ name, type, gateway }: GatewayEnvironment) => ({
  name,
  type,
  service_url: services(gateway),
  ws_endpoint: `ws://${gateway.address}:${portAt(gateway, 'ws')}`,
  http_endpoint: `http://${gateway.address}:${portAt(gateway, 'gatewayHttp')}`,
  https_endpoint: `https://${gateway.address}:${portAt(gateway, 'gatewayHttps')}`,
})

const throttling = (traffic: Place): readonly TomlTable[] => [
  {
    head: 'apim.throttling',
    values: {
      service_url: services(traffic),
      throttle_decision_endpoints: [`tcp://${traffic.address}:${portAt(traffic, 'broker')}`],
    },
  },
  {
    head: '[apim.throttling.url_group]',
    values: {
      traffic_manager_urls: [`tcp://${traffic.address}:${portAt(traffic, 'receiver')}`],
      traffic_manager_auth_urls: [`ssl://${traffic.address}:${portAt(traffic, 'receiverSsl')}`],
    },
  },
]
