import { observe } from '../../model/action.ts'
import { TaskError } from '../../model/errors.ts'
import { type ask, clock, pauses } from '../target.ts'
import { literal, query } from './mysql.ts'
import type { Database } from './types.ts'

type Machine = Parameters<typeof pauses>[0] & Parameters<typeof ask>[0]

/** Who else is connected to a schema: `user@address, command, seconds`. Without the PROCESS privilege a user sees only its own. */
export const sessions = observe('database.sessions', async (on, { db }: { db: Database }) => ({
  sessions: await foreign(on, db),
}))

/** Holds when nobody but us is connected to the schema; what lingers after a stop gets half a minute. */
export const fenced = observe('database.fenced', async (on, { db }: { db: Database }) => {
  await alone(on, db, 30)
  return { alone: true }
})

/** Waits until nobody else is connected to the schema, and throws with who is when time is up. */
export async function alone(on: Machine, db: Database, seconds: number): Promise<void> {
  const end = clock() + seconds
  const rest = pauses(on)
  for (;;) {
    const others = await foreign(on, db)
    if (others.length === 0) return
    if (clock() > end) throw new TaskError(`${db.name}: others are connected to ${db.schema}`, others)
    await rest()
  }
}

async function foreign(on: Machine, db: Database): Promise<readonly string[]> {
  const rows = await query(
    on,
    db,
    `SELECT CONCAT(user, '@', host), command, time FROM information_schema.processlist WHERE db = ${literal(db.schema)} AND id <> CONNECTION_ID()`,
  )
  return rows.map((row) => row.join(', '))
}
