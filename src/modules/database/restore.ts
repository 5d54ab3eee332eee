import { type Action, change, type On, restored } from '../../model/action.ts'
import { type Command, sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { room } from '../room.ts'
import { runJob } from '../target.ts'
import { asker, opening, passwordOf, sweeping } from './ask.ts'
import { restoreBackup } from './commands.ts'
import { fullEngineOf, note } from './engines.ts'
import { rowsIn, tablesOf } from './probe.ts'
import { proveFile } from './proof.ts'
import { alone } from './sessions.ts'
import type { Database, Dump, DumpedSchema, FileDump, FullEngine } from './types.ts'

const restoring = change('database.restore', {
  async apply(on, { db, dump }: { db: Database; dump: Dump; note?: string }) {
    if (dump.kind === 'commands') {
      await restoreBackup(on, db, dump.file)
      return { file: dump.file }
    }
    mustFit(db, dump)
    await proveFile(on, dump)
    await putBack(on, db, dump)
    return { file: dump.file }
  },
  undo: restored,
})

/**
 * Puts a schema back to a dump that lies on the machine: that of another name too, when the dump is of one alone. Its play
 * needs a restore point: a dump of what is there now.
 */
export function restore(input: { readonly db: Database; readonly dump: Dump }): Action<{ file: string }> {
  return restoring({ ...input, ...note(input.db) })
}

/**
 * Loads a dump that was proved. Before anything is dropped: nobody else is connected, the user has every right that it
 * takes, and there is room. Ends only with the same content as was dumped.
 */
export async function loadDump(on: On, db: Database, dump: FileDump, job = 'restore'): Promise<Loaded> {
  const engine = mustFit(db, dump)
  const schemas = dump.schemas.map((each) =>
    dump.schemas.length === 1 ? { ...each, name: db.schema } : each,
  )
  const names = schemas.map(({ name }) => name)
  const before = async () => {
    await alone(on, db, names, 30)
    const missing = await engine.missing(asker(on, db), db, {
      to: 'restore',
      schemas: names,
      needs: dump.needs,
    })
    if (missing.length > 0)
      throw new TaskError(
        `${db.name}: ${db.user} may not restore ${names.join(', ')}, and nothing was touched; what is missing:`,
        missing,
      )
    await room(on, dump.file, dump.plain * 2.1, `a restore of ${names.join(', ')}`)
  }
  const said = await runJob(on, job, loadScript(engine, db, dump, schemas), {
    before,
    stdin: passwordOf(db),
    grows: { file: again(dump), bytes: Math.max(1, dump.plain) },
  })
  const now = said.findLast((line) => line.startsWith('digest '))?.slice('digest '.length)
  return compare(on, db, dump, schemas, now === dump.digest)
}

function mustFit(db: Database, dump: FileDump): FullEngine {
  const engine = fullEngineOf(db, 'a restore')
  if (engine.name !== dump.engine)
    throw new TaskError(`${db.name}: ${dump.file} is a dump of ${dump.engine}, and this is ${engine.name}`)
  return engine
}

/** Where the second dump of what was restored is, while it is compared and where it differs. */
export const again = (dump: Pick<FileDump, 'file'>): string => `${dump.file}.again`

// What was restored is dumped once more. That dump stays only where it differs.
function loadScript(
  engine: FullEngine,
  db: Database,
  dump: FileDump,
  schemas: readonly DumpedSchema[],
): Command {
  const plain = `${dump.file}.restoring`
  const names = schemas.map(({ name }) => name)
  return sh`set -eu
umask 077
${opening}
${sweeping(plain)}
rm -rf -- ${again(dump)} ${`${again(dump)}.d`}
gzip -dc <${dump.file} >${plain}
{ ${engine.reading.ends}; } <${plain} || { echo "the dump has no end marker"; exit 4; }
${engine.load(db, dump, schemas, plain)}
${engine.dump(db, names, again(dump), false)}
now=$(${engine.canonical} <${again(dump)} | sha256sum | cut -c1-64)
[ "$now" != ${dump.digest} ] || rm -f -- ${again(dump)}
printf 'digest %s\n' "$now"`
}

/** What a restore came to: how many tables, and whether a second dump is equal, or their rows alone could be counted. */
export type Loaded = { readonly tables: number; readonly exact: boolean }

async function compare(
  on: On,
  db: Database,
  dump: FileDump,
  schemas: readonly DumpedSchema[],
  exact: boolean,
): Promise<Loaded> {
  const rows: Record<string, number> = {}
  for (const [at, { name: schema }] of schemas.entries()) {
    const prefix = schemas.length === 1 ? '' : `${dump.schemas[at]?.name}/`
    const found = await tablesOf(on, db, schema)
    for (const [name, count] of Object.entries(await rowsIn(on, db, schema, found)))
      rows[prefix + name] = count
  }
  const tables = Object.keys(rows).length
  if (exact) return { tables, exact }
  const different = differences(dump.rows, rows)
  const [version] = await asker(on, db)(fullEngineOf(db, 'a restore').catalogue.version)
  const elsewhere =
    version?.['version'] !== dump.server || schemas.some(({ name }, at) => name !== dump.schemas[at]?.name)
  if (elsewhere && different.length === 0) return { tables, exact }
  throw new TaskError(
    `${db.name}: after the restore the content differs from ${dump.file}; what is there now is beside it (.again)`,
    different.length > 0 ? different : ['the same tables with as many rows, but something in them differs'],
  )
}

/** Loads a proved dump, and says how it was proved to be back. */
export async function putBack(on: On, db: Database, dump: FileDump): Promise<void> {
  const { tables, exact } = await loadDump(on, db, dump)
  on.say(
    exact
      ? `${db.name} is back to ${dump.file}: ${tables} tables, proved by a second dump`
      : `${db.name} is back to ${dump.file}: the same ${tables} tables with as many rows (on another server or under another name a second dump cannot be equal)`,
  )
}

/** Tables that are only on one side, or have another number of rows. */
export function differences(
  before: Readonly<Record<string, number>>,
  now: Readonly<Record<string, number>>,
): readonly string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(now)])]
    .filter((table) => before[table] !== now[table])
    .map(
      (table) => `${table}: ${before[table] ?? 'no table'} rows in the dump, ${now[table] ?? 'no table'} now`,
    )
}
