import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { querySql } from '../../src/lab/database.ts'
import { java, type TestLab, testLab, waitFor } from './support.ts'

let lab: TestLab

beforeAll(async () => {
  lab = await testLab('127.93.0')
  for (const host of Object.keys(lab.info.hosts).filter((name) => name !== 'tm-1')) {
    await lab.run(host, `${java} sh /opt/wso2/wso2am-1.9.1/bin/wso2server.sh stop`)
  }
  await waitFor('no session of a server', async () => (await sessions()) === '0')
  await carryArtifacts()
})

afterAll(() => lab.end())

test('the clients and scripts of all hops take the databases from 1.9.1 to 3.0.0', {
  timeout: 100_000,
}, async () => {
  await unpack('2.0.0', 'wso2-api-migration-client-2.0.0', 'wso2is-5.1.0-migration')
  await place('2.0.0', 'wso2-api-migration-client-2.0.0', 'migration-scripts')
  const from = '-Dcomponent=apim -DmigrateFromVersion=1.9.1'
  // An error that comes after "started": the identity tables are still old.
  const first = await client('2.0.0', `-DmigrateDB=true ${from}`, "IDP_METADATA' doesn't exist")
  expect(first).toContain('DB resource migration done for all the tenants')
  expect(first).toContain('Ending WSO2 API Manager migration')
  await client('2.0.0', `-DmigrateReg=true ${from}`, 'Swagger resource migration done for all the tenants.')
  await client('2.0.0', `-DmigrateFS=true ${from}`, 'Ending WSO2 API Manager migration')
  await client('2.0.0', `${from} -Doptions=migrateThrottling`, 'optional migration completed')
  const again = await client('2.0.0', `-DmigrateDB=true ${from}`, 'successfully activated')
  expect(again).toContain('Duplicate entry')
  const made = await lab.run('pub-1', `cat ${home('2.0.0')}/${api}; ls ${home('2.0.0')}/executionplans`)
  expect(made).toContain('security.CORSRequestHandler')
  expect(made).toContain('throttling.ThrottleHandler')
  expect(made).toContain('carbon.super_subscription_Gold.siddhiql')
  await clear('2.0.0')
  await place('2.0.0', 'wso2is-5.1.0-migration', 'dbscripts')
  await client(
    '2.0.0',
    '-Dmigrate -Dcomponent=identity',
    'Migrated the identity and user management databases',
  )
  await clear('2.0.0')
  await script('apimgtdb', 'wso2is-5.2.0-scripts', 'dbscripts/identity/migration-5.1.0_to_5.2.0/mysql.sql')
  await script('userdb', 'wso2is-5.2.0-scripts', 'dbscripts/migration-5.1.0_to_5.2.0/mysql.sql')
  expect(
    await missing(['IDP_METADATA', 'AM_POLICY_SUBSCRIPTION', 'AM_BLOCK_CONDITIONS', 'AM_API.API_TIER']),
  ).toEqual([])
  expect(
    await missing(['IDN_OAUTH2_AUTHORIZATION_CODE.PKCE_CODE_CHALLENGE', 'IDN_OAUTH2_ACCESS_TOKEN.TOKEN_ID']),
  ).toEqual([])
  expect(await missing(['IDN_SCIM_PROVIDER', 'IDN_OAUTH2_ACCESS_TOKEN.TOKEN_SCOPE'])).toHaveLength(2)

  await unpack('2.6.0', 'wso2is-5.7.0-migration', 'wso2-api-migration-client-2.6.0')
  for (const tree of ['deployment/server/synapse-configs/default', 'tenants']) {
    const migrator = 'bash /tmp/artifacts/apim200_to_apim260_gateway_artifact_migrator.sh'
    const said = await lab.run('pub-1', `${migrator} ${home('2.6.0')}/repository/${tree}`)
    expect(said).toContain('migration completed.')
  }
  await script('apimgtdb', 'apimgt-db-migration-scripts-2.0to2.6', 'mysql.sql')
  await place('2.6.0', 'wso2is-5.7.0-migration', 'migration-resources')
  await versions('2.6.0', '5.2.0', '5.7.0')
  const identity = await client('2.6.0', '-Dmigrate -Dcomponent=identity', 'without having unexpected issues')
  expect(identity).not.toContain('Migration process was stopped')
  expect(identity).not.toContain('APIMgtResponseHandler')
  const store = await lab.run('pub-1', `cat ${home('2.6.0')}/repository/deployment/server/userstores/*.xml`)
  const password = /ConnectionPassword">([^<]+)</.exec(store)?.[1] ?? ''
  expect(Buffer.from(password, 'base64').toString()).toMatch(/^OAEP-5.5.0:PARTNERS:/)
  await clear('2.6.0')
  await place('2.6.0', 'wso2-api-migration-client-2.6.0')
  await client('2.6.0', '-DmigrateAccessControl=true', 'for Publisher Access Control feature.')
  await client('2.6.0', '-DmigrateFromVersion=2.0.0', 'Successfully migrated json_fault.xml')
  await clear('2.6.0')
  expect(
    await missing(['AM_LABELS', 'AM_APPLICATION_ATTRIBUTES', 'AM_APPLICATION.TOKEN_TYPE', 'CM_RECEIPT']),
  ).toEqual([])
  expect(
    await missing(['IDN_OAUTH2_ACCESS_TOKEN.ACCESS_TOKEN_HASH', 'IDN_OAUTH2_ACCESS_TOKEN_AUDIT']),
  ).toEqual([])

  await unpack('3.0.0', 'wso2is-5.9.0-migration', 'wso2-api-migration-client-3.0.0')
  await script('regdb', 'apimgt-db-migration-scripts-2.6to3.0', 'versioning-disable-scripts/mysql.sql')
  await script('apimgtdb', 'apimgt-db-migration-scripts-2.6to3.0', 'mysql.sql', true)
  await place('3.0.0', 'wso2is-5.9.0-migration', 'migration-resources')
  await versions('3.0.0', '5.7.0', '5.9.0')
  await client('3.0.0', '-Dmigrate -Dcomponent=identity', 'without having unexpected issues')
  await clear('3.0.0')
  await place('3.0.0', 'wso2-api-migration-client-3.0.0', 'migration-resources')
  await client('3.0.0', '-DmigrateFromVersion=2.6.0', 'tenant ---- globex.com')
  await clear('3.0.0')
  await script('regdb', 'apimgt-db-migration-scripts-2.6to3.0', 'reg-index/mysql.sql')
  expect(
    await missing(['AM_API.API_TYPE', 'AM_API_PRODUCT_MAPPING', 'AM_MONETIZATION_USAGE', 'AM_SYSTEM_APPS']),
  ).toEqual([])
  expect(
    await missing(['IDN_OAUTH2_ACCESS_TOKEN.IDP_ID', 'FIDO2_DEVICE_STORE', 'IDN_AUTH_SESSION_META_DATA']),
  ).toEqual([])
  const last = await client('3.0.0', '', 'API Publisher Default Context')
  expect(last).not.toContain('ERROR')
  expect(await count('AM_API')).toBe('3')
  expect(await count("IDN_OAUTH2_ACCESS_TOKEN WHERE TOKEN_STATE = 'ACTIVE'")).toBe('3')
})

