import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { apply, applyFile, ClientError, complain, tenants } from './apply.ts'
import type { Open } from './databases.ts'
import { readText } from './home.ts'
import type { Server } from './server.ts'
import type { DataSource } from './sources.ts'
import { addCorsHandler, moveVersions, replaceThrottleHandler } from './synapse.ts'
import { decryptKeys } from './token-clients.ts'

const package_ = 'org.wso2.carbon.apimgt.migration.client'
const component = `${package_}.internal.APIMMigrationServiceComponent`

const chains: Readonly<Record<string, readonly string[]>> = {
  '1.8.0': ['18-19', '19-110', '110-200'],
  '1.9.0': ['19-110', '110-200'],
  '1.9.1': ['19-110', '110-200'],
  '1.10.0': ['110-200'],
}

/** The client of 2.0.0: databases, registry, files and throttling, each when its flag is there and `component` is `apim`. */
export async function apimClient200(server: Server, databases: Open): Promise<void> {
  const say = (message: string) => server.log('INFO', component, message)
  const on = (flag: string) => ['migrate', flag].some((name) => server.props.get(name) === 'true')
  const options = (server.props.get('options') ?? '').split(',')
  const asked = ['migrateDB', 'migrateReg', 'migrateFS'].some(on) || server.props.has('options')
  if (server.props.get('component') === 'apim' && (asked || server.props.has('migrateFromVersion'))) {
    const from = server.props.get('migrateFromVersion') ?? server.props.get('runSpecificVersion')
    const chain = chains[from ?? '']
    if (from === undefined) {
      server.log(
        'ERROR',
        component,
        'The property -DmigrateFromVersion or -DrunSpecificVersion has not been specified',
      )
    } else if (chain === undefined) {
      server.log(
        'ERROR',
        component,
        `Migrating from ${from} is not supported. Please check the version and try again.`,
      )
    } else {
      try {
        say('Starting WSO2 API Manager migration')
        if (on('migrateDB')) await migrateDatabases(server, databases, chain)
        if (on('migrateReg')) await migrateRegistry(server, databases)
        if (on('migrateFS')) await migrateFiles(server, chain)
        if (options.includes('migrateThrottling')) await migrateThrottling(server, databases)
        say('Ending WSO2 API Manager migration')
      } catch (error) {
        const sql = error instanceof ClientError && error.exception.includes('jdbc')
        const message = sql
          ? 'SQL exception occurred while migrating'
          : 'API Management  exception occurred while migrating'
        complain(server, component, message, error)
      }
    }
  }
  say('WSO2 API Manager migration component successfully activated.')
}

async function migrateDatabases(server: Server, databases: Open, chain: readonly string[]): Promise<void> {
  const name = `${package_}.MigrationClientBase`
  server.log('INFO', name, 'Migrating WSO2 API Manager databases')
  await server.wait(0.4)
  const { am } = databases
  if (am === undefined) return server.log('INFO', name, 'DB resource migration done for all the tenants')
  try {
    for (const step of chain) {
      await applyFile(server, databases, am, `migration-scripts/${step}-migration`)
      if (step === '19-110' && !server.faulty('schema-not-migrated'))
        await decryptKeys(server, await databases.session(am), `${package_}.MigrateFrom19to110`)
      // The zip has no such query for PostgreSQL, and the client says so and goes on.
      if (step === '18-19' && am.target.engine === 'postgresql')
        server.log('ERROR', name, 'Error occurred while finding the foreign key deletion query for execution')
    }
  } catch (error) {
    complain(server, name, 'Error occurred while migrating databases', error)
    server.log('INFO', name, 'DB resource migration done for all the tenants')
    throw error
  }
  server.log('INFO', name, 'DB resource migration done for all the tenants')
}

