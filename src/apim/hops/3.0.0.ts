import { skip } from '../../model/action.ts'
import { play } from '../../model/play.ts'
import * as database from '../../modules/database/index.ts'
import { client } from '../client.ts'
import { proved } from '../evidence.ts'
import { after } from '../fence.ts'
import { extract } from '../home.ts'
import { umaTables } from '../probes.ts'
import { type HopSite, staged } from '../site.ts'
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

/** 2.6.0 -> 3.0.0: registry versioning ended, the AM_DB script, identity 5.7.0 -> 5.9.0, the artefacts, the registry's log for a new index. */
export function to300(hop: Hop, at: HopSite): HopPlays {
  const { site } = at
  const { migration } = site
  const { fences, dumps } = checkpoint(hop, at)
  const rests = { restoredBy: [dumps] }
  const run = clientOf(hop, at)
  const scriptsZip = staged(site, migration, 'apimgt-db-migration-scripts-2.6to3.0').path
  const place = (name: string) => {
    const zip = staged(site, migration, name).path
    return [
      { zip, from: 'dropins', to: 'repository/components/dropins' },
      { zip, from: 'migration-resources', to: 'migration-resources' },
    ]
  }

  const home = migrationHome(hop, at, dumps)
  const scripts = play('3.0.0: scripts', migration, rests).task('extracted', () =>
    extract({
      to: `${migration.vars.apim_base}/migration/scripts-3.0.0`,
      files: {
        versioning: { zip: scriptsZip, path: `versioning-disable-scripts/${scriptOf(at, 'registry')}` },
        index: { zip: scriptsZip, path: `reg-index/${scriptOf(at, 'registry')}` },
        all: { zip: scriptsZip, path: scriptOf(at, 'apim') },
      },
    }),
  )
  const registry = databasesWith(at, 'registry')
  // A registry that was written with versioning off must not be changed by this script.
  const versioning = play('3.0.0: registry versioning', registry, rests)
    .task('nobody else', ({ host, from }) => after(from(scripts, migration).extracted, aloneWith(at, [host])))
    .task('disabled', ({ host, from }) => {
      const file = from(scripts, migration).extracted['versioning'] ?? ''
      return from(at.looked, migration).found.versioning === false
        ? skip('the old registry has no versions')
        : database.script({ db: host.vars, file })
    })
  // The identity client of 5.7.0 made these tables already; the script would fail on their indexes.
  const apim = play('3.0.0: AM_DB', at.databases.filter(holdsApim), rests)
    .task('probe', ({ host, from }) =>
      after(from(scripts, migration).extracted, database.schema({ db: host.vars, names: umaTables })),
    )
    .task('nobody else', ({ host, probe }) => after(probe.present, aloneWith(at, [host])))
    .task('script', ({ host, from, probe }) => {
      const file = from(scripts, migration).extracted['all'] ?? ''
      const without = { from: '-- UMA section begins', to: '-- UMA section ends' }
      return database.script({ db: host.vars, file, ...(probe.present.length > 0 && { without }) })
    })
  const clients = play('3.0.0: clients', migration, rests)
    .task('alone, identity', ({ from }) => after(from(scripts, migration).extracted, aloneWith(at)))
    .task('identity', () =>
      client({
        ...run,
        client: '5.9.0 identity',
        place: place('wso2is-5.9.0-migration'),
        range: { from: '5.7.0', to: '5.9.0', drop: [] },
        flags: ['-Dmigrate', '-Dcomponent=identity'],
      }),
    )
    .task('identity proved', (seen) => proved(seen.identity))
    // This client works on after the server has started: its own last line is the end, not the server's.
    .task('alone, artefacts', (seen) => after(seen['identity proved'], aloneWith(at)))
    .task('artefacts', () =>
      client({
        ...run,
        client: '3.0.0 artefacts',
        place: place('wso2-api-migration-client-3.0.0'),
        flags: ['-DmigrateFromVersion=2.6.0'],
        ends: ['WSO2 API Manager migration component successfully activated.'],
      }),
    )
    .task('artefacts proved', (seen) => proved(seen.artefacts))
  const index = play('3.0.0: registry index', registry, rests)
    .task('nobody else', ({ host, from }) =>
      after(from(clients, migration)['artefacts proved'], aloneWith(at, [host])),
    )
    .task('script', ({ host, from }) =>
      after(
        from(clients, migration)['artefacts proved'],
        database.script({ db: host.vars, file: from(scripts, migration).extracted['index'] ?? '' }),
      ),
    )
  const seen = gates(hop, at, dumps, (from) => registry.map((db) => from(index, db).script))
  return {
    fences,
    dumps,
    plays: [home, scripts, versioning, apim, clients, index, ...seen.plays],
    proved: seen.proved,
  }
}
