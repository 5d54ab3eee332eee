import { MySqlSession } from './mysql.ts'
import { PostgreSqlSession } from './postgresql.ts'

/** The kind of a database server, by the name that the vendor's scripts have for it. */
export type Engine = 'mysql' | 'postgresql'

/** Where a database is and who asks. `from` is the local address to come from, so that sessions can be told apart. */
export interface Target {
  readonly engine: Engine
  readonly host: string
  readonly port: number
  readonly schema: string
  readonly user: string
  readonly password: string
  readonly from: string
}

/** Rows of a query, each column as text. */
export type Rows = readonly (readonly (string | null)[])[]

/** One session with a database server: one query at a time. */
export interface Session {
  /** Whether the session was lost. */
  readonly closed: boolean
  /** Runs one statement; the rows of its last result. Throws what the server says. */
  query(sql: string): Promise<Rows>
  /** Says good-bye. */
  close(): void
}

/** Connects and logs in; throws what the server, or the system, says. */
export function openSession(target: Target): Promise<Session> {
  return target.engine === 'postgresql' ? PostgreSqlSession.open(target) : MySqlSession.open(target)
}
