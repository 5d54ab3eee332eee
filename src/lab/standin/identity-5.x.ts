import { applyText, complain } from './apply.ts'
import type { Open } from './databases.ts'
import { readText } from './home.ts'
import type { Server } from './server.ts'
import type { DataSource } from './sources.ts'
import { hasStockKeyStore, reencryptUserStores } from './synapse.ts'
import { renewTokens } from './token-clients.ts'

const name = 'org.wso2.carbon.is.migration.MigrationClientImpl'
const resources = 'migration-resources'

interface Config {
  readonly migrationEnable?: unknown
  readonly currentVersion?: unknown
  readonly migrateVersion?: unknown
  readonly continueOnError?: unknown
  readonly ignoreForInactiveTenants?: unknown
  readonly versions?: readonly {
    readonly version?: unknown
    readonly migratorConfigs?: readonly Step[]
  }[]
}

interface Step {
  readonly name?: unknown
  readonly order?: unknown
  readonly parameters?: { readonly location?: unknown; readonly schema?: unknown }
}

/** The identity client that reads `migration-config.yaml`: of 5.7.0 and 5.9.0. It ends well if nothing matched, too. */
export async function identityClient(server: Server, databases: Open): Promise<void> {
  if (server.props.get('migrate') !== 'true' || server.props.get('component') !== 'identity') return
  const text = readText(server.home, `${resources}/migration-config.yaml`)
  if (text === undefined)
    return complain(
      server,
      name,
      'Error while loading migration configs.',
      'FileNotFoundException: migration-config.yaml',
    )
  const { parse } = await import('yaml')
  const config = (parse(text) ?? {}) as Config
  if (String(config.migrationEnable) !== 'true') return
  const inRange = (config.versions ?? []).filter(({ version }) =>
    between(version, config.currentVersion, config.migrateVersion),
  )
  for (const { version, migratorConfigs } of inRange) {
    const steps = [...(migratorConfigs ?? [])].sort((a, b) => Number(a.order) - Number(b.order))
    for (const step of steps) {
      say(
        server,
        `Version : ${version}, Migration Step : ${step.name} of order : ${step.order} is starting........................... `,
      )
      await server.wait(0.05)
      try {
        await runStep(
          server,
          databases,
          String(version),
          step,
          String(config.ignoreForInactiveTenants) === 'true',
        )
      } catch (error) {
        complain(server, name, `Error occurred while running ${step.name} of ${version}`, error)
        if (String(config.continueOnError) === 'true') continue
        server.log('ERROR', name, `${prefix}Migration process was stopped.`)
        return
      }
    }
  }
  say(server, 'Execution was done through all the requested version list without having unexpected issues.')
}

async function runStep(
  server: Server,
  databases: Open,
  version: string,
  step: Step,
  ignoring: boolean,
): Promise<void> {
  const kind = String(step.name)
  const { am } = databases
  if (am !== undefined && !server.faulty('schema-not-migrated')) {
    if (kind === 'OAuthDataMigrator' && version === '5.5.0')
      await renewTokens(server, await databases.session(am))
    if (kind === 'ClaimDataMigrator' && version === '5.3.0') await moveClaims(server, databases, ignoring)
  }
  if (kind === 'ChallengeQuestionDataMigrator' || kind === 'EventPublisherMigrator') {
    throw new Error(`${kind} finds nothing of its own in an API Manager`)
  }
  if (kind === 'UserStorePasswordMigrator' && !server.faulty('schema-not-migrated')) {
    if (hasStockKeyStore(server.home))
      throw new Error('Error while decrypting the passwords of the user stores using RSA')
    reencryptUserStores(server.home, `OAEP-${version}`)
  }
  if (
    kind === 'OIDCScopeDataMigrator' &&
    version === '5.7.0' &&
    databases.am !== undefined &&
    !server.faulty('schema-not-migrated')
  ) {
    const session = await databases.session(databases.am)
    await session.query(
      "INSERT INTO IDN_OIDC_SCOPE (NAME, TENANT_ID) VALUES ('openid', -1234), ('profile', -1234)",
    )
  }
  if (kind !== 'SchemaMigrator') return
  const schema = String(step.parameters?.schema)
  const source = sourceOf(databases, schema)
  const path = `${resources}/${version}/dbscripts/${step.parameters?.location ?? 'step1'}/${schema}/${source?.target.engine ?? 'mysql'}.sql`
  const sql = readText(server.home, path)
  say(server, 'Executing Identity Migration Scripts.')
  if (sql === undefined) return say(server, `DB script: ${path} is not available for this migration`)
  if (source !== undefined) await applyText(server, databases, source, sql)
  say(server, 'Identity DB Migration script executed successfully.')
}

/** The claim dialects of the tenants, from the users' database to the identity tables. */
async function moveClaims(server: Server, databases: Open, ignoring: boolean): Promise<void> {
  const { am, um } = databases
  if (am === undefined || um === undefined) return
  const users = await databases.session(um)
  const identity = await databases.session(am)
  const there = new Set((await identity.query('SELECT TENANT_ID FROM IDN_CLAIM_DIALECT')).map(([id]) => id))
  const tenants = await users.query(
    'SELECT T.UM_ID, T.UM_DOMAIN_NAME, T.UM_ACTIVE, D.UM_DIALECT_URI FROM UM_TENANT T JOIN UM_DIALECT D ON D.UM_TENANT_ID = T.UM_ID ORDER BY T.UM_ID',
  )
  for (const [id, domain, active, uri] of tenants) {
    if (there.has(id ?? '')) continue
    if (ignoring && active !== '1') {
      say(server, `Tenant ${domain} is inactive. Skipping claim data migration.`)
      continue
    }
    await identity.query(`INSERT INTO IDN_CLAIM_DIALECT (DIALECT_URI, TENANT_ID) VALUES ('${uri}', ${id})`)
  }
}

function sourceOf(databases: Open, schema: string): DataSource | undefined {
  return schema === 'um' ? databases.um : databases.am
}

const prefix = ' WSO2 Product Migration Service Task : '

function say(server: Server, message: string): void {
  server.log('INFO', name, `${prefix}${message}`)
}

/** Whether a version is after the first and not after the last; what is no version is in no range. */
export function between(version: unknown, first: unknown, last: unknown): boolean {
  const whole = (text: unknown) => /^\d+\.\d+\.\d+$/.test(String(text))
  if (![version, first, last].every(whole)) return false
  const order = (a: unknown, b: unknown) => String(a).localeCompare(String(b), 'en', { numeric: true })
  return order(version, first) > 0 && order(version, last) <= 0
}
