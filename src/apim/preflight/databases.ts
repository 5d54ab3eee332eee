import { observe } from '../../model/action.ts'
import { asker } from '../../modules/database/ask.ts'
import { fullEngineOf } from '../../modules/database/engines.ts'
import type { Database } from '../../modules/database/types.ts'
import { type Finding, finding, tell } from './finding.ts'
import { counted, questions } from './question.ts'

/** What the server of a database is: its version, whether it is or has a replica, what its clock starts in the schema. */
export const databaseServer = observe(
  'apim.databaseServer',
  async (on, { db, accepted }: { db: Database; accepted: readonly string[] }) => {
    const ask = questions(on, db)
    const mysql = db.engine === 'mysql'
    const [version] = await ask(
      mysql ? 'SELECT VERSION() AS v' : "SELECT current_setting('server_version') AS v",
    )
    const [replica] = await ask(
      mysql ? 'SELECT @@global.read_only AS v' : 'SELECT pg_is_in_recovery()::int AS v',
    )
    const followers = await counted(
      ask,
      mysql
        ? "SELECT COUNT(*) AS n FROM information_schema.processlist WHERE command LIKE 'Binlog Dump%'"
        : 'SELECT COUNT(*) AS n FROM pg_stat_replication',
    )
    const events = mysql
      ? await ask(
          "SELECT event_name AS v FROM information_schema.events WHERE event_schema = DATABASE() AND status = 'ENABLED' ORDER BY 1",
        )
      : []
    return tell(
      on,
      `the server of ${db.name}`,
      serverProblems(db, {
        version: version?.['v'] ?? '',
        replica: replica?.['v'] === '1',
        followers,
        events: events.flatMap(({ v }) => v ?? []),
      }),
      accepted,
    )
  },
)

/** What is told of a database's server. */
export type ServerState = {
  readonly version: string
  readonly replica: boolean
  readonly followers: number
  readonly events: readonly string[]
}

/** What is against a database's server. */
export function serverProblems(
  db: Pick<Database, 'name' | 'engine' | 'host' | 'port'>,
  state: ServerState,
): readonly Finding[] {
  const at = `${db.name} (${db.host}:${db.port})`
  const tried = db.engine === 'mysql' && /^(5\.7|8\.)/.test(state.version) && !/mariadb/i.test(state.version)
  return [
    ...(tried
      ? []
      : [
          finding(
            'database-version',
            `${at} is ${db.engine} ${state.version}, which is not among those that the vendor tried with 3.0.0`,
            'rehearse the whole way on a restored dump first',
          ),
        ]),
    ...(state.replica
      ? [
          finding(
            'replica',
            `${at} is a replica, or refuses to be written`,
            'name the server that is written to',
          ),
        ]
      : []),
    ...(state.followers > 0
      ? [
          finding(
            'followed',
            `${at} has ${state.followers} replicas that follow it`,
            'expect them to lag; pause them if they are your way back',
          ),
        ]
      : []),
    ...(state.events.length > 0
      ? [
          finding(
            'scheduled-event',
            `${at} runs by its clock: ${state.events.join(', ')}`,
            `nothing: they are off for the time of the run`,
          ),
        ]
      : []),
  ]
}

/** Who is connected to a schema from a machine that the inventory does not know. */
export const strangers = observe(
  'apim.strangers',
  async (on, { db, hosts }: { db: Database; hosts: readonly string[] }) => {
    const { catalogue } = fullEngineOf(db, 'a list of sessions')
    const rows = await asker(on, db)(catalogue.sessions([db.schema]))
    return tell(
      on,
      `sessions of ${db.name}`,
      strangerProblems(
        db,
        rows.map(({ who, address }) => ({ who: who ?? '?', address: address ?? '' })),
        hosts,
      ),
    )
  },
  { steady: () => null },
)

/**
 * Sessions of machines that are not of the fleet; `hosts` are its addresses and names. A port behind an address is left out.
 * Whoever comes from the database's own machine is of the fleet only where that machine is.
 */
export function strangerProblems(
  { name, host }: Pick<Database, 'name' | 'host'>,
  sessions: readonly { readonly who: string; readonly address: string }[],
  hosts: readonly string[],
): readonly Finding[] {
  const together = hosts.some((each) => each === host || each.startsWith('127.'))
  const own = new Set([...hosts, ...(together ? loopback : [])])
  const from = sessions
    .map(({ who, address }) => ({ who, address: address.replace(/:\d+$/, '') }))
    .filter(({ address }) => !own.has(address))
  return [...new Set(from.map(({ who, address }) => `${who} from ${address || 'its own machine'}`))].map(
    (each) =>
      finding(
        'foreign-session',
        `${name} is used by ${each}, which is no host of the inventory`,
        'find out what it is, and have it stopped with the fleet',
      ),
  )
}

const loopback = ['localhost', '127.0.0.1', '::1', 'this machine or hidden']
