import { type On, observe } from '../../model/action.ts'
import { asker } from './ask.ts'
import { fullEngineOf } from './engines.ts'
import type { Database } from './types.ts'

/**
 * Rows of each of these tables, those that do not exist left out. Names are compared without regard to case, and given in upper case.
 *
 * @example
 * database.counts({ db: { name: 'am_db', holds: ['apim'], engine: 'mysql', host: 'db.example.com', port: 3306, schema: 'am', user: 'admin', password: secret('env:DB') }, tables: ['AM_API'] })
 */
export const counts = observe(
  'database.counts',
  async (on, { db, tables }: { db: Database; tables: readonly string[] }) => {
    const wanted = new Set(tables.map((table) => table.toUpperCase()))
    const all = await tablesOf(on, db, db.schema)
    const found = all.filter(({ name }) => wanted.has(name.toUpperCase()))
    const rows = await rowsIn(on, db, db.schema, found)
    return Object.fromEntries(Object.entries(rows).map(([name, count]) => [name.toUpperCase(), count]))
  },
  {
    // Users go on writing rows between a plan and its run.
    steady: (rows) => Object.keys(rows).sort(),
    since: (before, now) =>
      Object.keys({ ...before, ...now })
        .filter((table) => before[table] !== now[table])
        .map(
          (table) => `${table}: ${before[table] ?? 'no table'} rows then, ${now[table] ?? 'no table'} now`,
        ),
  },
)

/**
 * Which of these tables (`T`) and columns (`T.C`) exist, in upper case.
 *
 * @example
 * database.schema({ db: { name: 'am_db', holds: ['apim'], engine: 'mysql', host: 'db.example.com', port: 3306, schema: 'am', user: 'admin', password: secret('env:DB') }, names: ['AM_API.API_TYPE'] })
 */
export const schema = observe(
  'database.schema',
  async (on, { db, names }: { db: Database; names: readonly string[] }) => {
    const wanted = new Set(names.map((each) => each.toUpperCase()))
    if (wanted.size === 0) return { present: [] }
    const columns = await columnsOf(on, db)
    const there = new Set(
      columns.flatMap(({ table, name }) => [table, `${table}.${name}`]).map((each) => each.toUpperCase()),
    )
    return { present: [...wanted].filter((each) => there.has(each)) }
  },
)

/**
 * All tables and views with their columns, types as the server writes them, in the order of the schema.
 *
 * @example
 * database.tables({ db: { name: 'am_db', holds: ['apim'], engine: 'mysql', host: 'db.example.com', port: 3306, schema: 'am', user: 'admin', password: secret('env:DB') } })
 */
export const tables = observe('database.tables', async (on, { db }: { db: Database }) => {
  const found = new Map<string, { name: string; type: string; nullable: boolean }[]>()
  for (const { table, ...column } of await columnsOf(on, db))
    found.set(table, [...(found.get(table) ?? []), column])
  return { tables: [...found].map(([name, columns]) => ({ name, columns })) }
})

async function columnsOf(on: On, db: Database) {
  const { catalogue } = fullEngineOf(db, 'a probe of the schema')
  const rows = await asker(on, db)(catalogue.columns(db.schema), db.schema)
  return rows.map(({ tab, col, type, nullable }) => ({
    table: tab ?? '',
    name: col ?? '',
    type: type ?? '',
    nullable: nullable === '1',
  }))
}

/** A table that holds rows. */
export type Table = {
  readonly schema: string
  readonly name: string
  /** As SQL names it. */
  readonly ref: string
  readonly bytes: number
  /** Whether no snapshot covers it. */
  readonly outside: boolean
}

/** The tables of a schema, by name; those of several schemas are asked one after the other. */
export async function tablesOf(on: On, db: Database, schema: string): Promise<readonly Table[]> {
  const { catalogue } = fullEngineOf(db, 'a list of tables')
  const rows = await asker(on, db)(catalogue.tables(schema), schema)
  return rows.map(({ tab, ref, bytes, outside }) => ({
    schema,
    name: tab ?? '',
    ref: ref ?? '',
    bytes: Number(bytes),
    outside: outside === '1',
  }))
}

/** How many rows each table of a schema has, in one statement for every hundred tables. */
export async function rowsIn(
  on: On,
  db: Database,
  schema: string,
  found: readonly Table[],
): Promise<Readonly<Record<string, number>>> {
  const { literal } = fullEngineOf(db, 'counting rows')
  const ask = asker(on, db)
  const counted: [string, number][] = []
  for (let at = 0; at < found.length; at += 100) {
    const sql = found
      .slice(at, at + 100)
      .map(({ name, ref }) => `SELECT ${literal(name)} AS tab, COUNT(*) AS counted FROM ${ref}`)
      .join(' UNION ALL ')
    for (const row of await ask(sql, schema)) counted.push([row['tab'] ?? '', Number(row['counted'])])
  }
  return Object.fromEntries(counted)
}

/** About how many bytes the tables of a schema have, as the server believes. */
export async function contentSize(on: On, db: Database, schema: string): Promise<number> {
  const found = await tablesOf(on, db, schema)
  return found.reduce((sum, table) => sum + table.bytes, 0)
}
