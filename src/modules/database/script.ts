import { type Action, change, restored } from '../../model/action.ts'
import { type Command, sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { runJob } from '../target.ts'
import { opening, passwordOf } from './ask.ts'
import { engineOf, note } from './engines.ts'
import type { Database } from './types.ts'

type ScriptInput = {
  readonly db: Database
  /** A file of SQL on the machine. */
  readonly file: string
  /** The lines that begin and end a section to leave out; both must stand in the file, once each. */
  readonly without?: { readonly from: string; readonly to: string } | undefined
  /** All of it or nothing, where the engine can: PostgreSQL. Elsewhere DDL is kept as it is done. */
  readonly transaction?: boolean | undefined
  readonly note?: string
}

const scripted = change('database.script', {
  async apply(on, { db, file, without, transaction }: ScriptInput) {
    const engine = engineOf(db)
    const whole = without === undefined ? file : `${await on.keep()}/script.sql`
    const command = sh`set -eu
umask 077
${opening}
${without === undefined ? sh`` : cut(file, without, whole)}
${engine.script(db, whole, { transaction: transaction ?? false })}`
    const said = await runJob(on, 'script', command, { stdin: passwordOf(db) }).catch((error: unknown) => {
      const at =
        error instanceof TaskError ? engine.failed(error.evidence.map((line) => line.trim())) : undefined
      if (at === undefined || !(error instanceof TaskError)) throw error
      const line = at.line === undefined ? '' : `, line ${at.line}`
      throw new TaskError(`${db.name}: ${file}${line}: ${at.text}`, error.evidence)
    })
    return { file, said: said.slice(-5) }
  },
  undo: restored,
})

/**
 * Runs a script in the database's own client, which knows `DELIMITER` or `$$`. The first error ends it, and the error names
 * its line; only the play's restore point brings it back. psql's own commands are refused in it.
 *
 * @example
 * database.script({ db: { name: 'am_db', holds: ['apim'], engine: 'mysql', host: 'db.example.com', port: 3306, schema: 'am', user: 'admin', password: secret('env:DB') }, file: '/srv/app/mysql.sql' })
 */
export function script(input: Omit<ScriptInput, 'note'>): Action<{ file: string; said: readonly string[] }> {
  return scripted({ ...input, ...note(input.db) })
}

// Lines that are left out stay as empty ones, so that an error names the line of the script as it came.
function cut(file: string, { from, to }: { from: string; to: string }, into: string): Command {
  return sh`[ "$(grep -cxF -e ${from} -- ${file})" = 1 ] && [ "$(grep -cxF -e ${to} -- ${file})" = 1 ] || { echo "the section to leave out is not marked in the script"; exit 4; }
awk -v from=${from} -v to=${to} '$0 == from { out = 1 } { print out ? "" : $0 } $0 == to { out = 0 }' ${file} > ${into}`
}
