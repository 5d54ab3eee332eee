import { type Command, sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { catalogue } from './postgresql-catalogue.ts'
import { missing } from './postgresql-privileges.ts'
import { wipe } from './postgresql-wipe.ts'
import { noNul } from './sql.ts'
import type { Database, DumpedSchema, FailedAt, FileDump, FullEngine, Row } from './types.ts'

/**
 * A service file with the password on stdout, which libpq reads from descriptor 3. A password file has to be a plain
 * file, and a service file need not be; so the password is in no file, argument or environment.
 */
const service: Command = sh.read`{ printf '[fleet]\npassword=%s\n' "$password"; }`

/** Where libpq has the rest from: no setting of the user's may change what is done. */
function environment(db: Database, readOnly = false): Command {
  const options = `-c standard_conforming_strings=on${readOnly ? ' -c default_transaction_read_only=on' : ''}`
  return sh.read`env PGSERVICEFILE=/dev/fd/3 PGSERVICE=fleet PGHOST=${db.host} PGPORT=${db.port} PGUSER=${db.user} PGAPPNAME=upgrade-fleet PGCLIENTENCODING=UTF8 PGCONNECT_TIMEOUT=30 PGOPTIONS=${options}`
}

/** psql without anybody's start file, silent, ending at the first error, never asking for a password. */
const psql: Command = sh.read`psql -X -q -w -v ON_ERROR_STOP=1 -v VERBOSITY=default`

/** PostgreSQL. A "schema" of the inventory is a database here, since that is what a JDBC address names; all of its own schemas belong to it. */
export const postgresql: FullEngine = {
  kind: 'full',
  name: 'postgresql',
  product: 'PostgreSQL',
  port: 5432,
  programs: ['psql', 'pg_dump'],
  identifier,
  literal,
  asked: (sql) =>
    `SELECT (SELECT json_object_agg(key, value) FROM json_each_text(row_to_json(q))) FROM (${sql.replace(/;\s*$/, '')}\n) AS q;`,
  query: (db, schema) =>
    sh.read`${trailing(db)}${service} | ${environment(db, true)} ${psql} -A -t -d ${schema ?? db.schema} 3<&0 <&4`,
  rows,
  script: (db, file, { transaction }) =>
    sh`${trailing(db)}${noCommands(file)}
${service} | ${environment(db)} ${psql} ${transaction ? ['-1'] : []} -d ${db.schema} -f ${file} 3<&0 </dev/null`,
  failed,
  dump,
  reading: {
    count: sh.read`{ grep -acE '^CREATE ((UNLOGGED )?TABLE|MATERIALIZED VIEW) ' || [ $? = 1 ]; }`,
    ends: sh.read`tail -n 8 | grep -q '^-- PostgreSQL database dump complete'`,
    end: '-- PostgreSQL database dump complete',
  },
  // The versions of server and program, the word that locks psql's own commands, and that between parts differ from dump to dump.
  canonical: sh.read`LC_ALL=C sed -e '/^-- Dumped /d' -e "/^\\\\\(un\)\{0,1\}restrict $key\$/d" -e "/^-- part $key /d"`,
  load,
  scratch: {
    make,
    // Whose client was killed may still be at work; before version 13 it is waited for.
    drop: (db, name) => sh`${trailing(db)}for how in ' WITH (FORCE)' ''; do
if ${service} | ${environment(db)} ${psql} -d ${db.schema} -c ${`DROP DATABASE IF EXISTS ${identifier(name)}`}"$how" 3<&0 </dev/null; then exit 0; fi
done; exit 1`,
    missing: async (ask) => {
      const rows = await ask(
        "SELECT format('ALTER ROLE %I CREATEDB', current_user) AS name FROM pg_roles WHERE rolname = current_user AND NOT rolcreatedb AND NOT rolsuper",
      )
      return rows.map(({ name }) => name ?? '')
    },
    runsByItself: undefined,
  },
  catalogue: catalogue(literal),
  missing,
  unpositioned: async () => undefined,
}

// libpq cuts blanks off the end of a line of a service file.
function trailing(db: Database): Command {
  return sh.read`case $password in *[[:space:]]) echo ${`the password of ${db.user} ends in a blank, which cannot be handed to PostgreSQL's programs`} >&2; exit 4;; esac
`
}

/** psql's own commands may read files and run programs, and a script is SQL. What stands between COPY and `\.` are rows. */
function noCommands(file: string): Command {
  return sh.read`awk 'tolower($0) ~ /^copy .* from stdin/ { rows = 1 } /^\\\.$/ { rows = 0 } !rows && /^[ \t]*\\[A-Za-z!?;]/ { printf "psql:%s:%d: ERROR:  this is a command of psql: %s\n", FILENAME, NR, substr($0, 1, 120); exit 4 }' ${file} >&2`
}

/**
 * Each database is dumped from an exported snapshot, whose LSN is asked first. Snapshots of several databases are one when
 * they see the same transactions, which PostgreSQL numbers for the whole server. All sessions take theirs at the same
 * quarter of a second, and again until they are one.
 */
function dump(db: Database, schemas: readonly string[], into: string, _positioned: boolean): Command {
  const dir = `${into}.d`
  const count = schemas.length
  const together =
    'SELECT pg_sleep_until(to_timestamp(ceil(extract(epoch FROM clock_timestamp()) * 4) / 4)) AS slept \\gset\n'
  const ask = `SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END AS lsn \\gset
${count > 1 ? together : ''}BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT :'lsn' || ' ' || txid_current_snapshot() || ' ' || pg_export_snapshot();
\\! cat <&8 >/dev/null
`
  return sh`${trailing(db)}rm -rf -- ${dir}
mkdir -- ${dir}
printf '%s' ${ask} > ${`${dir}/ask`}
mkfifo -- ${`${dir}/hold`}
key=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
restrict=
if pg_dump --help | grep -q restrict-key; then restrict=--restrict-key=$key; fi
tries=0 position=
while :; do
  exec 9<>${`${dir}/hold`}
  at=0
  for each in ${schemas}; do
    at=$((at + 1))
    rm -f -- ${`${dir}/said`}.$at; mkfifo -- ${`${dir}/said`}.$at
    ( cd -- ${dir}; exec 8<hold 9>&-; ${service} | ${environment(db)} ${psql} -A -t -d "$each" -f ask 3<&0 </dev/null >said.$at ) &
  done
  at=0 moments= ids=
  for each in ${schemas}; do
    at=$((at + 1))
    IFS=' ' read -r lsn moment id <${`${dir}/said`}.$at || { echo "no snapshot of $each can be had" >&2; exit 4; }
    ids="$ids $id"
    case " $moments " in *" $moment "*) ;; *) moments="$moments $moment" ;; esac
    [ -n "$position" ] || position=$lsn
  done
  set -- $moments
  [ $# -gt 1 ] || break
  exec 9>&-
  wait
  position=
  tries=$((tries + 1))
  [ $tries -lt 12 ] || { echo ${`no moment was found in 12 tries at which all ${count} databases stand still: let nobody write, or dump them one by one`} >&2; exit 4; }
done
set -- $ids
part=0
: >${into}
for each in ${schemas}; do
  part=$((part + 1))
  ${count > 1 ? sh`printf -- '-- part %s %s\n' "$key" "$part" >>${into}` : sh`:`}
  ${service} | ${environment(db)} pg_dump -w --snapshot="$1" $restrict -d "$each" 3<&0 </dev/null 9>&- >>${into}
  shift
done
exec 9>&-
wait
rm -rf -- ${dir}`
}

/** A new database like the one that was dumped, in whose `public` those may make things who own things there in the dump. */
function make(db: Database, name: string, { schemas: [like], needs }: FileDump): Command {
  const { charset = '', collation = '' } = like ?? {}
  const sql = `CREATE DATABASE ${identifier(name)} TEMPLATE template0 ENCODING ${literal(charset)} LC_COLLATE ${literal(collation)} LC_CTYPE ${literal(collation)}`
  const rights = needs.creators
    .map((role) => `GRANT CREATE ON SCHEMA public TO ${identifier(role)};`)
    .join(' ')
  return sh`${trailing(db)}${service} | ${environment(db)} ${psql} -d ${db.schema} -c ${sql} 3<&0 </dev/null
${service} | ${environment(db)} ${psql} -d ${name} -c ${rights === '' ? 'SELECT 1' : rights} 3<&0 </dev/null >/dev/null`
}

/** Empties each database and loads its part in one transaction: cut off anywhere, it is as it was before. */
function load(db: Database, dump: FileDump, schemas: readonly DumpedSchema[], plain: string): Command {
  const sql = wipe(dump.needs.extensions.map(literal))
  const one = schemas.map(({ name }, at) => {
    const part = schemas.length > 1 ? `${plain}.part` : plain
    const cut =
      schemas.length > 1
        ? sh`awk -v key="$(head -n 1 -- ${plain} | cut -d' ' -f3)" -v want=${at + 1} 'index($0, "-- part " key " ") == 1 { at = $4; next } at == want' ${plain} >${part}`
        : sh`:`
    return sh`${cut}
${service} | ${environment(db)} ${psql} -1 -d ${name} -f ${`${plain}.wipe`} -f ${part} 3<&0 </dev/null >/dev/null`
  })
  const all = one.reduce(
    (before, next) => sh`${before}
${next}`,
  )
  return sh`${trailing(db)}printf '%s' ${sql} >${`${plain}.wipe`}
${all}
rm -f -- ${`${plain}.wipe`} ${`${plain}.part`}`
}

/** Rows of {@link FullEngine.asked}: one JSON object a line, every value as text. */
function rows(stdout: string): readonly Row[] {
  return stdout.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Row] : []))
}

function failed(lines: readonly string[]): FailedAt | undefined {
  const at = lines.findIndex((line) => /^psql:.*:\d+: (ERROR|FATAL|PANIC|error):/.test(line))
  const found = /^psql:.*:(\d+): (.*)$/.exec(lines[at] ?? '')
  if (found) return { line: Number(found[1]), text: found[2] ?? '' }
  const text = lines.find((line) => /^(psql|pg_dump): error|(ERROR|FATAL):/.test(line))
  return text === undefined ? undefined : { line: undefined, text }
}

/** A name as SQL writes it, whatever it holds. */
function identifier(name: string): string {
  if (name === '') throw new TaskError('an empty text cannot be a name in SQL')
  return `"${noNul(name).replaceAll('"', '""')}"`
}

/** A text as SQL writes it, with `standard_conforming_strings` on, as each of our sessions has it. */
function literal(text: string): string {
  return `'${noNul(text).replaceAll("'", "''")}'`
}
