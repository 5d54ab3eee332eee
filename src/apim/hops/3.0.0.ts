import { skip } from '../../model/action.ts'
import { play } from '../../model/play.ts'
import * as database from '../../modules/database/index.ts'
import { client } from '../client.ts'
import { proved } from '../evidence.ts'
import { after } from '../fence.ts'
import { extract } from '../home.ts'
import { factsOf, gatewayArtifact, scriptsArtifact } from '../hop-facts.ts'
import { throttleHandlers } from '../preflight/artefacts.ts'
import { umaTables } from '../probes.ts'
import { type HopSite, staged } from '../site.ts'
import { rewriteGateway } from '../trees.ts'
import type { Hop } from '../versions.ts'
import {
  aloneWith,
  type Checkpoint,
  checkpoint,
  clientOf,
  databasesWith,
  environmentHomes,
  gates,
  gatewayTrees,
  type HopPlays,
  holdsApim,
  identitySteps,
  migrationHome,
  named,
  scriptOf,
  unverified,
  zipOf,
} from './common.ts'

/**
 * 2.6.0, or straight from an earlier 2.x, -> 3.0.0: registry versioning ended, the AM_DB script, identity up to 5.9.0 in one
 * run, the artefacts, the registry's log for a new index. Before 2.5.0 the gateway's artefacts are rewritten too. Straight
 * from 2.0.0 to 2.5.0 a person is asked first: of that way less is verified.
 */
export function to300(hop: Hop, at: HopSite): HopPlays {
  const straight = hop.from !== '2.6.0'
  const { site } = at
  const { migration } = site
  const { fences, dumps } = checkpoint(hop, at)
  const rests = { restoredBy: [dumps] }
  const run = clientOf(hop, at)
  const scriptsZip = zipOf(at, scriptsArtifact(hop))
  const place = (name: string) => {
    const zip = zipOf(at, name)
    return [
      { ...zip, from: 'dropins', to: 'repository/components/dropins' },
      { ...zip, from: 'migration-resources', to: 'migration-resources' },
    ]
  }

  const home = migrationHome(hop, at, dumps)
  const environments = environmentHomes(hop, at, dumps)
  const scripts = play('3.0.0: scripts', migration, rests).task('extracted', () =>
    extract({
      to: `${migration.vars.apim_base}/migration/scripts-3.0.0`,
      files: {
        versioning: { ...scriptsZip, path: `versioning-disable-scripts/${scriptOf(at, 'registry')}` },
        index: { ...scriptsZip, path: `reg-index/${scriptOf(at, 'registry')}` },
        all: { ...scriptsZip, path: scriptOf(at, 'apim') },
      },
    }),
  )
  const migrator = gatewayArtifact(hop)
  const gateway =
    migrator === undefined
      ? []
      : [
          gatewayPlay(
            at,
            [run.home, ...environments.map((each) => each.home)],
            staged(site, migration, migrator).path,
            rests,
          ),
        ]
  // No script replaces the old handler, and 3.0.0 fails on it at the first call.
  const handlers = [{ environment: undefined, home: run.home, made: home }, ...environments].map(
    ({ environment, home: of, made }) =>
      play(`3.0.0: throttle handlers${named(environment)}`, migration).task('none old', ({ from }) =>
        after(
          [
            from(made, migration).configured,
            ...gateway.map((files) => from(files, migration)['gateway artefacts']),
          ],
          throttleHandlers({ home: of }),
        ),
      ),
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
        client: straight ? '5.9.0 identity, straight' : '5.9.0 identity',
        range: {
          ...factsOf(hop).identity,
          drop: identitySteps(hop.from),
          inactive: site.vars.inactive_tenants,
        },
        place: place('wso2is-5.9.0-migration'),
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
        flags: [`-DmigrateFromVersion=${hop.from}`],
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
    plays: [
      ...(straight ? [unverified(hop, 'straight')] : []),
      ...[home, ...environments.map(({ made }) => made), scripts, ...gateway, ...handlers],
      ...[versioning, apim, clients, index, ...seen.plays],
    ],
    proved: seen.proved,
  }
}

/** The gateways' artefacts rewritten in the migration homes. */
const gatewayPlay = (
  { site: { migration } }: HopSite,
  homes: readonly string[],
  script: string,
  rests: { readonly restoredBy: readonly Checkpoint[] },
) =>
  play('3.0.0: files', migration, { restoredBy: [...rests.restoredBy] }).task('gateway artefacts', () =>
    rewriteGateway({
      script,
      trees: homes.flatMap(gatewayTrees),
    }),
  )
