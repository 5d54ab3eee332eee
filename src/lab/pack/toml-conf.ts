import { oaep } from '../cipher.ts'
import { carbonXml, datasourcesXml, registryXml, type Source, shippedSources, userMgtXml } from './conf.ts'
import {
  apiManagerXml,
  axis2Xml,
  carbonProperties,
  catalinaXml,
  identityXml,
  plainProcessor,
} from './more-conf.ts'
import { type Tree, under } from './tree.ts'

/** `deployment.toml` as 3.0.0 ships it: its databases are H2 files. */
export const shippedToml = `[server]
hostname = "localhost"
node_ip = "127.0.0.1"
mode = "single"
base_path = "\${carbon.protocol}://\${carbon.host}:\${carbon.management.port}"
server_role = "default"

[super_admin]
username = "admin"
password = "admin"
create_admin_account = true

[user_store]
type = "database"

[database.apim_db]
type = "h2"
url = "jdbc:h2:./repository/database/WSO2AM_DB;DB_CLOSE_ON_EXIT=FALSE"
username = "wso2carbon"
password = "wso2carbon"

[database.shared_db]
type = "h2"
url = "jdbc:h2:./repository/database/WSO2SHARED_DB;DB_CLOSE_ON_EXIT=FALSE"
username = "wso2carbon"
password = "wso2carbon"

[keystore.tls]
file_name = "wso2carbon.jks"
type = "JKS"
password = "wso2carbon"
alias = "wso2carbon"
key_password = "wso2carbon"

[truststore]
file_name = "client-truststore.jks"
type = "JKS"
password = "wso2carbon"

[[apim.gateway.environment]]
name = "Production and Sandbox"
type = "hybrid"
display_in_api_console = true
service_url = "https://localhost:\${mgt.transport.https.port}/services/"
username = "admin"
password = "admin"
http_endpoint = "http://localhost:\${http.nio.port}"
https_endpoint = "https://localhost:\${https.nio.port}"
`

const templated = (name: string, jndi: string, key: string): Source => ({
  name,
  jndi,
  url: `{{${key}.url}}`,
  user: `{{${key}.username}}`,
  password: `{{${key}.password}}`,
  driver: `{{${key}.driver}}`,
})

function datasourcesTemplate(): string {
  const fixed = shippedSources('3.0.0').filter(({ name }) =>
    ['WSO2_CARBON_DB', 'WSO2_MB_STORE_DB'].includes(name),
  )
  const always = [
    ...fixed,
    templated('WSO2AM_DB', 'jdbc/WSO2AM_DB', 'database.apim_db'),
    templated('WSO2_SHARED_DB', 'jdbc/SHARED_DB', 'database.shared_db'),
  ]
  const text = datasourcesXml('3.0.0', always)
  const optional = [
    ['WSO2USER_DB', 'database.user'],
    ['WSO2CONFIG_DB', 'database.config'],
  ] as const
  const extra = optional.map(([name, key]) => {
    const whole = datasourcesXml('3.0.0', [templated(name, `jdbc/${name}`, key)])
    const only = whole.slice(whole.indexOf('        <datasource>'), whole.indexOf('    </datasources>'))
    return `{% if ${key}.url %}\n${only}{% endif %}\n`
  })
  return text.replace('    </datasources>', `${extra.join('')}    </datasources>`)
}

/** The templates that 3.0.0 renders `repository/conf` from, by the path of what they make. */
function templates(): Readonly<Record<string, string>> {
  return {
    'repository/conf/carbon.xml': carbonXml('3.0.0', '{{server.hostname}}').replace(
      '<Offset>0</Offset>',
      '<Offset>{{server.offset}}</Offset>',
    ),
    'repository/conf/registry.xml': registryXml('jdbc/SHARED_DB').replaceAll(
      /<versioning(\w+)>true</g,
      (_, name: string) =>
        `<versioning${name}>{{static_configuration.versioning_${name.toLowerCase()}.enable}}<`,
    ),
    'repository/conf/user-mgt.xml': userMgtXml('{{realm_manager.data_source}}')
      .replace('<UserName>admin<', '<UserName>{{super_admin.username}}<')
      .replace('<Password>admin<', '<Password>{{super_admin.password}}<'),
    'repository/conf/api-manager.xml': apiManagerXml(
      '3.0.0',
      { keyManager: '{{apim.key_manager.host}}' },
      '{{apim.oauth_config.enable_token_encryption}}',
    ),
    'repository/conf/datasources/master-datasources.xml': datasourcesTemplate(),
    'repository/conf/axis2/axis2.xml': axis2Xml(),
    'repository/conf/tomcat/catalina-server.xml': catalinaXml(),
    'repository/conf/identity/identity.xml': identityXml('{{oauth.extensions.token_persistence_processor}}'),
    'repository/conf/carbon.properties': carbonProperties('{{cipher.transformation}}'),
    'repository/conf/security/cipher-text.properties': '# Aliases, and what is encrypted.\n{{secrets}}',
  }
}

const defaults = {
  'server.hostname': 'localhost',
  'server.offset': '0',
  'realm_manager.data_source': 'jdbc/SHARED_DB',
  'super_admin.username': 'admin',
  'super_admin.password': 'admin',
  'apim.oauth_config.enable_token_encryption': 'false',
  'oauth.extensions.token_persistence_processor': plainProcessor,
  'cipher.transformation': oaep,
  'apim.key_manager.host': `\${carbon.local.ip}`,
  ...Object.fromEntries(
    ['properties', 'comments', 'tags', 'ratings'].map((name) => [
      `static_configuration.versioning_${name}.enable`,
      'false',
    ]),
  ),
}

/** What 3.0.0 has more than the releases before it: the toml file, and what `conf` is rendered from. */
export function tomlConf(): Tree {
  const profiles = ['api-publisher', 'api-devportal', 'api-key-manager', 'gateway-worker', 'traffic-manager']
  const placeholder = shippedToml
    .replace(
      'type = "h2"\nurl = "jdbc:h2:./repository/database/WSO2SHARED_DB',
      'type = "mysql"\nurl = "jdbc:mysql://shared_db.mysql:3306/shared_db',
    )
    .replace(
      ';DB_CLOSE_ON_EXIT=FALSE"\nusername = "wso2carbon"\npassword = "wso2carbon"\n\n[keystore',
      '"\nusername = "shareduser"\npassword = "shareduser"\n\n[keystore',
    )
  return {
    'repository/conf/deployment.toml': shippedToml,
    'repository/resources/conf/default.json': `${JSON.stringify(defaults, null, 2)}\n`,
    ...Object.fromEntries(
      ['infer', 'key-mappings', 'validator', 'unit-resolve'].map((name) => [
        `repository/resources/conf/${name}.json`,
        '{}\n',
      ]),
    ),
    ...under(
      'repository/resources/conf/templates',
      Object.fromEntries(Object.entries(templates()).map(([path, text]) => [`${path}.j2`, text])),
    ),
    ...under(
      'repository/resources/conf/deployment-templates',
      Object.fromEntries(profiles.map((name) => [`${name}.toml`, `# template of ${name}\n${placeholder}`])),
    ),
  }
}
