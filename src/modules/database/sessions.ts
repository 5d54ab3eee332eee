import { type On, observe } from '../../model/action.ts'
import { TaskError } from '../../model/errors.ts'
import { clock, pauses } from '../target.ts'
import { asker } from './ask.ts'
import { fullEngineOf } from './engines.ts'
import type { Database } from './types.ts'

/**
 * Who else is connected to a schema: `user@address, what, seconds`; not us, and not the server's own. `blind` says what the user cannot see, and what would let it.
 *
 * @example
 * database.sessions({ db: { name: 'am_db', holds: ['apim'], engine: 'mysql', host: 'db.example.com', port: 3306, schema: 'am', user: 'admin', password: secret('env:DB') } })
 */
export const sessions = observe('database.sessions', async (on, { db }: { db: Database }) => ({
  sessions: await foreign(on, db, [db.schema]),
  blind: await blind(on, db),
}))

/**
 * Holds when nobody but us is connected to the schema; what lingers after a stop gets `wait` seconds, by default 30.
 *
 * @example
 * database.fenced({ db: { name: 'am_db', holds: ['apim'], engine: 'mysql', host: 'db.example.com', port: 3306, schema: 'am', user: 'admin', password: secret('env:DB') }, wait: 60 })
 */
export const fenced = observe(
  'database.fenced',
  async (
    on,
    {
      db,
      wait,
    }: {
      db: Database
      /** Seconds; default 30. */
      wait?: number | undefined
    },
  ) => {
    const hidden = await blind(on, db)
    if (hidden.length > 0)
      on.say(
        `${db.name}: ${db.user} does not see other users' sessions, so only its own were looked at (${hidden.join('; ')})`,
      )
    await alone(on, db, [db.schema], wait ?? 30)
    return { alone: true }
  },
)

/** Waits until nobody else is connected to the schemas, and throws with who is when time is up. */
export async function alone(
  on: On,
  db: Database,
  schemas: readonly string[],
  seconds: number,
): Promise<void> {
  const end = clock() + seconds
  const rest = pauses(on)
  for (;;) {
    const others = await foreign(on, db, schemas)
    if (others.length === 0) return
    if (clock() > end)
      throw new TaskError(`${db.name}: others are connected to ${schemas.join(', ')}`, others)
    await rest()
  }
}

async function foreign(on: On, db: Database, schemas: readonly string[]): Promise<readonly string[]> {
  const engine = fullEngineOf(db, 'a list of sessions')
  const rows = await asker(on, db)(engine.catalogue.sessions(schemas))
  return rows.map(({ who, address, doing, seconds }) => `${who}@${address}, ${doing}, ${seconds ?? '?'}`)
}

async function blind(on: On, db: Database): Promise<readonly string[]> {
  const engine = fullEngineOf(db, 'a list of sessions')
  return engine.missing(asker(on, db), db, { to: 'fence', schemas: [db.schema] })
}
