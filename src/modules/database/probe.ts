import { observe } from '../../model/action.ts'
import { literal, name, query } from './mysql.ts'
import type { Database } from './types.ts'

/** Rows of each of these tables, those that do not exist left out. Names are compared without regard to case. */
export const counts = observe(
  'database.counts',
  async (on, { db, tables }: { db: Database; tables: readonly string[] }) => {
    const found = await query(
      on,
      db,
      `SELECT table_name FROM information_schema.tables WHERE table_schema = ${literal(db.schema)} AND UPPER(table_name) IN (${tables.map((table) => literal(table.toUpperCase())).join(', ')})`,
    )
    const names = found.flatMap(([table]) => (table === undefined ? [] : [table]))
    if (names.length === 0) return {}
    const sql = names
      .map(
        (table) => `SELECT ${literal(table.toUpperCase())}, COUNT(*) FROM ${name(db.schema)}.${name(table)}`,
      )
      .join(' UNION ALL ')
    const rows = await query(on, db, sql)
    return Object.fromEntries(rows.map(([table, count]) => [table ?? '', Number(count)]))
  },
  // Users go on writing rows between a plan and its run.
  { steady: (rows) => Object.keys(rows).sort() },
)

/** Which of these tables (`T`) and columns (`T.C`) exist, in upper case. */
export const schema = observe(
  'database.schema',
  async (on, { db, names }: { db: Database; names: readonly string[] }) => {
    const wanted = new Set(names.map((each) => each.toUpperCase()))
    const tables = [...new Set([...wanted].map((each) => each.split('.')[0] ?? ''))]
    if (tables.length === 0) return { present: [] }
    const rows = await query(
      on,
      db,
      `SELECT UPPER(table_name), UPPER(column_name) FROM information_schema.columns WHERE table_schema = ${literal(db.schema)} AND UPPER(table_name) IN (${tables.map(literal).join(', ')})`,
    )
    const there = new Set(rows.flatMap(([table, column]) => [table ?? '', `${table}.${column}`]))
    return { present: [...wanted].filter((each) => there.has(each)) }
  },
)
