import { TaskError } from '../../model/errors.ts'
import { db2 } from './db2.ts'
import { mssql } from './mssql.ts'
import { mysql } from './mysql.ts'
import { oracle } from './oracle.ts'
import { postgresql } from './postgresql.ts'
import type { Database, Engine, EngineName, FullEngine } from './types.ts'

/** All engines. A new one is a file and a line here. */
export const engines: Readonly<Record<EngineName, Engine>> = { mysql, postgresql, oracle, mssql, db2 }

/** The engine of a database. */
export const engineOf = (db: Pick<Database, 'engine'>): Engine => engines[db.engine]

/** The engine of a database, for what only rehearsed engines can; says what they cannot. */
export function fullEngineOf(db: Pick<Database, 'engine' | 'name'>, what: string): FullEngine {
  const engine = engineOf(db)
  if (engine.kind === 'full') return engine
  throw new TaskError(
    `${db.name}: ${what} is not built for ${engine.product}. It is for ${full.map(({ product }) => product).join(', ')}.`,
  )
}

const full = Object.values(engines).filter((engine) => engine.kind === 'full')

/** What a machine needs to work on databases of these engines; alternatives between bars. */
export function programs(databases: readonly Pick<Database, 'engine'>[]): readonly string[] {
  return [...new Set(databases.flatMap((db) => engineOf(db).programs))]
}

/** The port that an engine listens on unless told otherwise. */
export const defaultPort = (engine: EngineName): number => engines[engine].port

/** What a plan says of an engine that was never tried here. */
export function note(db: Pick<Database, 'engine'>): { readonly note?: string } {
  const engine = engineOf(db)
  return engine.kind === 'full'
    ? {}
    : { note: `${engine.product}: its commands are built, and not rehearsed here` }
}
