import { play } from '../../model/play.ts'
import { approve, type Part } from '../../model/playbook.ts'
import * as database from '../../modules/database/index.ts'
import { client } from '../client.ts'
import { type Client200, type ClientName, proved } from '../evidence.ts'
import { after } from '../fence.ts'
import { extract } from '../home.ts'
import type { HopSite } from '../site.ts'
import { placePlans } from '../trees.ts'
import type { Hop } from '../versions.ts'
import {
  aloneWith,
  type Checkpoint,
  checkpoint,
  clientOf,
  databasesWith,
  environmentHomes,
  gates,
  type HopPlays,
  holdsApim,
  migrationHome,
  named,
  scriptOf,
  unverified,
  zipOf,
} from './common.ts'

/** Everything that the API Manager's client of 2.0.0 does, and the identity scripts beside it; with which a person begins, and what reads that all is done. */
type ClientPlays = {
  readonly questions: readonly Part[]
  readonly homes: readonly Part[]
  readonly scripts: readonly Part[]
  readonly clients: readonly Part[]
  readonly environments: ReturnType<typeof environmentHomes>
  /** Reads that the clients' evidence held, in all trees. */
  readonly clientsDone: HopSite['down']
  readonly scriptsDone: HopSite['down']
}

/**
 * 1.8.0 to 1.10.0 -> 2.0.0. The API Manager's client goes first: its scripts still read columns that the identity
 * client removes (both clients' sources). Identity 5.0.0 -> 5.1.0 is a client, 5.1.0 -> 5.2.0 plain SQL. 1.10.0 is at identity
 * 5.1.0 already: no client of it, its scripts first, as the vendor's page to 2.6.0 has it; that this hop ends at 2.0.0 is no
 * page's, so a person is asked.
 */
export function to200(hop: Hop, at: HopSite): HopPlays {
  const { fences, dumps } = checkpoint(hop, at)
  const made = clients200(hop, at, dumps)
  const { questions, homes, scripts, clients } = made
  const scriptsFirst = hop.from === '1.10.0'
  const identity = scriptsFirst
    ? []
    : [identityClient(at, clientOf(hop, at), { restoredBy: [dumps] }, made.clientsDone)]
  const seen = gates(hop, at, dumps, (from) => [made.scriptsDone(from), made.clientsDone(from)])
  return {
    fences,
    dumps,
    plays: [
      ...(scriptsFirst ? [unverified(hop, 'without a page of the vendor')] : []),
      ...[...questions, ...homes],
      ...(scriptsFirst ? [...scripts, ...clients] : [...clients, ...identity, ...scripts]),
      ...seen.plays,
    ],
    proved: seen.proved,
  }
}

/**
 * The client of 2.0.0 in the migration homes of a hop: of 2.0.0, or of 2.6.0, where the vendor's page has it for 1.10.0. From
 * there on the identity scripts come before it.
 */
