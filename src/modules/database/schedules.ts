import { change, type On, observe } from '../../model/action.ts'
import { sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { ask, linesOf } from '../target.ts'
import { asker, opening, passwordOf } from './ask.ts'
import { fullEngineOf } from './engines.ts'
import { grantsOf, holdsPrivilege } from './mysql-privileges.ts'
import type { Database, FullEngine } from './types.ts'

/** An event of MySQL that is on, whose rights it runs with, and what of its session it keeps: an ALTER gives it that of its own. */
export type Schedule = {
  readonly name: string
  readonly definer: string
  readonly mode: string
  readonly charset: string
  readonly collation: string
}

/** What the database's server would run by itself in a schema, and what of it we may not turn off, each with what to type. */
export type Schedules = { readonly running: readonly Schedule[]; readonly beyond: readonly string[] }

type Input = { readonly db: Database }

/**
 * What runs by the clock in a schema: MySQL's events while its event scheduler is on, jobs of pg_cron in PostgreSQL. pg_cron
 * keeps its jobs in one database of the server, and they are only seen there; elsewhere that it runs is said.
 *
 * @example
 * database.schedules({ db: { name: 'am_db', holds: ['apim'], engine: 'mysql', host: 'db.example.com', port: 3306, schema: 'am', user: 'admin', password: secret('env:DB') } })
 */
export const schedules = observe('database.schedules', (on, { db }: Input) => schedulesOf(on, db))

/**
 * A gate: holds when all that the server would run by itself can be turned off by `database.pause`.
 *
 * @example
 * database.pausable({ db: { name: 'am_db', holds: ['apim'], engine: 'mysql', host: 'db.example.com', port: 3306, schema: 'am', user: 'admin', password: secret('env:DB') } })
 */
export const pausable = observe('database.pausable', async (on, { db }: Input) => {
  const { running, beyond } = await schedulesOf(on, db)
  if (beyond.length > 0)
    throw new TaskError(
      `${db.name}: its server runs something by the clock that ${db.user} may not turn off`,
      beyond,
    )
  return { events: running.map(({ name }) => name) }
})

/** Throws {@link TaskError} when the server would run something in the schema by itself. */
export async function nothingScheduled(on: On, db: Database): Promise<void> {
  const { running, beyond } = await schedulesOf(on, db)
  const found = [...running.map(({ name }) => `the event ${name} is on`), ...beyond]
  if (found.length > 0) throw new TaskError(`${db.name}: something runs in it by the clock`, found)
}

async function schedulesOf(on: On, db: Database): Promise<Schedules> {
  const engine = fullEngineOf(db, 'what runs by the clock')
  return engine.name === 'mysql' ? events(on, db, engine) : cronJobs(on, db, engine)
}

async function events(on: On, db: Database, engine: FullEngine): Promise<Schedules> {
  const query = asker(on, db)
  const [now] = await query('SELECT @@event_scheduler AS scheduler, CURRENT_USER() AS me')
  if (now?.['scheduler'] !== 'ON') return { running: [], beyond: [] }
  const rows = await query(
    `SELECT event_name AS name, definer AS definer, sql_mode AS mode, character_set_client AS charset, collation_connection AS collation FROM information_schema.events WHERE event_schema = ${engine.literal(db.schema)} AND status = 'ENABLED' ORDER BY 1`,
  )
  const running = rows.map((row) => ({
    name: row['name'] ?? '',
    definer: row['definer'] ?? '',
    mode: row['mode'] ?? '',
    charset: row['charset'] ?? '',
    collation: row['collation'] ?? '',
  }))
  const others = running.filter(({ definer }) => definer !== now['me'])
  if (others.length === 0) return { running, beyond: [] }
  const grants = grantsOf(
    (await query('SHOW GRANTS')).flatMap((row) => Object.values(row)).filter((line) => line !== null),
  )
  const may = ['SUPER', 'SET USER', 'SET_USER_ID', 'SET_ANY_DEFINER'].some((each) =>
    holdsPrivilege(grants, each),
  )
  return {
    running,
    beyond: may
      ? []
      : others.map((one) => `${turned(engine, db, one, 'DISABLE')}; and after the upgrade ENABLE`),
  }
}

async function cronJobs(on: On, db: Database, engine: FullEngine): Promise<Schedules> {
  const query = asker(on, db)
  const [there] = await query(
    "SELECT count(*) AS jobs FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'cron' AND c.relname = 'job'",
  )
  if (there?.['jobs'] !== '0') {
    const jobs = await query(
      `SELECT jobid, schedule, command FROM cron.job WHERE active AND database = ${engine.literal(db.schema)} ORDER BY 1`,
    )
    return {
      running: [],
      beyond: jobs.map(
        ({ jobid, schedule, command }) =>
          `SELECT cron.alter_job(${jobid}, active := false); and after the upgrade true: it runs ${(command ?? '').slice(0, 100)} at ${schedule}`,
      ),
    }
  }
  const launchers = await query(
    "SELECT pid FROM pg_stat_activity WHERE backend_type LIKE 'pg\\_cron%' OR application_name LIKE 'pg\\_cron%'",
  )
  if (launchers.length > 0)
    on.say(
      `${db.name}: pg_cron runs on ${db.host}, and its jobs are not seen from here: look whether one works in ${db.schema}`,
    )
  return { running: [], beyond: [] }
}

/** What was turned off, to be turned on again. */
export type Paused = { readonly paused: readonly Schedule[] }

/**
 * Turns the schema's events off, one by one, each keeping its definer (an event belongs to whom altered it last). The server's
 * own switch is left alone: it is for all schemas, wants SUPER, and is back at the server's next start. Throws where something
 * runs that only a person can turn off, as jobs of pg_cron are. Undo turns on again what was on and is still there.
 *
 * @example
 * database.pause({ db: { name: 'am_db', holds: ['apim'], engine: 'mysql', host: 'db.example.com', port: 3306, schema: 'am', user: 'admin', password: secret('env:DB') } })
 */
export const pause = change<Input, Paused, Paused>('database.pause', {
  async check(on, { db }, was) {
    const { running, beyond } = await schedulesOf(on, db)
    return running.length + beyond.length === 0 ? (was ?? { paused: [] }) : undefined
  },
  async remember(on, { db }) {
    return { paused: (await schedulesOf(on, db)).running }
  },
  async apply(on, { db }, { paused }) {
    await turn(on, db, paused, 'DISABLE')
    await nothingScheduled(on, db)
    return { paused }
  },
  async undo(on, { db }, { paused }) {
    await turn(on, db, paused, 'ENABLE')
  },
})

/**
 * Turns on again what `database.pause` turned off, by its output, as far as it is still there. Undo turns off what was off.
 *
 * @example
 * database.unpause({ db: { name: 'am_db', holds: ['apim'], engine: 'mysql', host: 'db.example.com', port: 3306, schema: 'am', user: 'admin', password: secret('env:DB') }, paused: [{ name: 'nightly', definer: 'admin@%', mode: '', charset: 'utf8mb4', collation: 'utf8mb4_bin' }] })
 */
export const unpause = change<Input & Paused, { readonly on: readonly string[] }, Paused>(
  'database.unpause',
  {
    async check(on, { db, paused }) {
      return (await still(on, db, paused, 'DISABLED')).length === 0
        ? { on: paused.map(({ name }) => name) }
        : undefined
    },
    async remember(on, { db, paused }) {
      return { paused: await still(on, db, paused, 'DISABLED') }
    },
    async apply(on, { db, paused }) {
      await turn(on, db, paused, 'ENABLE')
      return { on: paused.map(({ name }) => name) }
    },
    async undo(on, { db }, { paused }) {
      await turn(on, db, paused, 'DISABLE')
    },
  },
)

async function turn(on: On, db: Database, all: readonly Schedule[], to: 'ENABLE' | 'DISABLE'): Promise<void> {
  const engine = fullEngineOf(db, 'what runs by the clock')
  const wanted = await still(on, db, all, to === 'ENABLE' ? 'DISABLED' : 'ENABLED')
  if (wanted.length === 0) return
  const file = `${await on.keep()}/schedules.sql`
  await on.put(
    { text: wanted.map((one) => `${asIts(engine, one)}${turned(engine, db, one, to)};\n`).join('') },
    file,
    {
      mode: 0o600,
      signal: on.signal,
    },
  )
  const { code, stdout, stderr } = await ask(
    on,
    sh`${opening}
${engine.script(db, file, { transaction: false })}`,
    { stdin: passwordOf(db), timeout: 600 },
  )
  if (code !== 0)
    throw new TaskError(
      `${db.name}: its events could not be turned ${to === 'ENABLE' ? 'on' : 'off'}`,
      linesOf(stdout + stderr).slice(-5),
    )
}

/** Those of them that are in the schema, in that state. */
async function still(
  on: On,
  db: Database,
  all: readonly Schedule[],
  status: string,
): Promise<readonly Schedule[]> {
  if (all.length === 0) return []
  const engine = fullEngineOf(db, 'what runs by the clock')
  const rows = await asker(
    on,
    db,
  )(
    `SELECT event_name AS name FROM information_schema.events WHERE event_schema = ${engine.literal(db.schema)} AND status = ${engine.literal(status)}`,
  )
  return all.filter((one) => rows.some(({ name }) => name === one.name))
}

function asIts(engine: FullEngine, { mode, charset, collation }: Schedule): string {
  const text = (value: string) => engine.literal(value)
  return `SET SESSION sql_mode = ${text(mode)}, character_set_client = ${text(charset)}, collation_connection = ${text(collation)};\n`
}

function turned(
  engine: FullEngine,
  db: Database,
  { name, definer }: Schedule,
  to: 'ENABLE' | 'DISABLE',
): string {
  const at = definer.lastIndexOf('@')
  const who = `${engine.identifier(definer.slice(0, at))}@${engine.identifier(definer.slice(at + 1))}`
  return `ALTER DEFINER = ${who} EVENT ${engine.identifier(db.schema)}.${engine.identifier(name)} ${to}`
}
