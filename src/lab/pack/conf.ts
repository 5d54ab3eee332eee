import type { Version } from './release.ts'
import { since } from './release.ts'

/** How a node takes part in the deployment synchronizer; without it the block is as shipped. */
export interface Sync {
  readonly url: string
  readonly user: string
  readonly password: string
  readonly commits: boolean
}

/** `carbon.xml`, the elements that matter. */
export function carbonXml(version: Version, host = 'localhost', sync?: Sync, offset = 0): string {
  return `<?xml version="1.0" encoding="ISO-8859-1"?>
<Server xmlns="http://wso2.org/projects/carbon/carbon.xml">
    <Name>WSO2 API Manager</Name>
    <ServerKey>AM</ServerKey>
    <Version>${version}</Version>
    <HostName>${host}</HostName>
    <MgtHostName>${host}</MgtHostName>
    <ServerURL>local:/\${carbon.context}/services/</ServerURL>
    <ServerRoles>
        <Role>APIManager</Role>
    </ServerRoles>
    <Package>org.wso2.carbon</Package>
    <Ports>
        <Offset>${offset}</Offset>
        <JMX>
            <RMIRegistryPort>9999</RMIRegistryPort>
            <RMIServerPort>11111</RMIServerPort>
        </JMX>
    </Ports>
    <Security>
        <KeyStore>
            <Location>\${carbon.home}/repository/resources/security/wso2carbon.jks</Location>
            <Type>JKS</Type>
            <Password>wso2carbon</Password>
            <KeyAlias>wso2carbon</KeyAlias>
            <KeyPassword>wso2carbon</KeyPassword>
        </KeyStore>
        <TrustStore>
            <Location>\${carbon.home}/repository/resources/security/client-truststore.jks</Location>
            <Type>JKS</Type>
            <Password>wso2carbon</Password>
        </TrustStore>
    </Security>
${synchronizer(version, sync)}
</Server>
`
}

function synchronizer(version: Version, sync: Sync | undefined): string {
  const block = (
    enabled: boolean,
    commits: boolean,
    url: string,
    user: string,
    password: string,
    append: boolean,
  ) =>
    `    <DeploymentSynchronizer>
        <Enabled>${enabled}</Enabled>
        <AutoCommit>${commits}</AutoCommit>
        <AutoCheckout>true</AutoCheckout>
        <RepositoryType>svn</RepositoryType>
        <SvnUrl>${url}</SvnUrl>
        <SvnUser>${user}</SvnUser>
        <SvnPassword>${password}</SvnPassword>
        <SvnUrlAppendTenantId>${append}</SvnUrlAppendTenantId>
    </DeploymentSynchronizer>`
  if (sync !== undefined) return block(true, sync.commits, sync.url, sync.user, sync.password, true)
  const shipped = block(false, false, 'http://svnrepo.example.com/repos/', 'username', 'password', true)
  return since(version, '2.0.0') ? shipped : `    <!--\n${shipped}\n    -->`
}

/** A datasource as `master-datasources.xml` names it. */
export interface Source {
  readonly name: string
  readonly jndi: string
  readonly url: string
  readonly user: string
  readonly password: string
  readonly driver: string
  /** The alias of its password in the secure vault. */
  readonly alias?: string
}

/** The datasources that a pack ships: all of them in its own H2 files. */
export function shippedSources(version: Version): readonly Source[] {
  const h2 = (name: string, jndi: string, file: string): Source => ({
    name,
    jndi,
    url: `jdbc:h2:repository/database/${file};DB_CLOSE_ON_EXIT=FALSE`,
    user: 'wso2carbon',
    password: 'wso2carbon',
    driver: 'org.h2.Driver',
  })
  return [
    h2('WSO2_CARBON_DB', 'jdbc/WSO2CarbonDB', 'WSO2CARBON_DB'),
    h2('WSO2AM_DB', 'jdbc/WSO2AM_DB', 'WSO2AM_DB'),
    ...(since(version, '2.0.0')
      ? [
          h2('WSO2AM_STATS_DB', 'jdbc/WSO2AM_STATS_DB', '../tmpStatDB/WSO2AM_STATS_DB'),
          h2('WSO2_MB_STORE_DB', 'WSO2MBStoreDB', 'WSO2MB_DB'),
        ]
      : []),
  ]
}

