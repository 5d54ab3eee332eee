import type { Command } from '../../model/command.ts'
import type { Secret } from '../../model/secret.ts'
import type { Reading } from '../backup/artefact.ts'

/** The engines that there are files for; the inventory's word for each. */
export type EngineName = 'mysql' | 'postgresql' | 'oracle' | 'mssql' | 'db2'

/**
 * An operator's own way to back a database up, each command a list of words that no shell reads. The password is the one
 * line of their input; `UPGRADE_FLEET_DATABASE`, `_HOST`, `_PORT`, `_USER` and `_BACKUP` (a path of this backup's own) are
 * in their environment. `verify` exits 0 only if the backup is whole, and changes nothing.
 */
export type BackupCommands = {
  readonly command: readonly string[]
  readonly verify: readonly string[]
  readonly restore: readonly string[]
}

/** A database as inventories describe it: one schema of one server, and what the fleet keeps in it. */
export type Database = {
  readonly name: string
  readonly holds: readonly string[]
  readonly engine: EngineName
  readonly host: string
  readonly port: number
  /** What the engine's JDBC address names: a schema of MySQL, a database of PostgreSQL, SQL Server or DB2, a service of Oracle. */
  readonly schema: string
  readonly user: string
  readonly password: Secret
  /** Used in place of a dump of ours. */
  readonly backup?: BackupCommands | undefined
}

/** A schema of a dump, with what it is made anew with; PostgreSQL's are only emptied, so these are to be read. */
export type DumpedSchema = {
  readonly name: string
  readonly charset: string
  readonly collation: string
}

/** What a restore of the dump needs beyond the user's own rights. */
export type DumpNeeds = {
  /** Accounts or roles that own something in it: MySQL's definers, PostgreSQL's owners. */
  readonly owners: readonly string[]
  readonly extensions: readonly string[]
  /** PostgreSQL: roles that own something in `public`, which takes the right to create there. */
  readonly creators: readonly string[]
  /** Whether something in it may be made by a superuser alone: PostgreSQL's event triggers, and what MySQL's binary log makes it ask for. */
  readonly superuser: boolean
}

/** A dump that was read back in full: where it lies, and what proves it. */
export type FileDump = {
  readonly kind: 'file'
  readonly engine: EngineName
  /** The version of the server. */
  readonly server: string
  /** The gzipped dump. */
  readonly file: string
  readonly sha256: string
  /** SHA-256 of the dump before it was compressed, as it is. */
  readonly content: string
  /** The statements in it that make a table, and how it ends. */
  readonly entries: number
  readonly end: string
  /** SHA-256 of the dump's content before it was compressed, without what only tells of the moment: equal content gives an equal one. */
  readonly digest: string
  readonly bytes: number
  /** Bytes before it was compressed. */
  readonly plain: number
  readonly seconds: number
  /** The binlog position or the LSN of the snapshot; `none` and why. */
  readonly position: string
  /** Made in one snapshot, all of them. */
  readonly schemas: readonly DumpedSchema[]
  /** Tables that no snapshot covers (MyISAM): exact only while nobody writes. */
  readonly outside: readonly string[]
  /** Rows of each table, counted just before; exact while nobody writes. */
  readonly rows: Readonly<Record<string, number>>
  readonly needs: DumpNeeds
}

/** A backup that the engine's server or the operator's command made, and that their own command verified. */
export type CommandDump = {
  readonly kind: 'commands'
  readonly engine: EngineName
  /** The path that was given to the commands. */
  readonly file: string
}

export type Dump = FileDump | CommandDump

/** A row of an answer, column by column as text; null is NULL. */
export type Row = Readonly<Record<string, string | null>>

/** Where a script failed, as its client tells it. */
export type FailedAt = { readonly line: number | undefined; readonly text: string }

