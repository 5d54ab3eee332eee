import { type Command, sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import type { CommandEngine, Database } from './types.ts'

/** Names that the command line processor takes without quotes, which it does not have for all of them. */
function word(text: string): string {
  if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(text))
    throw new TaskError(`"${text}" cannot be handed to DB2's command line`)
  return text
}

// Between its quotes a password may hold all but these.
const sound: Command = sh.read`case $password in *"'"*) echo "a DB2 password cannot hold a quote here" >&2; exit 4;; esac`

/** Statements for the command line processor by standard input, ended by `;`. `-s` ends it at the first error, `+p` is without a prompt; 4 and more are errors. */
const clp = (db: Database, body: Command): Command => sh`${sound}
{ printf "CONNECT TO %s USER %s USING '%s';\n" ${word(db.schema)} ${word(db.user)} "$password"; ${body}; } | { code=0; db2 +p -s -t || code=$?; db2 -o- terminate; [ "$code" -lt 4 ]; }`

/** The statement of a utility that connects by itself. */
const utility = (db: Database, before: string, after: string): Command => sh`${sound}
printf "%s USER %s USING '%s' %s;\n" ${before} ${word(db.user)} "$password" ${after} | { code=0; db2 +p -s -t || code=$?; [ "$code" -lt 4 ]; }`

/** DB2, from a client that has the database catalogued: `db2` for scripts, `BACKUP DATABASE` for backups, into a directory that the server sees. */
export const db2: CommandEngine = {
  kind: 'commands',
  name: 'db2',
  product: 'DB2',
  port: 50000,
  programs: ['db2', 'db2ckbkp'],
  script: (db, file) => clp(db, sh`cat -- ${file}`),
  failed(lines) {
    const text = lines.find((line) => /^(SQL|DB2)\d{4,5}[NC]/.test(line))
    const line = text?.match(/LINE NUMBER=(\d+)/)?.[1]
    return text === undefined ? undefined : { line: line === undefined ? undefined : Number(line), text }
  },
  backup(db, stem) {
    const schema = word(db.schema)
    return {
      command: sh`mkdir -p -- ${stem}
${utility(db, `BACKUP DATABASE ${schema}`, `TO ${path(stem)} COMPRESS WITHOUT PROMPTING`)}`,
      verify: sh.read`set -- ${stem}/${schema.toUpperCase()}.*; [ -e "$1" ] && db2ckbkp "$@"`,
      restore: utility(
        db,
        `RESTORE DATABASE ${schema}`,
        `FROM ${path(stem)} REPLACE EXISTING WITHOUT PROMPTING`,
      ),
    }
  },
}

function path(text: string): string {
  if (!/^[A-Za-z0-9/_.-]+$/.test(text))
    throw new TaskError(`"${text}" cannot be handed to DB2's command line`)
  return text
}
