import { observe } from '../../model/action.ts'
import { sh } from '../../model/command.ts'
import { proofFile } from '../backup/artefact.ts'
import { ask, linesOf } from '../target.ts'
import { contentSize } from './probe.ts'
import type { Database } from './types.ts'

/** Bytes a second that are dumped and read back where no earlier dump says better: an old disk's worth. */
const guessed = 15 * 1024 * 1024

/**
 * About how many bytes a dump of the schema will read, and how many seconds it will take: at the pace of the newest dump of
 * this database below `to`, or at a guess, which is said.
 *
 * @example
 * database.estimate({ db: { name: 'am_db', holds: ['apim'], engine: 'mysql', host: 'db.example.com', port: 3306, schema: 'am', user: 'admin', password: secret('env:DB') }, to: '/backups' })
 */
export const estimate = observe(
  'database.estimate',
  async (on, { db, to }: { db: Database; to: string }) => {
    const bytes = await contentSize(on, db, db.schema)
    const { stdout } = await ask(
      on,
      sh.read`set -- $(ls -t -- ${to}/*/*-${db.name}.sql.gz${proofFile('')} 2>/dev/null | head -n 1); [ $# = 0 ] || cat -- "$1"`,
    )
    const last = /"plain":(\d+),"seconds":(\d+)/.exec(linesOf(stdout).at(-1) ?? '')
    const pace = last ? Math.max(1, Number(last[1])) / Math.max(1, Number(last[2])) : guessed
    const seconds = Math.ceil(bytes / pace)
    on.say(
      `${db.name}: ${Math.ceil(bytes / 2 ** 20)} MiB, to be dumped in about ${seconds} s ${last ? 'as the last time' : '(a guess: there is no earlier dump)'}`,
    )
    return { bytes, seconds, guessed: last === null }
  },
  // It grows while users work.
  { steady: () => null },
)
