import { type Action, type On, observe } from '../../model/action.ts'
import { TaskError } from '../../model/errors.ts'
import type { Json } from '../../model/json.ts'
import { asker } from './ask.ts'
import { fullEngineOf } from './engines.ts'
import { type Sql, sqlText } from './sql.ts'
import type { Database, Row } from './types.ts'

/** What a column is read as. Dates, decimals and identifiers that no number can hold are `text`; bytes are asked for with HEX() or encode(). */
export type Kind = 'text' | 'number' | 'boolean'

type Read = { readonly text: string; readonly number: number; readonly boolean: boolean }

/** The columns wanted, by their names in lower case. */
export type Columns = Readonly<Record<string, Kind>>

/** A row as {@link query} gives it: each column as its kind says, or null. */
export type Typed<C extends Columns> = { readonly [K in keyof C]: Read[C[K]] | null }

type Input = { readonly db: Database; readonly sql: Sql; readonly columns: Columns }

const asked = observe(
  'database.query',
  async (on, { db, sql, columns }: Input): Promise<{ rows: readonly Json[] }> => ({
    rows: await rowsOf(on, db, sql, columns),
  }),
)

/**
 * Rows of a statement that only reads; the server refuses any other. A column that is missing, or is not of its kind, is
 * an error, and so is a whole number that JavaScript cannot hold.
 *
 * @example
 * database.query({ db: { name: 'am_db', holds: ['apim'], engine: 'mysql', host: 'db.example.com', port: 3306, schema: 'am', user: 'admin', password: secret('env:DB') }, sql: sql`select name from AM_API`, columns: { name: 'text' } })
 */
export function query<const C extends Columns>(input: {
  readonly db: Database
  readonly sql: Sql
  readonly columns: C
}): Action<{ readonly rows: readonly Typed<C>[] }> {
  return asked(input) as Action<{ readonly rows: readonly Typed<C>[] }>
}

async function rowsOf(on: On, db: Database, sql: Sql, columns: Columns) {
  const engine = fullEngineOf(db, 'a query')
  const rows = await asker(on, db)(sqlText(engine, sql), db.schema)
  return rows.map((row) =>
    Object.fromEntries(Object.entries(columns).map(([name, kind]) => [name, read(row, name, kind)])),
  )
}

function read(row: Row, name: string, kind: Kind): string | number | boolean | null {
  const text = row[name]
  if (text === undefined)
    throw new TaskError(`the answer has no column ${name}; it has ${Object.keys(row).join(', ')}`)
  if (text === null || kind === 'text') return text
  if (kind === 'boolean') {
    if (/^(1|t|true)$/i.test(text)) return true
    if (/^(0|f|false)$/i.test(text)) return false
    throw new TaskError(`column ${name} is neither true nor false: ${text}`)
  }
  const number = Number(text)
  if (text.trim() === '' || !Number.isFinite(number))
    throw new TaskError(`column ${name} is no number: ${text}`)
  if (/^-?\d+$/.test(text) && !Number.isSafeInteger(number))
    throw new TaskError(`column ${name} holds ${text}, which no number here can: ask for it as text`)
  return number
}
