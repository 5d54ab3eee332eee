import { namesIn } from './home.ts'
import { trace } from './log.ts'
import type { Server } from './server.ts'
import { openSession, type Session } from './session.ts'
import { type Databases, type DataSource, readDatabases } from './sources.ts'

/** The databases of a running server: which is which, and a session with each, held as a pool holds it. */
export interface Open extends Databases {
  session(source: DataSource): Promise<Session>
}

/** Opens a session with each database of the configuration; says why and answers nothing where one cannot be had. */
export async function openDatabases(server: Server): Promise<Open | undefined> {
  const databases = readDatabases(server.home)
  const sessions = new Map<string, Session>()
  const session = async (source: DataSource): Promise<Session> => {
    const held = sessions.get(source.name)
    if (held !== undefined && !held.closed) return held
    const opened = await openSession({ ...source.target, from: server.address })
    sessions.set(source.name, opened)
    return opened
  }
  const driver = databases.all.find((source) => !hasDriver(server, source))
  if (driver !== undefined) {
    return refuse(
      server,
      `java.lang.ClassNotFoundException: ${driver.driver}`,
      'Cannot initialize the realm.',
    )
  }
  for (const source of databases.all) {
    const { host, port, schema } = source.target
    try {
      if (server.faulty('wrong-credentials'))
        throw new Error(`Access denied for user '${source.target.user}'@'%' (using password: YES)`)
      if (server.faulty('db-unreachable')) throw new Error(`connect ECONNREFUSED ${host}:${port}`)
      await (await session(source)).query('SELECT 1')
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      const refused = why.startsWith('Access denied') || why.startsWith('Unknown database')
      const kind =
        source.target.engine === 'postgresql'
          ? 'org.postgresql.util.PSQLException'
          : refused
            ? 'java.sql.SQLException'
            : linkFailure
      return refuse(server, `${kind}: ${why} (${schema})`, 'Cannot initialize the realm.')
    }
  }
  server.log('INFO', 'org.wso2.carbon.user.core.internal.Activator', 'User Manager Core bundle is activated')
  return { ...databases, session }
}

const linkFailure = 'com.mysql.jdbc.exceptions.jdbc4.CommunicationsException: Communications link failure'

function hasDriver(server: Server, source: DataSource): boolean {
  if (server.faulty('missing-jdbc-driver')) return false
  const word = source.driver.includes('mariadb') ? 'mariadb' : source.target.engine
  return ['lib', 'dropins'].some((directory) =>
    namesIn(server.home, `repository/components/${directory}`).some(
      (name) => name.includes(word) && name.endsWith('.jar'),
    ),
  )
}

function refuse(server: Server, cause: string, message: string): undefined {
  server.log(
    'ERROR',
    'org.wso2.carbon.user.core.internal.Activator',
    'Cannot start User Manager Core bundle',
    trace(`org.wso2.carbon.user.core.UserStoreException: ${message}`, cause),
  )
  return undefined
}