const api = 'repository/deployment/server/synapse-configs/default/api/admin--WeatherAPI_v1.0.0.xml'
const home = (version: string) => `/opt/wso2/wso2am-${version}`

async function unpack(version: string, ...others: readonly string[]): Promise<void> {
  const packs = [`wso2am-${version}`].map((name) => `unzip -q -o /tmp/artifacts/${name}.zip -d /opt/wso2`)
  const more = others.map(
    (name) => `mkdir -p /tmp/a/${name}; unzip -q -o /tmp/artifacts/${name}.zip -d /tmp/a/${name}`,
  )
  await lab.run('pub-1', [...packs, ...more].join(' && '))
  const before = { '2.0.0': '/tmp/gateway', '2.6.0': home('2.0.0'), '3.0.0': home('2.6.0') }[version]
  const trees = ['deployment/server/synapse-configs', 'deployment/server/userstores', 'tenants']
  const carry = trees.map(
    (tree) => `cp -rn ${before}/repository/${tree}/. ${home(version)}/repository/${tree}/`,
  )
  const keys = `cp ${home('1.9.1')}/repository/resources/security/*.jks ${home(version)}/repository/resources/security/`
  await lab.run('pub-1', [...carry, keys].join(' && '))
  const conf = `${home(version)}/repository/conf`
  const old = `${home('1.9.1')}/repository/conf`
  if (version === '3.0.0') await lab.run('pub-1', `cat > ${conf}/deployment.toml <<'E'\n${await toml()}\nE`)
  else {
    const files = ['datasources/master-datasources.xml', 'registry.xml', 'user-mgt.xml']
    await lab.run('pub-1', files.map((file) => `cp ${old}/${file} ${conf}/${file}`).join(' && '))
  }
  await lab.run(
    'pub-1',
    `cp /tmp/artifacts/mysql-connector-java-5.1.47-bin.jar ${home(version)}/repository/components/lib/`,
  )
}

async function toml(): Promise<string> {
  const password = await readFile(lab.info.db.passwordFile, 'utf8')
  const database = (name: string, schema: string) =>
    `[database.${name}]\ntype = "mysql"\nurl = "jdbc:mysql://${lab.info.db.host}:3306/${schema}?autoReconnect=true&amp;useSSL=false"\nusername = "wso2am"\npassword = "${password}"\n`
  const all = [database('apim_db', 'apimgtdb'), database('shared_db', 'regdb'), database('user', 'userdb')]
  return ['[server]\nhostname = "pub-1"\n', ...all, '[realm_manager]\ndata_source = "WSO2USER_DB"'].join('\n')
}

