import { type Action, change, type On } from '../../model/action.ts'
import { type Command, sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { measuring, proofFile, recording } from '../backup/artefact.ts'
import { room } from '../room.ts'
import { holds, runJob } from '../target.ts'
import { asker, opening, passwordOf, sweeping } from './ask.ts'
import { backUp, restoreBackup, verifyBackup } from './commands.ts'
import { engineOf, fullEngineOf, note } from './engines.ts'
import { needsOf } from './needs.ts'
import { rowsIn, tablesOf } from './probe.ts'
import { type Known, provenDump } from './proof.ts'
import { putBack } from './restore.ts'
import type { Database, Dump, DumpNeeds, FileDump, FullEngine } from './types.ts'

type Input = {
  readonly db: Database
  /** The directory of backups; each run has its own below it. */
  readonly to: string
  readonly name: string
  /** All that are dumped, in one snapshot: schemas of the same server. Without it the database's own. */
  readonly schemas?: readonly string[] | undefined
  readonly note?: string
}

const dumped = change('database.dump', {
  async remember(on, { db, to, name }: Input) {
    return { file: `${to}/${on.run}/${name}-${db.name}${byCommands(db) ? '' : '.sql.gz'}` }
  },
  async apply(on, { db, schemas }, { file }): Promise<Dump> {
    return byCommands(db) ? backUp(on, db, file) : writeDump(on, db, schemas ?? [db.schema], file)
  },
  async undo(on, { db }, { file }) {
    if (byCommands(db)) await restoreBackup(on, db, file)
    else await putBack(on, db, await provenDump(on, file))
  },
  async prove(on, { db }, { file }) {
    if (byCommands(db)) await verifyBackup(on, db, file)
    else await provenDump(on, file)
  },
  async keepNow(on, { db, schemas }, { file }) {
    const aside = `${file.replace(/\.sql\.gz$/, '')}-new-state${byCommands(db) ? '' : '.sql.gz'}`
    const mark = `${await on.keep()}/new-state`
    // Once it is kept, the database may have been brought back half-way: what is there then is not to take its place.
    const kept = await holds(on, sh.read`[ -e ${mark} ]`)
    if (byCommands(db)) await (kept ? verifyBackup(on, db, aside) : backUp(on, db, aside))
    else await (kept ? provenDump(on, aside) : writeDump(on, db, schemas ?? [db.schema], aside))
    if (!kept) await on.must(sh`: >${mark}; sync -- ${mark} 2>/dev/null || sync`)
    on.say(`${db.name}: what is there now is kept in ${aside}`)
  },
})

/**
 * Dumps a schema, or several of a server in one snapshot, and reads the dump back in full. It is a restore point: its undo
 * puts them back, proves by a second dump that the content is the same, and refuses to begin with a dump that is not
 * whole. Where the database says how it is backed up by its operator, or its engine's server writes backups, their
 * commands do all that.
 *
 * @example
 * database.dump({
 *   db: { name: 'am_db', holds: ['apim'], engine: 'mysql', host: 'db.example.com', port: 3306, schema: 'am', user: 'admin', password: secret('env:DB') },
 *   to: '/backups',
 *   name: 'before',
 * })
 */
export function dump(input: Omit<Input, 'note'>): Action<Dump> {
  return dumped({ ...input, ...note(input.db) })
}

const byCommands = (db: Database): boolean => db.backup !== undefined || engineOf(db).kind === 'commands'

async function writeDump(on: On, db: Database, schemas: readonly string[], file: string): Promise<FileDump> {
  const engine = fullEngineOf(db, 'a dump')
  const ask = asker(on, db)
  const found = await ask(engine.catalogue.schemas(schemas))
  const described = schemas.map((name) => {
    const row = found.find((each) => each['name'] === name)
    if (row === undefined)
      throw new TaskError(`${db.name}: there is no schema ${name} on ${db.host}:${db.port}`)
    return { name, charset: row['charset'] ?? '', collation: row['collation'] ?? '' }
  })
  const missing = await engine.missing(ask, db, { to: 'dump', schemas })
  if (missing.length > 0)
    throw new TaskError(
      `${db.name}: ${db.user} may not dump ${schemas.join(', ')}; what is missing:`,
      missing,
    )
  const content = await contentOf(on, db, schemas)
  if (content.outside.length > 0)
    on.say(`${db.name}: no snapshot covers ${content.outside.join(', ')}; they are exact while nobody writes`)
  const [version] = await ask(engine.catalogue.version)
  const known: Known = {
    kind: 'file',
    engine: engine.name,
    server: version?.['version'] ?? '',
    file,
    schemas: described,
    outside: content.outside,
    rows: content.rows,
    needs: content.needs,
  }
  const unpositioned = await engine.unpositioned(ask)
  const plain = `${file}.plain`
  await runJob(on, 'dump', writeScript(engine, db, known, unpositioned), {
    before: () => room(on, file, content.bytes * 1.5, `a dump of ${schemas.join(', ')}`),
    stdin: passwordOf(db),
    grows: { file: plain, bytes: Math.max(1, content.bytes) },
  })
  return provenDump(on, file)
}

// The proof gets its name last: without it there is no dump.
function writeScript(
  engine: FullEngine,
  db: Database,
  known: Known,
  unpositioned: string | undefined,
): Command {
  const { file, schemas } = known
  const tables = Object.keys(known.rows).length
  const [plain, part, made] = [`${file}.plain`, `${file}.part`, proofFile(file)]
  const names = schemas.map(({ name }) => name)
  return sh`set -eu
umask 077
${opening}
${sweeping(plain, part)}
mkdir -p -- "$(dirname -- ${file})"
rm -f -- ${file} ${made}
began=$(date +%s)
${engine.dump(db, names, plain, unpositioned === undefined)}
digest=$(${engine.canonical} <${plain} | sha256sum | cut -c1-64)
size=$(wc -c <${plain})
gzip -n -c -- ${plain} >${part}
[ "$(gzip -dc <${part} | sha256sum)" = "$(sha256sum <${plain})" ] || { echo "the dump reads back differently"; exit 4; }
least=${tables}
${measuring(part, engine.reading, sh`"$least"`)}
[ -n "$position" ] || position=${`none: ${unpositioned ?? 'the dump does not tell'}`}
more=$(printf ',"digest":"%s","plain":%s,"seconds":%s,"position":"%s"' "$digest" "$size" "$(($(date +%s) - began))" "$position")
${recording(part, file, known, sh`"$more"`)}`
}

type Content = {
  readonly bytes: number
  readonly outside: readonly string[]
  readonly rows: Readonly<Record<string, number>>
  readonly needs: DumpNeeds
}

/** What schemas hold: about how many bytes, which rows, and what putting them back will need. */
export async function contentOf(on: On, db: Database, schemas: readonly string[]): Promise<Content> {
  const engine = fullEngineOf(db, 'a dump')
  const ask = asker(on, db)
  const each = await Promise.all(
    schemas.map(async (schema) => {
      const prefix = schemas.length === 1 ? '' : `${schema}/`
      const tables = await tablesOf(on, db, schema)
      const rows = await rowsIn(on, db, schema, tables)
      return {
        bytes: tables.reduce((sum, table) => sum + table.bytes, 0),
        outside: tables.filter(({ outside }) => outside).map(({ name }) => prefix + name),
        rows: Object.entries(rows).map(([name, count]) => [prefix + name, count] as const),
        needs: await ask(engine.catalogue.needs(schema), schema),
      }
    }),
  )
  return {
    bytes: each.reduce((sum, one) => sum + one.bytes, 0),
    outside: each.flatMap((one) => one.outside),
    rows: Object.fromEntries(each.flatMap((one) => one.rows)),
    needs: needsOf(each.flatMap((one) => one.needs)),
  }
}
