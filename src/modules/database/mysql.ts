import { type Command, sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import type { Text } from '../../model/secret.ts'
import { ask, linesOf } from '../target.ts'
import type { Database } from './types.ts'

type Machine = Parameters<typeof ask>[0]

/** What the clients need on their standard input: the password alone, which {@link optionFile} makes an option file of. */
export const passwordOf = (db: Database): Text => [db.password]

/**
 * Reads the password from stdin and writes an option file to stdout. It never is in an argument, an environment or a
 * file; quotes and backslashes in it are escaped as the clients read them.
 */
export const optionFile: Command = sh.read`{ printf '[client]\npassword="'; sed 's/[\\"]/\\&/g' | tr -d '\n'; printf '"\n'; }`

/** The client or the dump program under whichever name the machine has it. */
export const client: Command = sh.read`"$(command -v mariadb || command -v mysql)"`
export const dumper: Command = sh.read`"$(command -v mariadb-dump || command -v mysqldump)"`

/** Arguments that say which server: the option file first, as the clients demand. */
export function server(db: Database): Command {
  return sh.read`--defaults-extra-file=/dev/fd/3 --protocol=tcp --host=${db.host} --port=${db.port} --user=${db.user} --default-character-set=utf8mb4`
}

/** A dump of the schema to stdout. Equal content gives equal bytes: no dates, rows in the order of their keys. */
export function dumpCommand(db: Database): Command {
  return sh.read`${optionFile} | ${dumper} ${server(db)} --single-transaction --routines --events --triggers --hex-blob --skip-dump-date --order-by-primary --no-tablespaces ${db.schema} 3<&0 </dev/null`
}

/** Runs a file of SQL in the schema, by the client itself (it knows DELIMITER); stops at the first error. */
export function scriptCommand(db: Database, file: string): Command {
  return sh`${optionFile} | ${client} ${server(db)} --batch ${db.schema} 3<&0 <${file}`
}

/** Drops the schema and makes it again, empty. */
export function recreateCommand(db: Database, charset: string, collation: string): Command {
  const sql = `DROP DATABASE IF EXISTS ${name(db.schema)}; CREATE DATABASE ${name(db.schema)} CHARACTER SET ${word(charset)} COLLATE ${word(collation)}`
  return sh`${optionFile} | ${client} ${server(db)} --batch -e ${sql} 3<&0 </dev/null`
}

/** Rows of a query that only reads, each a list of columns. */
export async function query(on: Machine, db: Database, sql: string): Promise<readonly (readonly string[])[]> {
  const command = sh.read`${optionFile} | ${client} ${server(db)} --batch --skip-column-names -e ${sql} 3<&0 </dev/null`
  const { code, stdout, stderr } = await ask(on, command, { stdin: passwordOf(db), timeout: 600 })
  if (code !== 0)
    throw new TaskError(`${db.name}: the query failed on ${db.host}:${db.port}`, linesOf(stderr).slice(-5))
  return linesOf(stdout).map((line) => line.split('\t'))
}

/** A name as SQL writes it. */
export function name(identifier: string): string {
  if (!/^[A-Za-z0-9_$-]+$/.test(identifier))
    throw new TaskError(`"${identifier}" cannot be the name of a schema or table here`)
  return `\`${identifier}\``
}

/** A text as SQL writes it. */
export function literal(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
}

function word(text: string): string {
  if (!/^[A-Za-z0-9_]+$/.test(text)) throw new TaskError(`"${text}" is no character set or collation`)
  return text
}
