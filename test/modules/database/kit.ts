import type { ChildProcess } from 'node:child_process'
import type { Database } from '../../../src/modules/database/types.ts'

/** The password of every user that these tests make: all that a shell, an option file and a service file could trip over. */
export const password = `p'"\\x#; &=<é $(x)%`

/** The same as SQL writes it where backslashes are no escapes, and where they are. */
export const standardPassword = password.replaceAll("'", "''")
export const escapedPassword = standardPassword.replaceAll('\\', '\\\\')

/** A server of an engine, and how the tests of all engines say in its SQL what they mean. */
export interface Kit {
  readonly engine: 'mysql' | 'postgresql'
  readonly db: Database
  /** Makes the schema of {@link Kit.db} anew, with every kind of object in it; and no other schema of the test. */
  fresh(): void
  /** Drops some of it, changes rows, adds objects of every kind. */
  spoil(): void
  /** All that is in the schema, told by the server itself: objects by kind, rows by table. */
  content(): string
  /** Runs SQL in the schema, or another, as the administrator. */
  root(sql: string, schema?: string): string
  /** A client as the administrator in the schema, or another, which does what is written to it. */
  session(schema?: string): ChildProcess
  /** Makes another schema of that name, and says the database that it is. */
  another(schema: string): Database
  /** A user with all rights on the schema but that to drop what is there; and a text of what must be said to lack. */
  weak(): { readonly db: Database; readonly lacks: RegExp }
  /** A user who may not read everything. */
  blind(): { readonly db: Database; readonly lacks: RegExp }
  /** A table of about so many bytes that a dump takes a while for. */
  big(bytes: number): void
  /** The programs that dump and load, as their command lines begin. */
  readonly dumper: RegExp
  readonly loader: RegExp
  readonly position: RegExp
  readonly charset: string
  stop(): Promise<void>
}