async function place(version: string, artifact: string, ...directories: readonly string[]): Promise<void> {
  const dropins = `cp /tmp/a/${artifact}/dropins/*.jar ${home(version)}/repository/components/dropins/`
  await lab.run(
    'pub-1',
    [dropins, ...directories.map((name) => `cp -r /tmp/a/${artifact}/${name} ${home(version)}/`)].join(
      ' && ',
    ),
  )
}

async function clear(version: string): Promise<void> {
  await lab.run(
    'pub-1',
    `cd ${home(version)} && rm -rf migration-scripts migration-resources repository/components/dropins/*migrat*`,
  )
}

async function versions(version: string, from: string, to: string): Promise<void> {
  const file = `${home(version)}/migration-resources/migration-config.yaml`
  const set = `s/^currentVersion:.*/currentVersion: "${from}"/; s/^migrateVersion:.*/migrateVersion: "${to}"/; s/^continueOnError:.*/continueOnError: "false"/`
  const drop = ['EventPublisherMigrator', 'ChallengeQuestionDataMigrator'].map(
    (name) => `/name: "${name}"/{N;d}`,
  )
  const lonely =
    'awk \'{ if (held != "") { if ($1 != "-" || held !~ /^      -$/) print held }; held = $0 } END { print held }\''
  await lab.run(
    'pub-1',
    `sed -i '${set}; ${drop.join('; ')}' ${file} && ${lonely} ${file} > ${file}.new && mv ${file}.new ${file}`,
  )
}

/** Starts a server with flags, waits for a line of this start and for the end of the start, stops it; the log of it. */
async function client(version: string, flags: string, line: string): Promise<string> {
  const log = join(
    lab.info.hosts['pub-1']?.root ?? '',
    `wso2/wso2am-${version}/repository/logs/wso2carbon.log`,
  )
  const before = (await readFile(log, 'utf8').catch(() => '')).length
  const since = async () => (await readFile(log, 'utf8').catch(() => '')).slice(before)
  await lab.run('pub-1', `${java} sh ${home(version)}/bin/wso2server.sh ${flags} start`)
  await waitFor(
    `${line} in\n${log}`,
    async () => (await since()).includes(line) && (await since()).includes('Carbon started in'),
  ).catch(async (error: Error) => {
    throw new Error(`${error.message}\n${await since()}`)
  })
  const text = await since()
  await lab.run('pub-1', `${java} sh ${home(version)}/bin/wso2server.sh stop`)
  await waitFor('no session of a server', async () => (await sessions()) === '0')
  return text
}

async function script(schema: string, artifact: string, path: string, withoutUma = false): Promise<void> {
  const file = `/tmp/s/${artifact}/${path}`
  const uma = withoutUma ? "sed '/^-- UMA section begins/,/^-- UMA section ends/d'" : 'cat'
  const password = await readFile(lab.info.db.passwordFile, 'utf8')
  const ready = `mkdir -p /tmp/s/${artifact} && unzip -q -o /tmp/artifacts/${artifact}.zip -d /tmp/s/${artifact}`
  const login = `MYSQL_PWD=${password} mariadb --no-defaults -h ${lab.info.db.host} -u wso2am ${schema}`
  await lab.run('pub-1', `${ready} && ${uma} ${file} | ${login}`)
}

async function carryArtifacts(): Promise<void> {
  const { $ } = await import('zx')
  const pub = join(lab.info.dir, 'hosts/pub-1/tmp')
  await $({ quiet: true })`cp -r ${join(lab.info.dir, 'artifacts')} ${join(pub, 'artifacts')}`
  await $({ quiet: true })`cp -a ${lab.info.hosts['gw-mgr-1']?.home ?? ''} ${join(pub, 'gateway')}`
  await lab.run('pub-1', 'find /tmp/gateway -name .svn -prune -exec rm -r {} +')
}

async function sessions(): Promise<string> {
  return (
    await querySql(lab.info.dir, "SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'wso2am'")
  ).trim()
}

async function count(what: string): Promise<string> {
  return (await querySql(lab.info.dir, `SELECT COUNT(*) FROM apimgtdb.${what}`)).trim()
}

async function missing(names: readonly string[]): Promise<readonly string[]> {
  const tables = await querySql(
    lab.info.dir,
    "SELECT table_name FROM information_schema.tables WHERE table_schema = 'apimgtdb'",
  )
  const columns = await querySql(
    lab.info.dir,
    "SELECT CONCAT(table_name, '.', column_name) FROM information_schema.columns WHERE table_schema = 'apimgtdb'",
  )
  const there = new Set([...tables.split('\n'), ...columns.split('\n')])
  return names.filter((name) => !there.has(name))
}
