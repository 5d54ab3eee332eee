import { type Command, sh } from '../../model/command.ts'
import type { CommandEngine, Database } from './types.ts'

const name = (text: string): string => `[${text.replaceAll(']', ']]')}]`
const literal = (text: string): string => `N'${text.replaceAll("'", "''")}'`

/** sqlcmd, which asks for the password where none is given, and reads it from standard input. `-b` ends it at the first error, `-I` is as JDBC quotes. */
const sqlcmd = (db: Database, schema: string, what: readonly string[]): Command =>
  sh`printf '%s\n' "$password" | sqlcmd -S ${`tcp:${db.host},${db.port}`} -U ${db.user} -d ${schema} -b -I -r 1 ${what}`

/**
 * SQL Server: sqlcmd for scripts, `BACKUP DATABASE` with checksums for backups, which the server writes to that path on its own
 * machine.
 */
export const mssql: CommandEngine = {
  kind: 'commands',
  name: 'mssql',
  product: 'SQL Server',
  port: 1433,
  programs: ['sqlcmd'],
  // `-x`: what looks like a variable of sqlcmd in a script is text.
  script: (db, file) => sqlcmd(db, db.schema, ['-x', '-i', file]),
  failed(lines) {
    const at = lines.findIndex((line) => /^Msg \d+, Level \d+/.test(line))
    if (at === -1) return undefined
    const line = lines[at]?.match(/, Line (\d+)/)?.[1]
    return {
      line: line === undefined ? undefined : Number(line),
      text: `${lines[at]}: ${lines[at + 1] ?? ''}`,
    }
  },
  backup(db, stem) {
    const disk = `DISK = ${literal(`${stem}.bak`)}`
    const schema = name(db.schema)
    return {
      command: sqlcmd(db, 'master', [
        '-Q',
        `BACKUP DATABASE ${schema} TO ${disk} WITH COPY_ONLY, CHECKSUM, INIT, FORMAT`,
      ]),
      verify: sqlcmd(db, 'master', ['-Q', `RESTORE VERIFYONLY FROM ${disk} WITH CHECKSUM`]),
      restore: sqlcmd(db, 'master', [
        '-Q',
        `ALTER DATABASE ${schema} SET SINGLE_USER WITH ROLLBACK IMMEDIATE; RESTORE DATABASE ${schema} FROM ${disk} WITH REPLACE, CHECKSUM; ALTER DATABASE ${schema} SET MULTI_USER`,
      ]),
    }
  },
}
