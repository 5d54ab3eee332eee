import { change, restored } from '../../model/action.ts'
import { type Command, sh } from '../../model/command.ts'
import { runJob } from '../target.ts'
import { onlyMysql } from './dump.ts'
import { passwordOf, scriptCommand } from './mysql.ts'
import type { Database } from './types.ts'

type ScriptInput = {
  readonly db: Database
  /** A file of SQL on the machine. */
  readonly file: string
  /** The lines that begin and end a section to leave out; both must stand in the file, once each. */
  readonly without?: { readonly from: string; readonly to: string }
}

/** Runs a script in the database's own client. The first error ends it; only the play's restore point brings it back. */
export const script = change('database.script', {
  async apply(on, { db, file, without }: ScriptInput) {
    onlyMysql(db)
    const whole = without === undefined ? file : `${await on.keep()}/script.sql`
    const said = await runJob(
      on,
      'script',
      sh`set -eu
umask 077
${without === undefined ? sh`` : cut(file, without, whole)}
${scriptCommand(db, whole)}`,
      { stdin: passwordOf(db) },
    )
    return { file, said: said.slice(-5) }
  },
  undo: restored,
})

function cut(file: string, { from, to }: { from: string; to: string }, into: string): Command {
  return sh`[ "$(grep -cxF -e ${from} -- ${file})" = 1 ] && [ "$(grep -cxF -e ${to} -- ${file})" = 1 ] || { echo "the section to leave out is not marked in the script"; exit 4; }
awk -v from=${from} -v to=${to} '$0 == from { out = 1 } !out { print } $0 == to { out = 0 }' ${file} > ${into}`
}
