import { applyFile, applyText, complain, statements } from './apply.ts'
import type { Open } from './databases.ts'
import { readText } from './home.ts'
import type { Server } from './server.ts'
import type { Session } from './session.ts'

const name = 'org.wso2.carbon.is.migrate.client.MigrateFrom5to510'
const scripts = 'dbscripts/identity/migration-5.0.0SP1_to_5.1.0'

/**
 * The identity client of 5.1.0. Whoever calls it swallows its exceptions, so that a failed script leaves no line at
 * all; an error in its data step is logged, and the step after it takes the old columns away all the same.
 */
export async function identity510(server: Server, databases: Open): Promise<void> {
  const { am, um } = databases
  const asked = server.props.get('migrate') === 'true' && server.props.get('component') === 'identity'
  if (!asked || am === undefined) return
  const say = (message: string) => server.log('INFO', name, message)
  try {
    const session = await databases.session(am)
    if (await lacks(session, 'IDN_SCIM_PROVIDER')) say('Identity schema is already migrated')
    else {
      if (await lacks(session, 'IDN_AUTH_SESSION_STORE')) {
        await quietly(server, databases, 'dbscripts/identity/migration-5.0.0_to_5.0.0SP1')
      }
      await quietly(server, databases, scripts)
      say('Migrated the identity database schema')
      if (um !== undefined) await applyFile(server, databases, um, 'dbscripts/migration-5.0.0_to_5.1.0')
      say('Migrated the user management database schema')
      await server.wait(0.4)
      await moveData(server, databases, session)
      say('Migrated the user management data')
      if (!server.faulty('schema-not-migrated'))
        await run(session, readText(server.home, `${scripts}/${am.target.engine}-end.sql`) ?? '')
      say('Finalized the identity database')
      say('Migrated the registry database')
    }
    say('Migrated the identity and user management databases')
  } catch {
    // Only a line at DEBUG: "Migration client is not available".
  }
}

/** Scripts before the data step: the fault that is meant for a DB step strikes in the data step, where it is seen. */
async function quietly(server: Server, databases: Open, directory: string): Promise<void> {
  const path = `${directory}/${databases.am?.target.engine}.sql`
  const sql = readText(server.home, path)
  if (sql === undefined || databases.am === undefined) throw new Error(`${path} is not there`)
  if (server.faulty('migration-error-still-starts')) return run(await databases.session(databases.am), sql)
  await applyText(server, databases, databases.am, sql)
}

async function moveData(server: Server, databases: Open, session: Session): Promise<void> {
  try {
    const nulls = await session.query(
      'SELECT COUNT(*) FROM IDN_OAUTH2_ACCESS_TOKEN WHERE TOKEN_SCOPE IS NULL',
    )
    if (nulls[0]?.[0] !== '0') throw new Error('java.lang.NullPointerException')
    if (databases.am !== undefined) await applyFile(server, databases, databases.am, scripts, '-data')
    server.log('INFO', name, 'Migrated the identity data')
  } catch (error) {
    complain(server, name, 'Error while migrating identity data', error)
  }
}

async function run(session: Session, sql: string): Promise<void> {
  for (const statement of statements(sql)) await session.query(statement)
}

async function lacks(session: Session, table: string): Promise<boolean> {
  return session.query(`SELECT 1 FROM ${table} WHERE 1 = 0`).then(
    () => false,
    () => true,
  )
}
