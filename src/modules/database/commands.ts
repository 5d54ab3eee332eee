import type { On } from '../../model/action.ts'
import { type Command, sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { ask, linesOf, runJob } from '../target.ts'
import { opening, passwordOf } from './ask.ts'
import { engineOf } from './engines.ts'
import type { CommandDump, Database } from './types.ts'

type Way = { readonly who: string; readonly line: Command }

/** Makes a backup by the operator's command, or by the engine's server, and has it verified by theirs. */
export async function backUp(on: On, db: Database, file: string): Promise<CommandDump> {
  const { who, line } = way(db, file, 'command')
  await runJob(on, 'backup', script(file, line), { stdin: passwordOf(db), env: environment(db, file) })
  await verifyBackup(on, db, file)
  on.say(`${db.name} is backed up by ${who}, and verified`)
  return { kind: 'commands', engine: db.engine, file }
}

/** Throws unless the command that verifies says that the backup is whole. */
export async function verifyBackup(on: On, db: Database, file: string): Promise<void> {
  const { who, line } = way(db, file, 'verify')
  const { code, stdout, stderr } = await ask(on, sh.read`${opening}; ${line}`, {
    stdin: passwordOf(db),
    env: environment(db, file),
    timeout: 4 * 3600,
  })
  if (code !== 0)
    throw new TaskError(
      `${db.name}: the backup ${file} on ${on.name} is not whole: ${who} exited ${code} when it verified it`,
      linesOf(stdout + stderr).slice(-10),
    )
}

/** Verifies, and puts back. */
export async function restoreBackup(on: On, db: Database, file: string): Promise<void> {
  await verifyBackup(on, db, file)
  const { who, line } = way(db, file, 'restore')
  await runJob(on, 'restore', script(file, line), { stdin: passwordOf(db), env: environment(db, file) })
  on.say(`${db.name} is back to ${file}, by ${who}; what it holds was not compared`)
}

const script = (file: string, line: Command): Command => sh`set -eu
umask 077
mkdir -p -- "$(dirname -- ${file})"
${opening}
${line}`

function way(db: Database, file: string, what: 'command' | 'verify' | 'restore'): Way {
  const engine = engineOf(db)
  if (db.backup !== undefined) {
    const words = db.backup[what]
    return {
      who: `the operator's ${words[0]}`,
      line: sh.read`printf '%s\n' "$password" | ${words}`,
    }
  }
  if (engine.kind === 'full') throw new TaskError(`${db.name} is not backed up by commands`)
  return { who: `${engine.product} (not rehearsed here)`, line: engine.backup(db, file)[what] }
}

const environment = (db: Database, file: string): Readonly<Record<string, string>> => ({
  UPGRADE_FLEET_DATABASE: db.schema,
  UPGRADE_FLEET_HOST: db.host,
  UPGRADE_FLEET_PORT: String(db.port),
  UPGRADE_FLEET_USER: db.user,
  UPGRADE_FLEET_BACKUP: file,
})
