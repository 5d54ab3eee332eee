import { encrypt, encryptingProcessor, oaep } from '../cipher.ts'
import { isPublished, sampleApis, sampleTenants } from '../data/samples.ts'
import { isGateway, type LabHost, profileAt } from '../fleet.ts'
import {
  carbonXml,
  datasourcesXml,
  registryXml,
  type Source,
  type Sync,
  shippedSources,
  userMgtXml,
} from './conf.ts'
import {
  apiManagerXml,
  carbonProperties,
  type GatewayEnvironment,
  identityXml,
  log4jProperties,
  type PeerOffsets,
} from './more-conf.ts'
import { type OldVersion, releases, since } from './release.ts'
import { publishedApi, stockSynapse, tenantSequences } from './synapse.ts'
import { type Tree, under } from './tree.ts'

/** What the operator of the old fleet has set up and every node knows. */
export interface Site {
  /** Its databases; as shipped they are H2 files of each node. */
  readonly sources: readonly Source[] | 'as shipped'
  /** What its database servers are, by the vendor's name. */
  readonly engine: 'mysql' | 'postgresql'
  readonly keyManager: string
  readonly gateway: string
  readonly trafficManager: string
  /** The gateway environments, where there are several, each with the gateway that publishers publish to. */
  readonly environments: readonly GatewayEnvironment[]
  /** What is added to the ports of these. */
  readonly offsets: PeerOffsets
  /** How gateways get their artefacts, where there is more than one. */
  readonly svn: Omit<Sync, 'commits'> | undefined
  /** The thumbprint of its key store, where tokens and keys are encrypted with it and passwords are in the secure vault. */
  readonly guarded: string | undefined
}

/** What an operator changed in the pack of an old node: laid over the pack's tree. */
export function oldNode(version: OldVersion, host: LabHost, site: Site): Tree {
  const gateway = isGateway(host)
  const sync =
    gateway && site.svn ? { ...site.svn, commits: host.groups.includes('gateway_managers') } : undefined
  const shipped = shippedSources(version)
  const driver = drivers[site.engine]
  const shared = site.sources === 'as shipped' ? undefined : site.sources
  const local = shipped.filter(({ name }) => name === 'WSO2_CARBON_DB')
  return {
    ...under('repository/conf', {
      'carbon.xml': carbonXml(version, host.name, sync, host.flagged ? 0 : host.offset),
      'datasources/master-datasources.xml': datasourcesXml(version, shared ? [...local, ...shared] : shipped),
      'registry.xml': registryXml(shared && 'jdbc/WSO2REG_DB'),
      'user-mgt.xml': userMgtXml(shared && 'jdbc/WSO2UM_DB'),
      'api-manager.xml': apiManagerXml(version, site, String(site.guarded !== undefined)),
      'log4j.properties': `${log4jProperties}log4j.logger.com.example.lab=DEBUG\n`,
      ...(site.guarded === undefined ? {} : guardedConf(version, site, site.guarded)),
    }),
    [`repository/components/lib/${driver.jar}.jar`]: driver.text,
    [`repository/components/dropins/${driver.jar.replaceAll('-', '_')}_1.0.0.jar`]: driver.text,
    ...(sync ? synchronizerJars(version) : {}),
    'repository/components/dropins/com.example.lab.CustomHandler_1.0.0.jar': 'made by the operator\n',
    ...under('repository/deployment/server', {
      ...superTenant(version, gateway ? host : undefined),
      ...stores,
    }),
    ...tenantTrees(version, gateway),
    ...(profileAt(host, version) === 'traffic-manager' ? plans : {}),
    ...(site.guarded === undefined ? {} : { 'password-persist': { text: 'wso2carbon\n', mode: 0o600 } }),
    'repository/logs/audit.log': '',
    'solr/indexed-data/registry-indexing/segments_1': 'index\n',
  }
}

/** Tokens kept encrypted, and passwords of the datasources in the vault; 2.5.0 is told the transformation by its operator, later packs have it. */
function guardedConf(version: OldVersion, { sources }: Site, print: string): Tree {
  const as = since(version, '2.5.0') ? oaep : 'RSA'
  const shared = sources === 'as shipped' ? [] : sources
  const local = shippedSources(version).filter(({ name }) => name === 'WSO2_CARBON_DB')
  const inVault = shared.map((source) => ({ ...source, alias: `Datasources.${source.name}.password` }))
  return {
    [`${releases[version].identity}identity.xml`]: identityXml(encryptingProcessor),
    ...(as === oaep ? { 'carbon.properties': carbonProperties(oaep) } : {}),
    'datasources/master-datasources.xml': datasourcesXml(version, [...local, ...inVault]),
    'security/cipher-text.properties': inVault
      .map(({ alias, password }) => `${alias}=${encrypt(print, as, password)}\n`)
      .join(''),
  }
}

