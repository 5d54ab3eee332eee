import type { On } from '../../model/action.ts'
import { asker } from '../../modules/database/ask.ts'
import { fullEngineOf } from '../../modules/database/engines.ts'
import type { Ask, Database } from '../../modules/database/types.ts'

/** Questions to a database in its schema. */
export const questions = (on: On, db: Database) => {
  const ask = asker(on, db)
  return (sql: string) => ask(sql, db.schema)
}

/** Which of these columns (`T.C`, upper case) the schema has. */
export async function columns(on: On, db: Database, wanted: readonly string[]): Promise<ReadonlySet<string>> {
  const { literal } = fullEngineOf(db, 'a probe of the schema')
  const where = db.engine === 'mysql' ? 'DATABASE()' : 'current_schema()'
  const rows = await questions(
    on,
    db,
  )(
    `SELECT CONCAT(UPPER(table_name), '.', UPPER(column_name)) AS name FROM information_schema.columns WHERE table_schema = ${where} AND CONCAT(UPPER(table_name), '.', UPPER(column_name)) IN (${wanted.map(literal).join(', ')})`,
  )
  return new Set(rows.map(({ name }) => name ?? ''))
}

/** The number in the column `n` of the answer. */
export const counted = async (ask: Ask, sql: string): Promise<number> =>
  Number((await ask(sql))[0]?.['n'] ?? 0)
