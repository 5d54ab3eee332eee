import { observe } from '../../model/action.ts'
import { TaskError } from '../../model/errors.ts'
import { asker } from './ask.ts'
import { engineOf } from './engines.ts'
import { needsOf } from './needs.ts'
import { missingToRehearse, scratchOf } from './rehearse.ts'
import type { Database } from './types.ts'

type Wanted = {
  readonly db: Database
  /**
   * `restore` is asked for a dump made now: with the owners and definers that are there; so is `rehearse`, which restores
   * into a schema of its own.
   */
  readonly to: readonly ('dump' | 'restore' | 'rehearse' | 'migrate' | 'fence')[]
  /** PostgreSQL's extensions that a migration makes. */
  readonly extensions?: readonly string[] | undefined
  /** What a person may do instead of granting what is missing. */
  readonly otherwise?: string | undefined
}

/**
 * What the user of a database lacks for a purpose, each as what its administrator types. Nothing is known of engines that are not rehearsed.
 *
 * @example
 * database.privileges({ db: { name: 'am_db', holds: ['apim'], engine: 'mysql', host: 'db.example.com', port: 3306, schema: 'am', user: 'admin', password: secret('env:DB') }, to: ['migrate'] })
 */
export const privileges = observe(
  'database.privileges',
  async (on, { db, to, extensions = [] }: Wanted): Promise<{ missing: readonly string[] }> => {
    const engine = engineOf(db)
    if (engine.kind !== 'full') return { missing: [] }
    const ask = asker(on, db)
    const schemas = [db.schema]
    const rows =
      to.includes('restore') || to.includes('rehearse')
        ? await ask(engine.catalogue.needs(db.schema), db.schema)
        : []
    const needs = needsOf(rows)
    const each = await Promise.all(
      to.map((what) => {
        if (what === 'rehearse')
          return missingToRehearse(engine, ask, db, { schema: scratchOf(db.schema), needs })
        if (what === 'restore') return engine.missing(ask, db, { to: what, schemas, needs })
        if (what === 'migrate') return engine.missing(ask, db, { to: what, schemas, extensions })
        return engine.missing(ask, db, { to: what, schemas })
      }),
    )
    return { missing: [...new Set(each.flat())] }
  },
)

/**
 * A gate: holds when the user lacks nothing of it.
 *
 * @example
 * database.privileged({ db: { name: 'am_db', holds: ['apim'], engine: 'mysql', host: 'db.example.com', port: 3306, schema: 'am', user: 'admin', password: secret('env:DB') }, to: ['dump', 'restore'] })
 */
export const privileged = observe('database.privileged', async (on, wanted: Wanted) => {
  const { work, input } = privileges(wanted)
  const { missing } = work.kind === 'observe' ? await work.read(on, input) : { missing: [] }
  if (missing.length > 0)
    throw new TaskError(
      `${wanted.db.name}: ${wanted.db.user} may not ${wanted.to.join(', ')}; what is missing:`,
      [...missing, ...(wanted.otherwise === undefined ? [] : [`or ${wanted.otherwise}`])],
    )
  return { to: [...wanted.to] }
})