/** The trees that the gateway manager keeps in Subversion, by their place in the repository. */
export function repositoryTree(version: OldVersion): Tree {
  const tenants = sampleTenants.flatMap(({ id }) =>
    Object.entries(tenantTree(version, id)).map(([path, leaf]) => [`${id}/${path}`, leaf] as const),
  )
  const server = {
    ...under('synapse-configs/default', { ...stockSynapse(version), ...apisOf(version, -1234) }),
    ...stores,
  }
  return { ...under('-1234', server), ...Object.fromEntries(tenants) }
}

/** The drivers: the same bytes in the artefact and in the old homes, as an operator's would be. */
export const drivers = {
  mysql: { jar: 'mysql-connector-java-5.1.47-bin', text: 'stand-in for MySQL Connector/J 5.1.47\n' },
  postgresql: { jar: 'postgresql-9.4.1212', text: 'stand-in for the JDBC driver of PostgreSQL 9.4.1212\n' },
} as const

const stores: Tree = {
  'userstores/partners_lab.xml': userStore('PARTNERS'),
}

/** What the throttling policies of the tenants are on a traffic manager. */
const plans: Tree = Object.fromEntries(
  [{ id: -1234, domain: 'carbon.super' }, ...sampleTenants].flatMap(({ id, domain }) =>
    ['Gold', 'Silver', 'Bronze', 'Unlimited'].map((tier) => {
      const place = id === -1234 ? 'repository/deployment/server' : `repository/tenants/${id}`
      const plan = `${domain}_subscription_${tier}`
      return [`${place}/executionplans/${plan}.siddhiql`, `@Plan:name('${plan}')\n`] as const
    }),
  ),
)

// Carbon 4.2 has another Subversion client than Carbon 4.4: 1.10.0 and later.
function synchronizerJars(version: OldVersion): Tree {
  const of = (svn: string, build: string): Tree => ({
    [`repository/components/dropins/${svn}.jar`]: 'stand-in\n',
    [`repository/components/lib/trilead-ssh2-1.0.0-${build}.jar`]: 'stand-in\n',
    [`repository/components/dropins/trilead_ssh2_1.0.0_${build}_1.0.0.jar`]: 'stand-in\n',
  })
  return since(version, '1.10.0')
    ? of('svnkit-all-1.8.7.wso2v1', 'build215')
    : of('svnkit-1.3.9.wso2v2', 'build211')
}

function superTenant(version: OldVersion, gateway: LabHost | undefined): Tree {
  if (gateway === undefined) return {}
  const level = gateway.environment === 'Sandbox' ? 'simple' : 'full'
  const custom = `<sequence xmlns="http://ws.apache.org/ns/synapse" name="lab_custom"><log level="${level}"/></sequence>\n`
  return under('synapse-configs/default', {
    ...apisOf(version, -1234, gateway.environment),
    'sequences/lab_custom.xml': custom,
  })
}

function apisOf(version: OldVersion, tenant: number, environment?: string): Tree {
  return Object.fromEntries(
    sampleApis
      .filter((api) => api.tenant === tenant && isPublished(api, environment))
      .map((api) => [`api/${api.provider}--${api.name}_v${api.version}.xml`, publishedApi(api, version)]),
  )
}

function tenantTrees(version: OldVersion, gateway: boolean): Tree {
  const entries = sampleTenants.flatMap(({ id }) => {
    const tree = gateway
      ? tenantTree(version, id)
      : id === 1
        ? { 'userstores/acme_ldap.xml': userStore('ACME') }
        : { 'userstores/': '' }
    return Object.entries(tree).map(([path, leaf]) => [`repository/tenants/${id}/${path}`, leaf] as const)
  })
  return Object.fromEntries(entries)
}

function tenantTree(version: OldVersion, id: number): Tree {
  return {
    ...under('synapse-configs/default', {
      ...under('sequences', tenantSequences(version)),
      ...apisOf(version, id),
    }),
    'synapse-configs/default/synapse.xml': '<definitions xmlns="http://ws.apache.org/ns/synapse"/>\n',
    ...(id === 1 ? { 'userstores/acme_ldap.xml': userStore('ACME') } : {}),
  }
}

function userStore(domain: string): string {
  const password = Buffer.from(`RSA:${domain}:lab-password`).toString('base64')
  return `<?xml version="1.0" encoding="UTF-8"?>
<UserStoreManager class="org.wso2.carbon.user.core.ldap.ReadOnlyLDAPUserStoreManager">
    <Property name="DomainName">${domain}</Property>
    <Property name="ConnectionURL">ldap://ldap.lab:10389</Property>
    <Property name="ConnectionName">uid=admin,ou=system</Property>
    <Property encrypted="true" name="ConnectionPassword">${password}</Property>
    <Property name="Disabled">false</Property>
</UserStoreManager>
`
}
