import { type Command, sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { catalogue } from './mysql-catalogue.ts'
import { missing, unpositioned } from './mysql-privileges.ts'
import { identifier, literal } from './mysql-text.ts'
import type { Database, DumpedSchema, FailedAt, FileDump, FullEngine, Row } from './types.ts'

/**
 * Writes an option file with the password to stdout, which the client reads from descriptor 3: it never is in an
 * argument, an environment or a file. Quotes and backslashes in it are escaped as the clients read them.
 */
const options: Command = sh.read`{ printf '[client]\npassword="'; printf '%s' "$password" | sed 's/[\\"]/\\&/g' | tr -d '\n'; printf '"\n'; }`

const client: Command = sh.read`"$(command -v mariadb || command -v mysql)"`
const dumper: Command = sh.read`"$(command -v mariadb-dump || command -v mysqldump)"`

/** Arguments that say which server: the option file first, as the clients demand. */
function server(db: Database): Command {
  return sh.read`--defaults-extra-file=/dev/fd/3 --protocol=tcp --host=${db.host} --port=${db.port} --user=${db.user} --default-character-set=utf8mb4 --max-allowed-packet=1G`
}

/** MySQL and MariaDB. */
export const mysql: FullEngine = {
  kind: 'full',
  name: 'mysql',
  product: 'MySQL and MariaDB',
  port: 3306,
  programs: ['mariadb|mysql', 'mariadb-dump|mysqldump'],
  identifier,
  literal,
  asked: (sql) => `SET SESSION sql_mode = ''; SET SESSION TRANSACTION READ ONLY;\n${sql}`,
  query: (db, schema) =>
    sh.read`${options} | ${client} ${server(db)} --xml ${schema === undefined ? [] : [schema]} 3<&0 <&4`,
  rows,
  script: (db, file) => sh`${options} | ${client} ${server(db)} --batch ${db.schema} 3<&0 <${file}`,
  failed,
  dump,
  reading: {
    count: sh.read`{ grep -ac '^CREATE TABLE ' || [ $? = 1 ]; }`,
    ends: sh.read`tail -n 3 | grep -q '^-- Dump completed'`,
    end: '-- Dump completed',
  },
  // Comments, and the empty lines around them, tell of host, version and the place in the binary log; no row begins so.
  canonical: sh.read`LC_ALL=C grep -av -e '^--\( \|$\)' -e '^$'`,
  load,
  scratch: {
    make: () => sh`:`,
    drop: (db, name) =>
      sh`${options} | ${client} ${server(db)} --batch -e ${`DROP DATABASE IF EXISTS ${identifier(name)}`} 3<&0 </dev/null`,
    missing: async () => [],
    runsByItself: {
      asked:
        "SELECT COUNT(*) AS runs FROM information_schema.global_variables WHERE variable_name = 'EVENT_SCHEDULER' AND variable_value = 'ON'",
      // One that is off in the dump is off in the scratch schema too.
      count: sh.read`LC_ALL=C awk '/^(\/[*]![0-9]+ )?CREATE.* EVENT / { if (!match($0, / ON COMPLETION (NOT )?PRESERVE /) || substr($0, RSTART + RLENGTH) !~ /^DISABLE/) n++ } END { print n + 0 }'`,
    },
  },
  catalogue,
  missing,
  unpositioned,
}

/**
 * All schemas in one transaction with a consistent snapshot. Equal content gives equal bytes but for comments: no dates,
 * rows in the order of their keys. What MySQL's and MariaDB's programs do not both know is asked of their help.
 */
function dump(db: Database, schemas: readonly string[], into: string, positioned: boolean): Command {
  const position = positioned
    ? sh`if has source-data; then set -- "$@" --source-data=2; else set -- "$@" --master-data=2; fi`
    : sh`:`
  // One schema alone is not named in its dump, so that it can be loaded under another name.
  const which = schemas.length === 1 ? schemas : ['--databases', ...schemas]
  return sh`help=$(${dumper} --no-defaults --help 2>/dev/null) || :
has() { printf '%s\n' "$help" | grep -q -e "^  --$1"; }
set --
if has set-gtid-purged; then set -- "$@" --set-gtid-purged=OFF; fi
if has column-statistics; then set -- "$@" --column-statistics=0; fi
${position}
${options} | ${dumper} ${server(db)} --single-transaction --routines --events --triggers --hex-blob --skip-dump-date --order-by-primary --no-tablespaces --no-create-db "$@" ${which} 3<&0 </dev/null >${into}
position=$(head -n 60 -- ${into} | sed -n "s/^-- CHANGE .*_LOG_FILE='\([^']*\)', [A-Z_]*_LOG_POS=\([0-9]*\);\$/\1:\2/p")`
}

function load(db: Database, _dump: FileDump, schemas: readonly DumpedSchema[], plain: string): Command {
  const sql = schemas
    .map(
      ({ name, charset, collation }) =>
        `DROP DATABASE IF EXISTS ${identifier(name)}; CREATE DATABASE ${identifier(name)} CHARACTER SET ${word(charset)} COLLATE ${word(collation)};`,
    )
    .join('\n')
  const [only] = schemas
  const into = schemas.length === 1 && only !== undefined ? [only.name] : []
  return sh`${options} | ${client} ${server(db)} --batch -e ${sql} 3<&0 </dev/null
${options} | ${client} ${server(db)} --batch ${into} 3<&0 <${plain}`
}

/** Rows out of the client's XML, the one form of it that tells NULL from a text and keeps line ends. */
function rows(stdout: string): readonly Row[] {
  return [...stdout.matchAll(/<row>(.*?)<\/row>/gs)].map(([, row = '']) => {
    const fields = row.matchAll(/<field name="([^"]*)"(?: xsi:nil="true" \/>|>([^<]*)<\/field>)/g)
    return Object.fromEntries(
      [...fields].map(([, name = '', text]) => [
        plainText(name).toLowerCase(),
        text === undefined ? null : plainText(text),
      ]),
    )
  })
}

const signs: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', amp: '&' }
const plainText = (xml: string): string =>
  xml.replace(/&(lt|gt|quot|amp);/g, (whole, sign: string) => signs[sign] ?? whole)

function failed(lines: readonly string[]): FailedAt | undefined {
  const text = lines.find((line) => /^ERROR( \d+ \(\w+\))?( at line \d+)?[: ]/.test(line))
  const line = text?.match(/ at line (\d+)/)?.[1]
  return text === undefined ? undefined : { line: line === undefined ? undefined : Number(line), text }
}

function word(text: string): string {
  if (!/^[A-Za-z0-9_]+$/.test(text)) throw new TaskError(`"${text}" is no character set or collation`)
  return text
}