export function clients200(hop: Hop, at: HopSite, dumps: Checkpoint): ClientPlays {
  const { to } = hop
  const { site } = at
  const { migration } = site
  const rests = { restoredBy: [dumps] }
  const home = migrationHome(hop, at, dumps)
  const run = clientOf(hop, at)
  const zip = zipOf(at, 'wso2-api-migration-client-2.0.0')
  const place = [
    { ...zip, from: 'dropins', to: 'repository/components/dropins' },
    { ...zip, from: 'migration-scripts', to: 'migration-scripts' },
  ]
  const flags = ['-Dcomponent=apim', `-DmigrateFromVersion=${hop.from}`]
  const scriptsFirst = hop.from === '1.10.0'

  const title = to === '2.0.0' ? '2.0.0: clients' : `${to}: clients of 2.0.0`
  const told = (client: Client200): ClientName => (to === '2.6.0' ? `${client}, in 2.6.0` : client)
  const files = (of: string) =>
    client({
      ...run,
      home: of,
      client: told('2.0.0 migrateFS'),
      place,
      flags: ['-DmigrateFS=true', ...flags],
    })
  const throttling = (of: string) =>
    client({
      ...run,
      home: of,
      client: told('2.0.0 throttling'),
      place,
      flags: [...flags, '-Doptions=migrateThrottling'],
    })
  const clients = (seen: HopSite['down']) =>
    play(title, migration, rests)
      .task('alone, databases', ({ from }) =>
        after([from(home, migration).configured, seen(from)], aloneWith(at)),
      )
      .task('databases', () =>
        client({
          ...run,
          client: told(
            scriptOf(at, 'apim') === 'postgresql.sql' ? '2.0.0 migrateDB, PostgreSQL' : '2.0.0 migrateDB',
          ),
          place,
          flags: ['-DmigrateDB=true', ...flags],
        }),
      )
      .task('databases proved', (seen) => proved(seen.databases))
      .task('alone, registry', (seen) => after(seen['databases proved'], aloneWith(at)))
      .task('registry', () =>
        client({ ...run, client: told('2.0.0 migrateReg'), place, flags: ['-DmigrateReg=true', ...flags] }),
      )
      .task('registry proved', (seen) => proved(seen.registry))
      .task('alone, files', (seen) => after(seen['registry proved'], aloneWith(at)))
      .task('files', () => files(run.home))
      .task('files proved', (seen) => proved(seen.files))
      .task('alone, throttling', (seen) => after(seen['files proved'], aloneWith(at)))
      .task('throttling', () => throttling(run.home))
      .task('throttling proved', (seen) => proved(seen.throttling))
      .task('plans placed', () => placePlans({ home: run.home }))

  const scriptsZip = zipOf(at, 'wso2is-5.2.0-scripts')
  const scripts = play(`${to}: identity scripts`, migration, rests).task('extracted', () =>
    extract({
      to: `${migration.vars.apim_base}/migration/scripts-identity-5.2.0`,
      files: {
        apim: { ...scriptsZip, path: `identity/migration-5.1.0_to_5.2.0/${scriptOf(at, 'apim')}` },
        users: { ...scriptsZip, path: `dbscripts/migration-5.1.0_to_5.2.0/${scriptOf(at, 'users')}` },
      },
    }),
  )
  const sql = (name: string, which: HopSite['databases'], file: 'apim' | 'users') =>
    play(`${to}: identity 5.2.0, ${name}`, which, rests)
      .task('nobody else', ({ host, from }) =>
        after(from(scripts, migration).extracted, aloneWith(at, [host])),
      )
      .task('script', ({ host, from }) =>
        database.script({ db: host.vars, file: from(scripts, migration).extracted[file] ?? '' }),
      )
  const holders = at.databases.filter(holdsApim)
  const users = databasesWith(at, 'users')
  const apimSql = sql('AM_DB', holders, 'apim')
  const usersSql = sql('UM_DB', users, 'users')
  const applied: HopSite['down'] = (from) => [
    ...holders.map((db) => from(apimSql, db).script),
    ...users.map((db) => from(usersSql, db).script),
  ]
  const runs = clients(scriptsFirst ? applied : () => undefined)
  // What these clients do to files, once for each tree.
  const environments = environmentHomes(hop, at, dumps)
  const others = environments.map(({ environment, home: of, made }) =>
    play(`${title}${named(environment)}`, migration, rests)
      .task('alone, files', ({ from }) =>
        after([from(made, migration).configured, from(runs, migration)['plans placed']], aloneWith(at)),
      )
      .task('files', () => files(of))
      .task('files proved', (seen) => proved(seen.files))
      .task('alone, throttling', (seen) => after(seen['files proved'], aloneWith(at)))
      .task('throttling', () => throttling(of))
      .task('throttling proved', (seen) => proved(seen.throttling)),
  )
  const clientsDone: HopSite['down'] = (from) => [
    from(runs, migration)['throttling proved'],
    ...others.map((each) => from(each, migration)['throttling proved']),
  ]
  return {
    questions: others.length > 0 ? [severalTrees(to, others.length + 1)] : [],
    homes: [home, ...environments.map(({ made }) => made)],
    scripts: [scripts, apimSql, usersSql],
    clients: [runs, ...others],
    environments,
    clientsDone,
    scriptsDone: applied,
  }
}

/** Identity 5.0.0 to 5.1.0. */
function identityClient(
  at: HopSite,
  run: ReturnType<typeof clientOf>,
  rests: { readonly restoredBy: readonly Checkpoint[] },
  seen: HopSite['down'],
) {
  const zip = zipOf(at, 'wso2is-5.1.0-migration')
  return play('2.0.0: identity', at.site.migration, { restoredBy: [...rests.restoredBy] })
    .task('alone', ({ from }) => after(seen(from), aloneWith(at)))
    .task('client', () =>
      client({
        ...run,
        client: '5.1.0 identity',
        place: [
          { ...zip, from: 'dropins', to: 'repository/components/dropins' },
          { ...zip, from: 'dbscripts', to: 'dbscripts' },
        ],
        flags: ['-Dmigrate', '-Dcomponent=identity'],
      }),
    )
    .task('proved', (ran) => proved(ran.client))
}

const severalTrees = (to: string, count: number): Part =>
  approve(
    `${to}: several environments`,
    () =>
      `The client for throttling runs once for each of ${count} trees, on one database. The vendor's page has it for "the node with the files" alone: what a second run does with policies that are there already is not verified. If it fails, its gate stops the run. Go on, having rehearsed it on a copy?`,
  )
