import semver from 'semver'
import { skip } from '../../model/action.ts'
import { play } from '../../model/play.ts'
import * as database from '../../modules/database/index.ts'
import { client } from '../client.ts'
import { proved } from '../evidence.ts'
import { after } from '../fence.ts'
import { extract } from '../home.ts'
import { factsOf, gatewayArtifact, scriptsArtifact } from '../hop-facts.ts'
import { type HopSite, staged } from '../site.ts'
import { rewriteGateway } from '../trees.ts'
import type { Hop } from '../versions.ts'
import { clients200 } from './2.0.0.ts'
import {
  aloneWith,
  checkpoint,
  clientOf,
  environmentHomes,
  gates,
  gatewayTrees,
  type HopPlays,
  holdsApim,
  identitySteps,
  migrationHome,
  scriptOf,
  unverified,
  zipOf,
} from './common.ts'

/**
 * 2.0.0 to 2.5.0 -> 2.6.0: the gateway's artefacts rewritten (before 2.5.0), the AM_DB script, identity up to 5.7.0, access
 * control (before 2.2.0), fault sequences (from 2.0.0 alone): each as its tab of the vendor's page has it. From 1.10.0 the
 * identity scripts and the client of 2.0.0 come first, in the same home (its tab of that page).
 */
export function to260(hop: Hop, at: HopSite): HopPlays {
  const { site } = at
  const { migration } = site
  const { fences, dumps } = checkpoint(hop, at)
  const rests = { restoredBy: [dumps] }
  const run = clientOf(hop, at)
  const older = hop.from === '1.10.0' ? clients200(hop, at, dumps) : undefined
  const jar = (name: string) => ({
    ...zipOf(at, name),
    from: 'dropins',
    to: 'repository/components/dropins',
  })
  const identity = jar('wso2is-5.7.0-migration')
  const apim = () => jar('wso2-api-migration-client-2.6.0')
  // What is left of the way once the client of 2.0.0 has done its part.
  const rest = older === undefined ? hop : { ...hop, from: '2.0.0' }
  const migrator = gatewayArtifact(rest)
  const noAccess = semver.gte(hop.from, '2.2.0') && 'APIs have their access control since 2.2.0'
  const noFaults =
    hop.from !== '2.0.0' &&
    (older === undefined
      ? 'fault sequences are those of 2.1.0 already'
      : 'the registry step of the client of 2.0.0 writes them')

  const environments = older?.environments ?? environmentHomes(hop, at, dumps)
  const begin =
    older === undefined
      ? [migrationHome(hop, at, dumps), ...environments.map(({ made }) => made)]
      : [
          ...[unverified(hop, 'by the client of 2.0.0'), ...older.questions, ...older.homes],
          ...[...older.scripts, ...older.clients],
        ]
  const files = play('2.6.0: files', migration, rests)
    .task('gateway artefacts', ({ from }) => {
      older?.clientsDone(from)
      return migrator === undefined
        ? skip(`the artefacts of ${hop.from} need no rewriting`)
        : rewriteGateway({
            script: staged(site, migration, migrator).path,
            trees: [run.home, ...environments.map(({ home }) => home)].flatMap(gatewayTrees),
          })
    })
    .task('extracted', () =>
      extract({
        to: `${migration.vars.apim_base}/migration/scripts-2.6.0`,
        files: {
          apim: {
            ...zipOf(at, scriptsArtifact(rest)),
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
          ...factsOf(rest).identity,
          drop: identitySteps(rest.from),
          inactive: site.vars.inactive_tenants,
        },
        flags: ['-Dmigrate', '-Dcomponent=identity'],
      }),
    )
    .task('identity proved', (seen) => proved(seen.identity))
    .task('alone, access control', (seen) =>
      noAccess ? skip(noAccess) : after(seen['identity proved'], aloneWith(at)),
    )
    .task('access control', () =>
      noAccess
        ? skip(noAccess)
        : client({
            ...run,
            client: '2.6.0 access control',
            place: [apim()],
            flags: ['-DmigrateAccessControl=true'],
            ends: ['Updating API artifacts done for all the tenants for Publisher Access Control feature.'],
          }),
    )
    .task('access control proved', ({ 'access control': ran }) =>
      noAccess || !ran ? skip(noAccess || 'it did not run') : proved(ran),
    )
    .task('alone, fault sequences', (seen) =>
      noFaults ? skip(noFaults) : after(seen['access control proved'], aloneWith(at)),
    )
    .task('fault sequences', () =>
      noFaults
        ? skip(noFaults)
        : client({
            ...run,
            client: '2.6.0 fault sequences',
            place: [apim()],
            flags: [`-DmigrateFromVersion=${hop.from}`],
            // Its last line differs between builds: its end is when the log falls silent.
            ends: [],
          }),
    )
    .task('fault sequences proved', ({ 'fault sequences': ran }) =>
      noFaults || !ran ? skip(noFaults || 'it did not run') : proved(ran),
    )
  const seen = gates(hop, at, dumps, (from) => {
    const last = from(clients, migration)
    return [last['identity proved'], last['access control proved'], last['fault sequences proved']]
  })
  return {
    fences,
    dumps,
    plays: [...begin, files, script, clients, ...seen.plays],
    proved: seen.proved,
  }
}