/** `datasources/master-datasources.xml`. */
export function datasourcesXml(version: Version, sources: readonly Source[]): string {
  const autoCommit = since(version, '2.6.0')
  const one = (source: Source) => `        <datasource>
            <name>${source.name}</name>
            <description>The datasource ${source.name}</description>
            <jndiConfig>
                <name>${source.jndi}</name>
            </jndiConfig>
            <definition type="RDBMS">
                <configuration>
                    <url>${source.url.replaceAll('&', '&amp;')}</url>
                    <username>${source.user}</username>
                    ${source.alias === undefined ? `<password>${source.password}` : `<password svns:secretAlias="${source.alias}">password`}</password>
                    <driverClassName>${source.driver}</driverClassName>
                    <maxActive>50</maxActive>
                    <maxWait>60000</maxWait>
                    <testOnBorrow>true</testOnBorrow>
                    <validationQuery>SELECT 1</validationQuery>
                    <validationInterval>30000</validationInterval>${source.name === 'WSO2AM_DB' ? `\n                    <defaultAutoCommit>${autoCommit}</defaultAutoCommit>` : ''}
                </configuration>
            </definition>
        </datasource>`
  return `<datasources-configuration xmlns:svns="http://org.wso2.securevault/configuration">
    <providers>
        <provider>org.wso2.carbon.ndatasource.rdbms.RDBMSDataSourceReader</provider>
    </providers>
    <datasources>
${sources.map(one).join('\n')}
    </datasources>
</datasources-configuration>
`
}

/** `registry.xml`; with a datasource, governance and config are mounted from there. */
export function registryXml(mounted?: string): string {
  const remote = (name: string, path: string) => `    <mount path="${path}" overwrite="true">
        <instanceId>${name}</instanceId>
        <targetPath>${path}</targetPath>
    </mount>`
  const shared = `    <dbConfig name="sharedregistry">
        <dataSource>${mounted}</dataSource>
    </dbConfig>
    <remoteInstance url="https://localhost:9443/registry">
        <id>shared</id>
        <dbConfig>sharedregistry</dbConfig>
        <readOnly>false</readOnly>
        <enableCache>true</enableCache>
        <registryRoot>/</registryRoot>
    </remoteInstance>
${remote('shared', '/_system/config')}
${remote('shared', '/_system/governance')}
`
  return `<?xml version="1.0" encoding="ISO-8859-1"?>
<wso2registry>
    <currentDBConfig>wso2registry</currentDBConfig>
    <readOnly>false</readOnly>
    <enableCache>true</enableCache>
    <registryRoot>/</registryRoot>
    <dbConfig name="wso2registry">
        <dataSource>jdbc/WSO2CarbonDB</dataSource>
    </dbConfig>
${mounted === undefined ? '' : shared}    <indexingConfiguration>
        <startIndexing>true</startIndexing>
        <startingDelayInSeconds>35</startingDelayInSeconds>
        <indexingFrequencyInSeconds>3</indexingFrequencyInSeconds>
        <lastAccessTimeLocation>/_system/local/repository/components/org.wso2.carbon.registry/indexing/lastaccesstime</lastAccessTimeLocation>
    </indexingConfiguration>
    <versionResourcesOnChange>false</versionResourcesOnChange>
    <staticConfiguration>
        <versioningProperties>true</versioningProperties>
        <versioningComments>true</versioningComments>
        <versioningTags>true</versioningTags>
        <versioningRatings>true</versioningRatings>
    </staticConfiguration>
</wso2registry>
`
}

/** `user-mgt.xml` whose users are in that datasource. */
export function userMgtXml(source = 'jdbc/WSO2CarbonDB'): string {
  return `<UserManager>
    <Realm>
        <Configuration>
            <AddAdmin>true</AddAdmin>
            <AdminRole>admin</AdminRole>
            <AdminUser>
                <UserName>admin</UserName>
                <Password>admin</Password>
            </AdminUser>
            <EveryOneRoleName>everyone</EveryOneRoleName>
            <Property name="isCascadeDeleteEnabled">true</Property>
            <Property name="dataSource">${source}</Property>
        </Configuration>
        <UserStoreManager class="org.wso2.carbon.user.core.jdbc.JDBCUserStoreManager">
            <Property name="TenantManager">org.wso2.carbon.user.core.tenant.JDBCTenantManager</Property>
            <Property name="ReadOnly">false</Property>
            <Property name="PasswordDigest">SHA-256</Property>
        </UserStoreManager>
        <AuthorizationManager class="org.wso2.carbon.user.core.authorization.JDBCAuthorizationManager">
            <Property name="AdminRoleManagementPermissions">/permission</Property>
            <Property name="AuthorizationCacheEnabled">true</Property>
        </AuthorizationManager>
    </Realm>
</UserManager>
`
}
