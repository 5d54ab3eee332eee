import { type Action, change, type On } from '../../model/action.ts'
import { type Command, sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { clock, ask as run, runJob } from '../target.ts'
import { asker, opening, passwordOf } from './ask.ts'
import { fullEngineOf } from './engines.ts'
import { proveFile } from './proof.ts'
import { again, loadDump } from './restore.ts'
import type { Ask, Database, Dump, DumpNeeds, FileDump, FullEngine } from './types.ts'

type Input = { readonly db: Database; readonly dump: Dump }

/** What a rehearsal of a database came to. */
export type RehearsedDatabase = {
  readonly kind: 'database'
  readonly file: string
  /** Whether a second dump was equal; else tables and their rows were counted, which is all that can be had under another name. */
  readonly exact: boolean
  readonly entries: number
  readonly seconds: number
}

const suffix = '_rehearsal'

/** The schema in which the dump of another is tried. */
export const scratchOf = (schema: string): string => `${schema}${suffix}`

/**
 * Restores a dump into a schema of its own on the server, `SCHEMA_rehearsal`, compares and times it, and drops it again, also when
 * it fails. Refused before anything is made: a right that is missing, no room, a name that is taken, a dump of several schemas
 * (their names stand in it), and one whose events would run beside the live ones. `db` may be another server.
 */
export const rehearse = (input: Input): Action<RehearsedDatabase> => rehearsed(input)
const rehearsed = change<Input, RehearsedDatabase, { readonly schema: string }>('database.rehearse', {
  async remember(on, { db, dump }) {
    const schema = scratchOf(mustBeOne(dump).schemas[0]?.name ?? db.schema)
    const engine = fullEngineOf(db, 'a rehearsal')
    if (Buffer.byteLength(schema) > 63) throw new TaskError(`${schema} is too long a name for a schema`)
    const there = await asker(on, db)(engine.catalogue.schemas([schema]))
    if (there.length > 0)
      throw new TaskError(
        `${db.name}: there is a schema ${schema} on ${db.host}:${db.port}, and this run did not make it: look what it is, and drop it`,
      )
    return { schema }
  },
  async apply(on, { db, dump }, { schema }) {
    const one = mustBeOne(dump)
    await proveFile(on, one)
    if (!(await on.begun(jobOf(1)))) await mustBePossible(on, db, one, schema)
    const scratch: Database = { ...db, name: `${db.name} (rehearsal)`, schema }
    const began = clock()
    try {
      const { tables, exact } = await loaded(on, db, one, scratch)
      const seconds = Math.ceil(clock() - began)
      on.say(
        `${db.name}: ${dump.file} was restored into ${schema} in ${seconds} s, and is whole: ${tables} tables${exact ? ', proved by a second dump' : ' with as many rows'}`,
      )
      return { kind: 'database', file: dump.file, exact, entries: tables, seconds }
    } finally {
      await drop(on, db, schema, dump.file).catch((error: Error) =>
        on.say(`${schema} was not dropped: ${error.message}`),
      )
    }
  },
  async undo(on, { db, dump }, { schema }) {
    await drop(on, db, schema, dump.file)
  },
})

const jobOf = (turn: number): string => `rehearsal-${turn}`

/**
 * Loads the dump into the schema. A controller that was killed left jobs that are gone on with, if it had not dropped the
 * schema again; else all is done anew, by jobs of another name.
 */
async function loaded(on: On, db: Database, dump: FileDump, scratch: Database) {
  const engine = fullEngineOf(db, 'a rehearsal')
  const { schema } = scratch
  // There was none of that name before this run: what is there came from a try that was cut off.
  const anew = shell(sh`( ${sweep(db, schema, dump.file)} ) || exit 1
${engine.scratch.make(db, schema, dump)}`)
  for (let turn = 1; ; turn += 1) {
    const again = await on.begun(jobOf(turn))
    try {
      await runJob(on, jobOf(turn), anew, { stdin: passwordOf(db) })
      return await loadDump(on, scratch, dump, `restore-${turn}`)
    } catch (error) {
      const gone = (await asker(on, db)(engine.catalogue.schemas([schema]))).length === 0
      if (!again || !gone) throw error
    }
  }
}

const shell = (command: Command) => sh`set -eu
${opening}
${command}`

/** Interrupted or not: nothing of a rehearsal stays. */
async function drop(on: On, db: Database, schema: string, file: string): Promise<void> {
  const result = await on.exec(shell(sweep(db, schema, file)), { stdin: passwordOf(db), timeout: 600 })
  if (result.kind !== 'exit' || result.code !== 0)
    throw new TaskError(`${db.name}: ${schema} could not be dropped`, [result.stderr.trim()])
}

function sweep(db: Database, schema: string, file: string): Command {
  if (!schema.endsWith(suffix)) throw new TaskError(`${schema} is no schema of a rehearsal`)
  return sh`rm -f -- ${again({ file })}
${fullEngineOf(db, 'a rehearsal').scratch.drop(db, schema)}`
}

function mustBeOne(dump: Dump): FileDump {
  if (dump.kind === 'commands')
    throw new TaskError(`${dump.file} was made by commands: only those who wrote them can rehearse it`)
  if (dump.schemas.length !== 1)
    throw new TaskError(
      `${dump.file} is of ${dump.schemas.map(({ name }) => name).join(', ')}: their names stand in it, so it cannot be restored beside them. Rehearse it on another server.`,
    )
  return dump
}

/** What the user of a database lacks to restore a dump with these needs into a schema of its own, each as what is typed for it. */
export async function missingToRehearse(
  engine: FullEngine,
  ask: Ask,
  db: Database,
  { schema, needs }: { readonly schema: string; readonly needs: DumpNeeds },
): Promise<readonly string[]> {
  const missing = await engine.scratch.missing(ask)
  // Where the schema has to be made first, its own rights are asked when it is there.
  if (engine.name !== 'mysql') return missing
  return [...missing, ...(await engine.missing(ask, db, { to: 'restore', schemas: [schema], needs }))]
}

async function mustBePossible(on: On, db: Database, dump: FileDump, schema: string): Promise<void> {
  const engine = fullEngineOf(db, 'a rehearsal')
  const ask = asker(on, db)
  const missing = await missingToRehearse(engine, ask, db, { schema, needs: dump.needs })
  if (missing.length > 0)
    throw new TaskError(
      `${db.name}: ${db.user} may not rehearse a restore in ${schema}, and nothing was made; what is missing:`,
      missing,
    )
  const { runsByItself } = engine.scratch
  if (runsByItself === undefined) return
  const [row] = await ask(runsByItself.asked)
  if (row?.['runs'] === '0') return
  const { stdout } = await run(on, sh.read`gzip -dc <${dump.file} | ${runsByItself.count}`, { timeout: 3600 })
  if (stdout.trim() !== '0')
    throw new TaskError(
      `${db.name}: ${dump.file} has ${stdout.trim()} events, which would run in ${schema} too: SET GLOBAL event_scheduler = OFF for the rehearsal, or rehearse on another server`,
    )
}