type Common = {
  readonly name: EngineName
  /** What people call it. */
  readonly product: string
  readonly port: number
  /** Programs that a machine needs, alternatives between bars. */
  readonly programs: readonly string[]
  /** Shell that runs a file of SQL in the client, stopping at the first error. `$password` is set there. */
  script(db: Database, file: string, options: { readonly transaction: boolean }): Command
  /** Where the first error is, out of what the client said. */
  failed(lines: readonly string[]): FailedAt | undefined
}

/** An engine whose server writes the backup, where the server sees it. Built after the vendor's manuals, not rehearsed here. */
export type CommandEngine = Common & {
  readonly kind: 'commands'
  /** `stem` is a path of the backup's own. In each, `$password` is set. */
  backup(db: Database, stem: string): Readonly<Record<'command' | 'verify' | 'restore', Command>>
}

/** An engine that we dump ourselves, and that is rehearsed in the tests. */
export type FullEngine = Common & {
  readonly kind: 'full'
  identifier(name: string): string
  literal(value: string): string
  /** Shell that runs the SQL of descriptor 4 in a transaction that may not write, and prints the rows for `rows`. */
  query(db: Database, schema?: string): Command
  /** The SQL as `query` wants it. */
  asked(sql: string): string
  rows(stdout: string): readonly Row[]
  /** Shell that writes one snapshot of all the schemas to `into`, and sets `$position`. */
  dump(db: Database, schemas: readonly string[], into: string, positioned: boolean): Command
  /** How a dump is read back: the tables that it makes, and how it ends. */
  readonly reading: Reading
  /** Shell filter that leaves out what differs between two dumps of the same content. */
  readonly canonical: Command
  /** Shell that drops what is there and loads the dump. It may be run again after it was cut off anywhere. */
  load(db: Database, dump: FileDump, schemas: readonly DumpedSchema[], plain: string): Command
  /** A schema of its own in which a dump is tried. */
  readonly scratch: Scratch
  readonly catalogue: Catalogue
  /** Why the position of the log cannot be told; undefined when it can. */
  unpositioned(ask: Ask): Promise<string | undefined>
  /** What the user lacks, each with what a database administrator types. Asked before anything is dropped. */
  missing(ask: Ask, db: Database, what: Need): Promise<readonly string[]>
}

/** How an engine makes room for a rehearsal, and clears it. */
export type Scratch = {
  /** Shell that makes what `load` needs of a schema of that name. */
  make(db: Database, name: string, dump: FileDump): Command
  /** Shell after which there is none. */
  drop(db: Database, name: string): Command
  /** What the user lacks to make and drop one, beyond what a restore needs. */
  missing(ask: Ask): Promise<readonly string[]>
  /** Why nothing of this dump, whose SQL comes by stdin to the shell, may be loaded beside what is live; undefined when it may. */
  readonly runsByItself: { readonly asked: string; readonly count: Command } | undefined
}

export type Engine = CommandEngine | FullEngine

/** Asks the server something that only reads. */
export type Ask = (sql: string, schema?: string) => Promise<readonly Row[]>

/** What privileges are wanted for. */
export type Need =
  | { readonly to: 'dump'; readonly schemas: readonly string[] }
  | { readonly to: 'restore'; readonly schemas: readonly string[]; readonly needs: DumpNeeds }
  | { readonly to: 'migrate'; readonly schemas: readonly string[]; readonly extensions: readonly string[] }
  | { readonly to: 'fence'; readonly schemas: readonly string[] }

/** The engine's questions about schemas. Columns of the answers have the names given here, in lower case. */
export type Catalogue = {
  /** name, charset, collation. */
  schemas(names: readonly string[]): string
  /** version. */
  readonly version: string
  /** schema, tab (as a person writes it), ref (quoted, for SQL), bytes, outside. Base tables of the schema asked in. */
  tables(schema: string): string
  /** tab, col, type, nullable. */
  columns(schema: string): string
  /** who, address, doing, seconds: connected to the schemas, without us and the server itself. */
  sessions(schemas: readonly string[]): string
  /** What a restore needs: kind (owner, creator, extension, superuser), name. */
  needs(schema: string): string
}
