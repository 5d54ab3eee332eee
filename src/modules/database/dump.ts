import { change, type On, restored } from '../../model/action.ts'
import { sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { ask, holds, runJob } from '../target.ts'
import { dumpCommand, literal, passwordOf, query, recreateCommand, scriptCommand } from './mysql.ts'
import { alone } from './sessions.ts'
import type { Database, Dump } from './types.ts'

/**
 * Dumps one schema and reads the dump back in full. It is a restore point: its undo puts the schema back, proves by a
 * second dump that the content is the same byte for byte, and refuses to begin with a dump that is not whole.
 */
export const dump = change('database.dump', {
  async remember(on, { db, to, name }: { db: Database; to: string; name: string }) {
    return { file: `${to}/${on.run}/${name}-${db.name}.sql.gz` }
  },
  async apply(on, { db }, { file }): Promise<Dump> {
    return writeDump(on, db, file)
  },
  async undo(on, { db }, { file }) {
    await loadDump(on, db, await provenDump(on, file))
  },
  async prove(on, _input, { file }) {
    await provenDump(on, file)
  },
})

/** Puts a schema back to a dump that lies on the machine. Its play needs a restore point: a dump of what is there now. */
export const restore = change('database.restore', {
  async apply(on, { db, dump }: { db: Database; dump: Dump }) {
    await proveFile(on, dump)
    await loadDump(on, db, dump)
    return { digest: dump.digest }
  },
  undo: restored,
})

/** Reads a dump back from the disk and refuses one that is not what was recorded. */
export async function provenDump(on: Machine, file: string): Promise<Dump> {
  const proof = await readProof(on, file)
  if (proof === undefined) throw new TaskError(`${file} on ${on.name}: there is no whole dump`)
  await proveFile(on, proof)
  return proof
}

type Machine = Parameters<typeof ask>[0]

async function writeDump(on: On, db: Database, file: string): Promise<Dump> {
  onlyMysql(db)
  const [row] = await query(
    on,
    db,
    `SELECT default_character_set_name, default_collation_name FROM information_schema.schemata WHERE schema_name = ${literal(db.schema)}`,
  )
  const [charset, collation] = row ?? []
  if (charset === undefined || collation === undefined)
    throw new TaskError(`${db.name}: there is no schema ${db.schema} on ${db.host}:${db.port}`)
  const plain = `${file}.plain`
  const bytes = await sizeOf(on, db)
  await runJob(
    on,
    'dump',
    sh`set -eu
umask 077
mkdir -p -- "$(dirname -- ${file})"
rm -f -- ${file} ${`${file}.proof`}
${dumpCommand(db)} > ${plain}
tail -n 3 -- ${plain} | grep -q '^-- Dump completed' || { echo "the dump has no end marker"; exit 4; }
gzip -n -c -- ${plain} > ${`${file}.part`}
gzip -t < ${`${file}.part`}
digest=$(sha256sum < ${plain} | cut -c1-64)
[ "$(gzip -dc < ${`${file}.part`} | sha256sum | cut -c1-64)" = "$digest" ] || { echo "the dump reads back differently"; exit 4; }
mv -- ${`${file}.part`} ${file}
rm -f -- ${plain}
sync
printf '%s %s %s %s %s\n' "$(sha256sum < ${file} | cut -c1-64)" "$digest" "$(wc -c < ${file})" ${charset} ${collation} > ${`${file}.proof.part`}
mv -- ${`${file}.proof.part`} ${`${file}.proof`}`,
    { stdin: passwordOf(db), grows: { file: plain, bytes } },
  )
  return provenDump(on, file)
}

// What the server believes its tables to hold: good enough to show how far a dump is.
async function sizeOf(on: Machine, db: Database): Promise<number> {
  const [row] = await query(
    on,
    db,
    `SELECT COALESCE(SUM(data_length), 0) FROM information_schema.tables WHERE table_schema = ${literal(db.schema)}`,
  )
  return Math.max(1, Number(row?.[0] ?? 0))
}

async function readProof(on: Machine, file: string): Promise<Dump | undefined> {
  const { code, stdout } = await ask(on, sh.read`cat -- ${`${file}.proof`} 2>/dev/null`)
  const [sha256, digest, bytes, charset, collation] = stdout.trim().split(' ')
  if (code !== 0 || sha256 === undefined || digest === undefined) return undefined
  if (charset === undefined || collation === undefined) return undefined
  return { file, sha256, digest, bytes: Number(bytes), charset, collation }
}

async function proveFile(on: Machine, { file, sha256 }: Dump): Promise<void> {
  const whole = sh.read`[ "$(sha256sum < ${file} | cut -c1-64)" = ${sha256} ] && gzip -t < ${file}`
  if (!(await holds(on, whole, { timeout: 3600 })))
    throw new TaskError(
      `${file} on ${on.name} is not what was recorded when it was dumped: it will not be restored`,
    )
}

async function loadDump(on: On, db: Database, dump: Dump): Promise<void> {
  onlyMysql(db)
  await alone(on, db, 30)
  const plain = `${dump.file}.restoring`
  const again = `${dump.file}.again`
  await runJob(
    on,
    'restore',
    sh`set -eu
umask 077
IFS= read -r password || :
give() { printf '%s' "$password"; }
gzip -dc < ${dump.file} > ${plain}
[ "$(sha256sum < ${plain} | cut -c1-64)" = ${dump.digest} ] || { echo "the dump reads back differently"; exit 4; }
give | { ${recreateCommand(db, dump.charset, dump.collation)}; }
give | { ${scriptCommand(db, plain)}; }
give | { ${dumpCommand(db)}; } > ${again}
now=$(sha256sum < ${again} | cut -c1-64)
[ "$now" = ${dump.digest} ] || { echo "after the restore the content differs from the dump (both are kept beside it)"; exit 5; }
rm -f -- ${plain} ${again}`,
    { stdin: passwordOf(db), grows: { file: again, bytes: await sizeOf(on, db) } },
  )
  on.say(`${db.name} is back to ${dump.file}, proved by a second dump`)
}

/** Refuses the engines whose commands are not built yet, and says so. */
export function onlyMysql(db: Database): void {
  if (db.engine !== 'mysql')
    throw new TaskError(
      `${db.name}: engine ${db.engine} cannot be dumped, restored or migrated by this version; mysql (MariaDB) can`,
    )
}
