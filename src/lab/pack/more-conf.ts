import { oaep } from '../cipher.ts'
import { carbonXml, datasourcesXml, registryXml, shippedSources, userMgtXml } from './conf.ts'
import { releases, since, type Version } from './release.ts'
import type { Tree } from './tree.ts'

const itself = {
  keyManager: `\${carbon.local.ip}`,
  gateway: 'localhost',
  trafficManager: `\${carbon.local.ip}`,
}

/** What is added to the ports of those that a server reaches. */
export type PeerOffsets = Readonly<Record<keyof typeof itself, number>>

/** An `Environment` of api-manager.xml: its name, its type, and the gateway that publishers publish to. */
export interface GatewayEnvironment {
  readonly name: string
  readonly type: string
  readonly gateway: string
}

const environmentXml = (
  { name, type, gateway }: GatewayEnvironment,
  offset: number,
) => `            <Environment type="${type}" api-console="true">
                <Name>${name}</Name>
                <ServerURL>https://${gateway}:${9443 + offset}/services/</ServerURL>
                <Username>admin</Username>
                <Password>admin</Password>
                <GatewayEndpoint>http://${gateway}:${8280 + offset},https://${gateway}:${8243 + offset}</GatewayEndpoint>
            </Environment>
`

/** `api-manager.xml`; who the key manager, the gateway and the traffic manager are is its parameter. */
export function apiManagerXml(
  version: Version,
  peers: Partial<typeof itself> & {
    readonly offsets?: PeerOffsets
    readonly environments?: readonly GatewayEnvironment[]
  } = {},
  encrypts = 'false',
): string {
  const { keyManager, gateway, trafficManager } = { ...itself, ...peers }
  const { offsets = { keyManager: 0, gateway: 0, trafficManager: 0 } } = peers
  const environments = peers.environments?.length
    ? peers.environments
    : [{ name: 'Production and Sandbox', type: 'hybrid', gateway }]
  const throttling = since(version, '2.0.0')
    ? `    <ThrottlingConfigurations>
        <EnableAdvanceThrottling>true</EnableAdvanceThrottling>
        <TrafficManager>
            <Type>Binary</Type>
            <ReceiverUrlGroup>tcp://${trafficManager}:${9611 + offsets.trafficManager}</ReceiverUrlGroup>
            <AuthUrlGroup>ssl://${trafficManager}:${9711 + offsets.trafficManager}</AuthUrlGroup>
            <Username>admin</Username>
            <Password>admin</Password>
        </TrafficManager>
        <DataPublisher>
            <Enabled>true</Enabled>
        </DataPublisher>
        <PolicyDeployer>
            <Enabled>true</Enabled>
            <ServiceURL>https://${trafficManager === itself.trafficManager ? 'localhost' : trafficManager}:${9443 + offsets.trafficManager}/services/</ServiceURL>
        </PolicyDeployer>
        <JMSConnectionDetails>
            <Enabled>true</Enabled>
            <ServiceURL>tcp://${trafficManager}:${5672 + offsets.trafficManager}</ServiceURL>
        </JMSConnectionDetails>
    </ThrottlingConfigurations>
`
    : ''
  return `<APIManager>
    <DataSourceName>jdbc/WSO2AM_DB</DataSourceName>
    <GatewayType>Synapse</GatewayType>
    <EnableSecureVault>false</EnableSecureVault>
    <AuthManager>
        <ServerURL>https://${keyManager}:${9443 + offsets.keyManager}/services/</ServerURL>
        <Username>admin</Username>
        <Password>admin</Password>
    </AuthManager>
    <APIGateway>
        <Environments>
${environments.map((each) => environmentXml(each, offsets.gateway)).join('')}        </Environments>
    </APIGateway>
    <APIKeyValidator>
        <ServerURL>https://${keyManager}:${9443 + offsets.keyManager}/services/</ServerURL>
        <Username>admin</Username>
        <Password>admin</Password>
        <EncryptPersistedTokens>${encrypts}</EncryptPersistedTokens>
        <EnableThriftServer>true</EnableThriftServer>
        <ThriftServerPort>10397</ThriftServerPort>
    </APIKeyValidator>
${throttling}    <Analytics>
        <Enabled>false</Enabled>
    </Analytics>
</APIManager>
`
}

/** `axis2/axis2.xml`, its transports and its clustering switch. */
export function axis2Xml(): string {
  return `<axisconfig name="AxisJava2.0">
    <transportReceiver name="http" class="org.apache.synapse.transport.passthru.PassThroughHttpListener">
        <parameter name="port" locked="false">8280</parameter>
        <parameter name="non-blocking" locked="false">true</parameter>
    </transportReceiver>
    <transportReceiver name="https" class="org.apache.synapse.transport.passthru.PassThroughHttpSSLListener">
        <parameter name="port" locked="false">8243</parameter>
        <parameter name="non-blocking" locked="false">true</parameter>
    </transportReceiver>
    <clustering class="org.wso2.carbon.core.clustering.hazelcast.HazelcastClusteringAgent" enable="false">
        <parameter name="AvoidInitiation">true</parameter>
        <parameter name="membershipScheme">multicast</parameter>
        <parameter name="domain">wso2.carbon.domain</parameter>
        <parameter name="mcastPort">45564</parameter>
        <parameter name="localMemberHost">127.0.0.1</parameter>
        <parameter name="localMemberPort">4000</parameter>
        <groupManagement enable="false"/>
    </clustering>
</axisconfig>
`
}

