import type { On } from '../../model/action.ts'
import { type Command, sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import type { Text } from '../../model/secret.ts'
import { ask, linesOf } from '../target.ts'
import { fullEngineOf } from './engines.ts'
import type { Ask, Database } from './types.ts'

/** What our scripts need on their standard input: a line with the password. */
export const passwordOf = (db: Database, more = ''): Text => [db.password, '\n', more]

/**
 * The beginning of a script that works with a database: the password is read into a variable of the shell, which is no
 * environment of any process, and the rest of the input stays where it is.
 */
export const opening: Command = sh.read`unset password; IFS= read -r password || :`

/** Shell after which these files, and the directories that engines make beside them, are gone whatever happens but SIGKILL; and at once. */
export function sweeping(...files: readonly string[]): Command {
  const all = files.flatMap((file) => [file, `${file}.d`, `${file}.wipe`, `${file}.part`])
  return sh`key= position=
sweep() { rm -rf -- ${all}; }
sweep
trap sweep EXIT
trap 'exit 143' HUP INT TERM`
}

/** Questions to the server of a database, which only read. The statement goes by standard input: nobody sees it in a list of processes. */
export function asker(on: On, db: Database): Ask {
  const engine = fullEngineOf(db, 'asking questions')
  return async (sql, schema) => {
    const command = sh.read`${opening}
exec 4<&0
${engine.query(db, schema)}`
    const { code, stdout, stderr } = await ask(on, command, {
      stdin: passwordOf(db, engine.asked(sql)),
      timeout: 3600,
    })
    if (code !== 0)
      throw new TaskError(`${db.name}: the query failed on ${db.host}:${db.port}`, linesOf(stderr).slice(-5))
    return engine.rows(stdout)
  }
}
