import { shippedConf } from './more-conf.ts'
import { profileSetup } from './profile-setup.ts'
import { releases, since, type Version } from './release.ts'
import { cipherScript, serverScript } from './script.ts'
import { stockSynapse, tenantSequences } from './synapse.ts'
import { tomlConf } from './toml-conf.ts'
import { empties, type Tree, under } from './tree.ts'

/** Everything that is in a stand-in pack of a release, by path inside its home. */
export function packTree(version: Version): Tree {
  const release = releases[version]
  const plugins = [
    `org.wso2.carbon.core_${release.kernel}.jar`,
    `org.wso2.carbon.apimgt.impl_${release.apimgt}.jar`,
    `org.wso2.carbon.apimgt.gateway_${release.apimgt}.jar`,
  ]
  return {
    ...scripts(version),
    ...databaseScripts(version),
    ...under('repository/conf', shippedConf(version)),
    ...empties('repository/components/plugins', plugins),
    [`repository/components/features/org.wso2.carbon.apimgt.core_${release.apimgt}/feature.xml`]:
      '<feature/>\n',
    ...profileFolders(release.profiles),
    ...deployment(version),
    ...empties(
      'repository/database',
      ['WSO2CARBON_DB', 'WSO2AM_DB'].map((name) => `${name}.${release.h2}`),
    ),
    ...under('repository/resources', resources(version)),
    'repository/logs/': '',
    'repository/tenants/': '',
    'lib/xboot/': '',
    'lib/endorsed/': '',
    'README.txt': `Stand-in for WSO2 API Manager ${version}, made by the lab of upgrade-fleet. It is no work of WSO2.\n`,
    ...(since(version, '2.6.0') ? { 'updates/product.txt': `wso2am-${version}\n` } : {}),
    ...(since(version, '3.0.0') ? tomlConf() : {}),
  }
}

function scripts(version: Version): Tree {
  const run = (text: string) => ({ text, mode: 0o755 })
  return {
    'bin/wso2server.sh': run(serverScript(version)),
    'bin/version.txt': `WSO2 API Manager v${version}\n`,
    'bin/wso2carbon-version.txt': `WSO2 Carbon Framework v${releases[version].kernel}\n`,
    'bin/README.txt': 'Stand-in.\n',
    'bin/ciphertool.sh': run(cipherScript(version)),
    ...(since(version, '2.6.0') ? { 'bin/profileSetup.sh': run(profileSetup(version)) } : {}),
  }
}

function databaseScripts(version: Version): Tree {
  const engines = ['mysql', 'postgresql', 'oracle', 'mssql', 'db2', 'h2']
  const names = since(version, '2.0.0') && !since(version, '3.0.0') ? [...engines, 'mysql5.7'] : engines
  const text = (part: string) => `-- stand-in: the ${part} script of ${version} is not here\n`
  return {
    ...Object.fromEntries(names.map((name) => [`dbscripts/${name}.sql`, text('registry and user store')])),
    ...Object.fromEntries(names.map((name) => [`dbscripts/apimgt/${name}.sql`, text('API Manager')])),
    'dbscripts/identity/application-mgt/mysql.sql': text('identity'),
    ...(since(version, '2.0.0')
      ? { 'dbscripts/mb-store/mysql-mb.sql': text('broker'), 'dbscripts/metrics/mysql.sql': text('metrics') }
      : {}),
  }
}

function profileFolders(profiles: readonly string[]): Tree {
  const bundles = 'configuration/org.eclipse.equinox.simpleconfigurator/bundles.info'
  return {
    ...Object.fromEntries(
      profiles.map((name) => [`repository/components/${name}/${bundles}`, '#version=1\n']),
    ),
    ...Object.fromEntries(
      ['lib', 'dropins', 'extensions', 'patches', 'servicepacks'].map((name) => [
        `repository/components/${name}/`,
        '',
      ]),
    ),
  }
}

function deployment(version: Version): Tree {
  const release = releases[version]
  const later = ['executionplans', 'eventstreams', 'eventreceivers', 'eventpublishers', 'throttle-config']
  const folders = [
    'userstores',
    'carbonapps',
    'axis2services',
    'axis2modules',
    ...(since(version, '2.0.0') ? later : later.slice(0, 4)),
  ]
  return under('repository/deployment/server', {
    ...under('synapse-configs/default', stockSynapse(version)),
    ...empties('webapps', release.wars),
    'webapps/STRATOS_ROOT/index.html': '<html/>\n',
    ...Object.fromEntries(
      release.jaggery.map((name) => [`jaggeryapps/${name}/${siteFile(version, name)}`, '{}\n']),
    ),
    ...Object.fromEntries(folders.map((name) => [`${name}/`, ''])),
  })
}

function siteFile(version: Version, app: string): string {
  if (!since(version, '3.0.0') || app === 'admin') return 'site/conf/site.json'
  return app === 'devportal' ? 'site/public/theme/settings.js' : 'site/public/theme/defaultTheme.js'
}

function resources(version: Version): Tree {
  return {
    'security/wso2carbon.jks': `stock key store of ${version}\n`,
    'security/client-truststore.jks': `stock trust store of ${version}\n`,
    'rxts/api.rxt': `<artifactType shortName="api" version="${version}"/>\n`,
    'api_templates/velocity_template.xml': `<!-- ${version} -->\n`,
    'customsequences/': '',
    ...under('apim-synapse-config', tenantSequences(version)),
  }
}
