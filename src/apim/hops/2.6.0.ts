import { play } from '../../model/play.ts'
import * as database from '../../modules/database/index.ts'
import { client } from '../client.ts'
import { proved } from '../evidence.ts'
import { after } from '../fence.ts'
import { extract } from '../home.ts'
import { type HopSite, staged } from '../site.ts'
import { rewriteGateway } from '../trees.ts'
import type { Hop } from '../versions.ts'
import {
  aloneWith,
  checkpoint,
  clientOf,
  gates,
  type HopPlays,
  holdsApim,
  migrationHome,
  scriptOf,
  zipOf,
} from './common.ts'

/** 2.0.0 -> 2.6.0: the gateway's artefacts rewritten, the AM_DB script, identity 5.2.0 -> 5.7.0, access control, fault sequences. */
export function to260(hop: Hop, at: HopSite): HopPlays {
  const { site } = at
  const { migration } = site
  const { fences, dumps } = checkpoint(hop, at)
  const rests = { restoredBy: [dumps] }
  const run = clientOf(hop, at)
  const jar = (name: string) => ({
    ...zipOf(at, name),
    from: 'dropins',
    to: 'repository/components/dropins',
  })
  const identity = jar('wso2is-5.7.0-migration')
  const apim = jar('wso2-api-migration-client-2.6.0')

  const home = migrationHome(hop, at, dumps)
  const files = play('2.6.0: files', migration, rests)
    .task('gateway artefacts', () =>
      rewriteGateway({
        script: staged(site, migration, 'apim200_to_apim260_gateway_artifact_migrator').path,
        trees: [
          `${run.home}/repository/deployment/server/synapse-configs/default`,
          `${run.home}/repository/tenants`,
        ],
      }),
    )
    .task('extracted', () =>
      extract({
        to: `${migration.vars.apim_base}/migration/scripts-2.6.0`,
        files: {
          apim: {
            ...zipOf(at, 'apimgt-db-migration-scripts-2.0to2.6'),
            path: scriptOf(at, 'apim'),
          },
        },
      }),
    )
  const script = play('2.6.0: AM_DB', at.databases.filter(holdsApim), rests)
    .task('nobody else', ({ host, from }) => after(from(files, migration).extracted, aloneWith(at, [host])))
    .task('script', ({ host, from }) =>
      database.script({ db: host.vars, file: from(files, migration).extracted['apim'] ?? '' }),
    )
  const clients = play('2.6.0: clients', migration, rests)
    .task('alone, identity', ({ from }) => after(from(files, migration).extracted, aloneWith(at)))
    .task('identity', () =>
      client({
        ...run,
        client: '5.7.0 identity',
        place: [identity, { ...identity, from: 'migration-resources', to: 'migration-resources' }],
        range: {
          from: '5.2.0',
          to: '5.7.0',
          drop: ['EventPublisherMigrator', 'ChallengeQuestionDataMigrator'],
        },
        flags: ['-Dmigrate', '-Dcomponent=identity'],
      }),
    )
    .task('identity proved', (seen) => proved(seen.identity))
    .task('alone, access control', (seen) => after(seen['identity proved'], aloneWith(at)))
    .task('access control', () =>
      client({
        ...run,
        client: '2.6.0 access control',
        place: [apim],
        flags: ['-DmigrateAccessControl=true'],
        ends: ['Updating API artifacts done for all the tenants for Publisher Access Control feature.'],
      }),
    )
    .task('access control proved', (seen) => proved(seen['access control']))
    .task('alone, fault sequences', (seen) => after(seen['access control proved'], aloneWith(at)))
    .task('fault sequences', () =>
      client({
        ...run,
        client: '2.6.0 fault sequences',
        place: [apim],
        flags: ['-DmigrateFromVersion=2.0.0'],
        // Its last line differs between builds: its end is when the log falls silent.
        ends: [],
      }),
    )
    .task('fault sequences proved', (seen) => proved(seen['fault sequences']))
  const seen = gates(hop, at, dumps, (from) => from(clients, migration)['fault sequences proved'])
  return { fences, dumps, plays: [home, files, script, clients, ...seen.plays], proved: seen.proved }
}
