import { play } from '../../model/play.ts'
import * as database from '../../modules/database/index.ts'
import { client } from '../client.ts'
import { proved } from '../evidence.ts'
import { after } from '../fence.ts'
import { extract } from '../home.ts'
import { type HopSite, staged } from '../site.ts'
import { placePlans } from '../trees.ts'
import type { Hop } from '../versions.ts'
import {
  aloneWith,
  checkpoint,
  clientOf,
  databasesWith,
  gates,
  type HopPlays,
  holdsApim,
  migrationHome,
  scriptOf,
} from './common.ts'

/**
 * 1.8.0, 1.9.0 or 1.9.1 -> 2.0.0. The API Manager's client goes first: its scripts still read columns that the identity
 * client removes (both clients' sources). Identity 5.0.0 -> 5.1.0 is a client, 5.1.0 -> 5.2.0 plain SQL.
 */
export function to200(hop: Hop, at: HopSite): HopPlays {
  const { site } = at
  const { migration } = site
  const { fences, dumps } = checkpoint(hop, at)
  const rests = { restoredBy: [dumps] }
  const home = migrationHome(hop, at, dumps)
  const run = clientOf(hop, at)
  const zip = staged(site, migration, 'wso2-api-migration-client-2.0.0').path
  const place = [
    { zip, from: 'dropins', to: 'repository/components/dropins' },
    { zip, from: 'migration-scripts', to: 'migration-scripts' },
  ]
  const flags = ['-Dcomponent=apim', `-DmigrateFromVersion=${hop.from}`]
  const identityZip = staged(site, migration, 'wso2is-5.1.0-migration').path

  const clients = play('2.0.0: clients', migration, rests)
    .task('alone, databases', ({ from }) => after(from(home, migration).configured, aloneWith(at)))
    .task('databases', () =>
      client({
        ...run,
        client: scriptOf(at, 'apim') === 'postgresql.sql' ? '2.0.0 migrateDB, PostgreSQL' : '2.0.0 migrateDB',
        place,
        flags: ['-DmigrateDB=true', ...flags],
      }),
    )
    .task('databases proved', (seen) => proved(seen.databases))
    .task('alone, registry', (seen) => after(seen['databases proved'], aloneWith(at)))
    .task('registry', () =>
      client({ ...run, client: '2.0.0 migrateReg', place, flags: ['-DmigrateReg=true', ...flags] }),
    )
    .task('registry proved', (seen) => proved(seen.registry))
    .task('alone, files', (seen) => after(seen['registry proved'], aloneWith(at)))
    .task('files', () =>
      client({ ...run, client: '2.0.0 migrateFS', place, flags: ['-DmigrateFS=true', ...flags] }),
    )
    .task('files proved', (seen) => proved(seen.files))
    .task('alone, throttling', (seen) => after(seen['files proved'], aloneWith(at)))
    .task('throttling', () =>
      client({ ...run, client: '2.0.0 throttling', place, flags: [...flags, '-Doptions=migrateThrottling'] }),
    )
    .task('throttling proved', (seen) => proved(seen.throttling))
    .task('plans placed', () => placePlans({ home: run.home }))
    .task('alone, identity', (seen) => after(seen['plans placed'], aloneWith(at)))
    .task('identity', () =>
      client({
        ...run,
        client: '5.1.0 identity',
        place: [
          { zip: identityZip, from: 'dropins', to: 'repository/components/dropins' },
          { zip: identityZip, from: 'dbscripts', to: 'dbscripts' },
        ],
        flags: ['-Dmigrate', '-Dcomponent=identity'],
      }),
    )
    .task('identity proved', (seen) => proved(seen.identity))

  const scriptsZip = staged(site, migration, 'wso2is-5.2.0-scripts').path
  const scripts = play('2.0.0: identity scripts', migration, rests).task('extracted', () =>
    extract({
      to: `${migration.vars.apim_base}/migration/scripts-2.0.0`,
      files: {
        apim: { zip: scriptsZip, path: `identity/migration-5.1.0_to_5.2.0/${scriptOf(at, 'apim')}` },
        users: { zip: scriptsZip, path: `dbscripts/migration-5.1.0_to_5.2.0/${scriptOf(at, 'users')}` },
      },
    }),
  )
  const sql = (name: string, which: HopSite['databases'], file: 'apim' | 'users') =>
    play(`2.0.0: identity 5.2.0, ${name}`, which, rests)
      .task('nobody else', ({ host, from }) =>
        after(from(scripts, migration).extracted, aloneWith(at, [host])),
      )
      .task('script', ({ host, from }) =>
        database.script({ db: host.vars, file: from(scripts, migration).extracted[file] ?? '' }),
      )
  const apimSql = sql('AM_DB', at.databases.filter(holdsApim), 'apim')
  const usersSql = sql('UM_DB', databasesWith(at, 'users'), 'users')
  const seen = gates(hop, at, dumps, (from) =>
    at.databases.filter(holdsApim).map((db) => from(apimSql, db).script),
  )
  return {
    fences,
    dumps,
    plays: [home, clients, scripts, apimSql, usersSql, ...seen.plays],
    proved: seen.proved,
  }
}
