import { inPostgreSql } from '../data/postgresql.ts'
import type { Open } from './databases.ts'
import { readText } from './home.ts'
import { trace } from './log.ts'
import type { Server } from './server.ts'
import type { DataSource } from './sources.ts'

/** A client that could not go on: what its stack trace begins with. */
export class ClientError extends Error {
  override readonly name = 'ClientError'
  /** The Java exception, for the trace. */
  readonly exception: string
  constructor(exception: string, message: string) {
    super(message)
    this.exception = exception
  }
}

/** Statements of a script, in order; comment lines and what is empty left out. */
export function statements(sql: string): readonly string[] {
  return sql
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('--'))
    .join('\n')
    .split(/;[ \t]*(?:\n|$)/)
    .map((statement) => statement.trim())
    .filter(Boolean)
}

/** Runs statements of the stand-in's own, which are written for MySQL, as {@link applyText} does. */
export function apply(server: Server, databases: Open, source: DataSource, sql: string): Promise<void> {
  return applyText(server, databases, source, source.target.engine === 'mysql' ? sql : inPostgreSql(sql))
}

/**
 * Runs statements on a database, as far as the lab's faults let it come: all, half and then an error, half and then
 * the end of the process, all and then all again, or none at all without a word.
 */
export async function applyText(
  server: Server,
  databases: Open,
  source: DataSource,
  sql: string,
): Promise<void> {
  if (server.faulty('schema-not-migrated')) return
  const all = statements(sql)
  const half = all.slice(0, Math.ceil(all.length / 2))
  const stops = server.faulty('migration-stops-half-way')
  const fails = server.faulty('migration-error-still-starts')
  const again = server.faulty('migration-run-twice') ? all : []
  const session = await databases.session(source)
  try {
    for (const statement of stops || fails ? half : [...all, ...again]) await session.query(statement)
  } catch (error) {
    throw new ClientError(javaName(source, error), error instanceof Error ? error.message : String(error))
  }
  if (stops) {
    server.machine.kill()
    await new Promise(() => undefined)
  }
  if (fails)
    throw new ClientError(
      source.target.engine === 'mysql' ? rollback : 'org.postgresql.util.PSQLException',
      'Lock wait timeout exceeded; try restarting transaction',
    )
}

/** Runs a script of the home, whose path is given without the engine's name; a missing one is an error of the client. */
export async function applyFile(
  server: Server,
  databases: Open,
  source: DataSource,
  directory: string,
  suffix = '',
): Promise<void> {
  const path = `${directory}/${source.target.engine}${suffix}.sql`
  const sql = readText(server.home, path)
  if (sql === undefined)
    throw new ClientError(
      'java.io.FileNotFoundException',
      `${server.home}/${path} (No such file or directory)`,
    )
  await applyText(server, databases, source, sql)
}

/** Logs what a client could not do, with a trace. */
export function complain(server: Server, name: string, message: string, error: unknown): void {
  const cause =
    error instanceof ClientError
      ? `${error.exception}: ${error.message}`
      : `java.lang.Exception: ${String(error)}`
  server.log('ERROR', name, message, trace('org.wso2.carbon.apimgt.migration.APIMigrationException: ', cause))
}

/** The domains of all tenants, the super tenant first. */
export async function tenants(databases: Open): Promise<readonly string[]> {
  if (databases.um === undefined) return ['carbon.super']
  const rows = await (await databases.session(databases.um)).query(
    'SELECT UM_DOMAIN_NAME FROM UM_TENANT ORDER BY UM_ID',
  )
  return ['carbon.super', ...rows.map(([domain]) => domain ?? '')]
}

const rollback = 'com.mysql.jdbc.exceptions.jdbc4.MySQLTransactionRollbackException'

function javaName({ target }: DataSource, error: unknown): string {
  if (target.engine === 'postgresql') return 'org.postgresql.util.PSQLException'
  const duplicate = error instanceof Error && error.message.startsWith('Duplicate entry')
  const name = duplicate ? 'MySQLIntegrityConstraintViolationException' : 'MySQLSyntaxErrorException'
  return `com.mysql.jdbc.exceptions.jdbc4.${name}`
}
