import { skip } from '../../model/action.ts'
import { play } from '../../model/play.ts'
import { approve, type Part } from '../../model/playbook.ts'
import * as database from '../../modules/database/index.ts'
import { client } from '../client.ts'
import { proved } from '../evidence.ts'
import { after } from '../fence.ts'
import { extract } from '../home.ts'
import { factsOf } from '../hop-facts.ts'
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
  gates,
  type HopPlays,
  holdsApim,
  migrationHome,
  scriptOf,
  zipOf,
} from './common.ts'

/** What differs between the ways to 3.0.0. */
type Way = {
  readonly scripts: string
  /** The gateway's artefact script, where the way has one. */
  readonly gateway?: string
  readonly identity: 'from 2.0.0' | 'from 2.6.0'
}

const ways: Readonly<Record<string, Way>> = {
  '2.0.0': {
    scripts: 'apimgt-db-migration-scripts-2.0to3.0',
    gateway: 'apim200_to_apim300_gateway_artifact_migrator',
    identity: 'from 2.0.0',
  },
  '2.6.0': { scripts: 'apimgt-db-migration-scripts-2.6to3.0', identity: 'from 2.6.0' },
}

/** The identity client's part of each way: the steps that are left out are those of the way by 2.6.0. */
const identityRuns = {
  'from 2.0.0': {
    client: '5.9.0 identity from 5.2.0',
    range: { from: '5.2.0', to: '5.9.0', drop: ['EventPublisherMigrator', 'ChallengeQuestionDataMigrator'] },
  },
  'from 2.6.0': { client: '5.9.0 identity', range: { from: '5.7.0', to: '5.9.0', drop: [] } },
} as const

/**
 * 2.6.0 or 2.0.0 -> 3.0.0: registry versioning ended, the AM_DB script, identity up to 5.9.0 in one run, the artefacts, the
 * registry's log for a new index. From 2.0.0 the gateway's artefacts are rewritten too, and a person is asked first: of that
 * way less is verified.
 */
export function to300(hop: Hop, at: HopSite): HopPlays {
  const way = ways[hop.from]
  if (way === undefined) throw new RangeError(`There is no way from ${hop.from} to 3.0.0.`)
  const { site } = at
  const { migration } = site
  const { fences, dumps } = checkpoint(hop, at)
  const rests = { restoredBy: [dumps] }
  const run = clientOf(hop, at)
  const scriptsZip = zipOf(at, way.scripts)
  const place = (name: string) => {
    const zip = zipOf(at, name)
    return [
      { ...zip, from: 'dropins', to: 'repository/components/dropins' },
      { ...zip, from: 'migration-resources', to: 'migration-resources' },
    ]
  }

  const home = migrationHome(hop, at, dumps)
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
  const gateway =
    way.gateway === undefined
      ? []
      : [gatewayPlay(at, run.home, staged(site, migration, way.gateway).path, rests)]
  // No script replaces the old handler, and 3.0.0 fails on it at the first call.
  const handlers = play('3.0.0: throttle handlers', migration).task('none old', ({ from }) =>
    after(
      [
        from(home, migration).configured,
        ...gateway.map((files) => from(files, migration)['gateway artefacts']),
      ],
      throttleHandlers({ home: run.home }),
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
        ...identityRuns[way.identity],
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
      ...(way.gateway === undefined ? [] : [unverified(hop)]),
      ...[home, scripts, ...gateway, handlers, versioning, apim, clients, index, ...seen.plays],
    ],
    proved: seen.proved,
  }
}

/** The gateway's artefacts rewritten in the migration home. */
const gatewayPlay = (
  { site: { migration } }: HopSite,
  home: string,
  script: string,
  rests: { readonly restoredBy: readonly Checkpoint[] },
) =>
  play('3.0.0: files', migration, { restoredBy: [...rests.restoredBy] }).task('gateway artefacts', () =>
    rewriteGateway({
      script,
      trees: [`${home}/repository/deployment/server/synapse-configs/default`, `${home}/repository/tenants`],
    }),
  )

/** A question before a hop that nobody has walked here: what is not verified of it. */
function unverified(hop: Hop): Part {
  const { steps, notVerified } = factsOf(hop)
  const open = [...steps.flatMap(({ nv }) => nv ?? []), ...notVerified]
  return approve(
    `${hop.from} straight to ${hop.to}`,
    () => `Of this hop it is not verified: ${open.join('; ')}. Go on, having rehearsed it on a copy?`,
  )
}