async function migrateRegistry(server: Server, databases: Open): Promise<void> {
  const name = `${package_}.MigrateFrom110to200`
  server.log('INFO', name, 'Migrating WSO2 API Manager registry resources')
  if (readText(server.home, 'migration-scripts/110-200-migration/rxts/api.rxt') === undefined) {
    throw new ClientError(
      'java.io.FileNotFoundException',
      `${server.home}/migration-scripts/110-200-migration/rxts/api.rxt`,
    )
  }
  await server.wait(0.3)
  if (databases.reg !== undefined) await apply(server, databases, databases.reg, registrySql)
  server.log('INFO', name, 'Rxt resource migration done for all the tenants')
  server.log('INFO', name, 'Swagger resource migration done for all the tenants.')
  server.log('INFO', name, 'Tiers configuration migration for API Manager completed.')
}

async function migrateFiles(server: Server, chain: readonly string[]): Promise<void> {
  const name = `${package_}.MigrateFrom19to110`
  server.log('INFO', name, 'Migrating WSO2 API Manager file system resources')
  await server.wait(0.2)
  if (chain.includes('18-19')) moveVersions(server.home)
  addCorsHandler(server.home)
  server.log('INFO', name, 'File system resource migration done for all the tenants')
}

async function migrateThrottling(server: Server, databases: Open): Promise<void> {
  const name = `${package_}.MigrateFrom110to200`
  // That a run for another gateway's tree leaves the policies of the first is our assumption: no page says it.
  if (databases.am !== undefined && !(await hasPolicies(databases, databases.am)))
    await apply(server, databases, databases.am, throttlingSql)
  replaceThrottleHandler(server.home)
  for (const domain of await tenants(databases)) {
    const directory = join(server.home, 'executionplans', domain === 'carbon.super' ? '' : domain)
    mkdirSync(directory, { recursive: true })
    for (const tier of ['Gold', 'Silver', 'Bronze', 'Unlimited']) {
      const plan = `subscription_${tier}`
      const prefix = domain === 'carbon.super' ? 'carbon.super' : domain
      writeFileSync(join(directory, `${prefix}_${plan}.siddhiql`), `@Plan:name('${prefix}_${plan}')\n`)
    }
  }
  server.log('INFO', name, 'Throttling migration is finished.')
  server.log('INFO', name, 'optional migration completed')
}

async function hasPolicies(databases: Open, am: DataSource): Promise<boolean> {
  const session = await databases.session(am)
  const rows = await session.query('SELECT NAME FROM AM_POLICY_APPLICATION').catch(() => [])
  return rows.length > 0
}

const registrySql = `INSERT INTO LAB_APPLIED (STEP) VALUES ('apim-registry-2.0.0');
UPDATE REG_CONTENT SET REG_CONTENT_DATA = '<artifactType shortName="api" version="2.0.0"/>' WHERE REG_CONTENT_DATA LIKE '<artifactType%';
INSERT INTO REG_RESOURCE (REG_PATH_ID, REG_NAME, REG_MEDIA_TYPE, REG_CREATOR, REG_TENANT_ID, REG_UUID)
  SELECT REG_PATH_ID, 'swagger.json', 'application/json', 'admin', REG_TENANT_ID, UUID() FROM REG_RESOURCE WHERE REG_NAME = 'api';
`

const throttlingSql = `INSERT INTO LAB_APPLIED (STEP) VALUES ('apim-throttling-2.0.0');
INSERT INTO AM_POLICY_SUBSCRIPTION (NAME, TENANT_ID, QUOTA_TYPE, QUOTA, UNIT_TIME, TIME_UNIT, UUID)
  SELECT DISTINCT TIER_ID, -1234, 'requestCount', 5000, 1, 'min', UUID() FROM AM_SUBSCRIPTION;
INSERT INTO AM_POLICY_APPLICATION (NAME, TENANT_ID, QUOTA_TYPE, QUOTA, UNIT_TIME, TIME_UNIT, UUID) VALUES ('50PerMin', -1234, 'requestCount', 50, 1, 'min', UUID());
`