/** The class that keeps tokens as they are, as every pack has it. */
export const plainProcessor = 'org.wso2.carbon.identity.oauth.tokenprocessor.PlainTextPersistenceProcessor'

/** `carbon.properties`, which packs have from 2.6.0 on. */
export const carbonProperties = (transformation: string): string =>
  `org.wso2.CipherTransformation=${transformation}\n`

/** `identity.xml`: how tokens are kept, and where the identity tables are. */
export function identityXml(processor = plainProcessor): string {
  return `<Server xmlns="http://wso2.org/projects/carbon/carbon.xml">
    <JDBCPersistenceManager>
        <DataSource>
            <Name>jdbc/WSO2AM_DB</Name>
        </DataSource>
    </JDBCPersistenceManager>
    <OAuth>
        <AccessTokenDefaultValidityPeriod>3600</AccessTokenDefaultValidityPeriod>
        <TokenPersistenceProcessor>${processor}</TokenPersistenceProcessor>
    </OAuth>
</Server>
`
}

/** `tomcat/catalina-server.xml`, its connectors. */
export function catalinaXml(): string {
  return `<Server port="8005" shutdown="SHUTDOWN">
    <Service className="org.wso2.carbon.tomcat.ext.service.ExtendedStandardService" name="Catalina">
        <Connector protocol="org.apache.coyote.http11.Http11NioProtocol" port="9763" bindOnInit="false"/>
        <Connector protocol="org.apache.coyote.http11.Http11NioProtocol" port="9443" bindOnInit="false" scheme="https" secure="true"
                   keystoreFile="\${carbon.home}/repository/resources/security/wso2carbon.jks" keystorePass="wso2carbon"/>
    </Service>
</Server>
`
}

/** Some of the packs' loggers, up to 2.6.0. */
export const log4jProperties = `log4j.rootLogger=ERROR, CARBON_CONSOLE, CARBON_LOGFILE, CARBON_MEMORY, CARBON_SYS_LOG, ERROR_LOGFILE
log4j.category.org.apache.synapse=INFO
log4j.logger.org.wso2=INFO
log4j.logger.com.atomikos=INFO,ATOMIKOS
log4j.appender.CARBON_LOGFILE=org.wso2.carbon.logging.appenders.CarbonDailyRollingFileAppender
`

const log4j2Properties = `appenders = CARBON_CONSOLE, CARBON_LOGFILE
loggers = synapse, org-wso2-carbon
logger.synapse.name = org.apache.synapse
logger.synapse.level = INFO
logger.org-wso2-carbon.name = org.wso2.carbon
logger.org-wso2-carbon.level = INFO
rootLogger.level = INFO
`

/** `repository/conf` as a pack ships it. */
export function shippedConf(version: Version): Tree {
  const { identity } = releases[version]
  const log4j = since(version, '3.0.0') ? 'log4j2.properties' : 'log4j.properties'
  return {
    'carbon.xml': carbonXml(version),
    'registry.xml': registryXml(),
    'user-mgt.xml': userMgtXml(),
    'api-manager.xml': apiManagerXml(version),
    'datasources/master-datasources.xml': datasourcesXml(version, shippedSources(version)),
    'axis2/axis2.xml': axis2Xml(),
    'axis2/tenant-axis2.xml': axis2Xml(),
    'axis2/axis2_blocking_client.xml': axis2Xml(),
    'tomcat/catalina-server.xml': catalinaXml(),
    [`${identity}identity.xml`]: identityXml(),
    ...(since(version, '2.6.0') ? { 'carbon.properties': carbonProperties(oaep) } : {}),
    [`${identity === '' ? 'security/' : identity}application-authentication.xml`]:
      '<ApplicationAuthentication/>\n',
    [log4j]: since(version, '3.0.0') ? log4j2Properties : log4jProperties,
    'etc/bam.xml': '<bamServerConfig/>\n',
    'tenant-mgt.xml': '<TenantManager/>\n',
    'claim-config.xml': '<ClaimConfig/>\n',
    'synapse.properties': 'synapse.threads.core=20\n',
    'passthru-http.properties': 'worker_pool_size_core=400\n',
    'security/authenticators.xml': '<Authenticators/>\n',
    'multitenancy/stratos.xml': '<StratosConfiguration/>\n',
    'jndi.properties':
      "connectionfactory.TopicConnectionFactory=amqp://admin:admin@clientid/carbon?brokerlist='tcp://localhost:5672'\n",
    ...(since(version, '2.0.0')
      ? {
          'axis2/axis2_TM.xml': axis2Xml(),
          'registry_TM.xml': registryXml(),
          'event-processor.xml': '<eventProcessorConfiguration/>\n',
          'metrics.xml': '<Metrics/>\n',
          'datasources/metrics-datasources.xml':
            '<datasources-configuration><datasources/></datasources-configuration>\n',
        }
      : {}),
    ...(since(version, '2.6.0') && !since(version, '3.0.0')
      ? { 'carbon.properties': 'org.wso2.CipherTransformation=RSA/ECB/OAEPwithSHA1andMGF1Padding\n' }
      : {}),
  }
}
