import semver from 'semver'
import { type From, play } from '../../model/play.ts'
import { approve, type Part } from '../../model/playbook.ts'
import * as database from '../../modules/database/index.ts'
import type { ClientRun } from '../client.ts'
import { configuration } from '../config.ts'
import { type Environment, environmentHome, otherEnvironments, ownOfEnvironments } from '../environments.ts'
import { after, alone, fence } from '../fence.ts'
import { configureMigration, freshHome } from '../home.ts'
import { factsOf } from '../hop-facts.ts'
import { backupsOf } from '../machines.ts'
import { countedTables, kept, probeNames, schemaIs } from '../probes.ts'
import { migrationHomeOf } from '../server.ts'
import { bundlePath, type HopSite, jarsFor, placeOf, staged, tokensOf, treeSources } from '../site.ts'
import { movesClaims, tenantsMigrated } from '../tenants.ts'
import { tokenForms, tokensAre } from '../token-proof.ts'
import { keepsEncrypted } from '../tokens.ts'
import { overlayMigration, overlayRulesOf } from '../trees.ts'
import type { Hop } from '../versions.ts'

/** The plays of a hop: the fence before it, the restore point that its changes rest on, these, and what reads that its gates held. */
export type HopPlays = {
  readonly fences: readonly Part[]
  readonly dumps: Checkpoint
  readonly plays: readonly Part[]
  readonly proved: (from: From) => unknown
}
export type Checkpoint = ReturnType<typeof checkpoint>['dumps']

/** Fence, then all databases dumped together: what the hop goes back to. */
export function checkpoint(hop: Hop, at: HopSite) {
  const { site, databases, down } = at
  const fenced = play(`${hop.to}: fence`, site.all).task('servers gone', ({ from }) =>
    after(down(from), fence(null)),
  )
  const alone = play(`${hop.to}: fence databases`, databases).task('nobody connected', ({ host, from }) =>
    after(down(from), database.fenced({ db: host.vars })),
  )
  const dumps = play(`${hop.to}: checkpoint`, databases)
    .task('nobody else', ({ host, from }) => after(down(from), aloneWith(at, [host])))
    .task('dump', ({ host }) =>
      database.dump({ db: host.vars, to: backupsOf(site, site.migration), name: `before-${hop.to}` }),
    )
  return { fences: [fenced, alone], dumps }
}

/** The gate right before a dump, a script or a client: no server anywhere, nobody else in these databases; by default all. */
export const aloneWith = (
  { site, databases }: Pick<HopSite, 'site' | 'databases'>,
  which: HopSite['databases'] = databases,
) => alone({ hosts: site.all.map(({ name }) => name), databases: which.map(({ vars }) => vars) })

/** The hop's own home on the migration host: a full pack, the trees of the version before laid over it, configured. */
export function migrationHome(hop: Hop, at: HopSite, dumps: Checkpoint, environment?: Environment) {
  const { site } = at
  const { migration } = site
  const { apim_base: base, apim_home: keystoresFrom } = migration.vars
  const home = environmentHome(site, hop.to, environment)
  const pack = staged(site, migration, `wso2am-${hop.to}`)
  const common = treeSources(site)
    .slice(1)
    .filter(({ environment: of }) => of === undefined)
    .map(({ file }) => file)
  const own = environment === undefined ? [] : [bundlePath(base, hop.from, environment.suffix)]
  return play(`${hop.to}: migration home${named(environment)}`, migration, { restoredBy: [dumps] })
    .task('unpacked', () =>
      freshHome({ zip: pack.path, sha256: pack.sha256, top: `wso2am-${hop.to}`, to: home }),
    )
    .task('trees laid over', () =>
      overlayMigration({
        home,
        file: bundlePath(base, hop.from),
        more: [...(hop.from === site.vars.apim_version ? common : []), ...own],
        ...(environment && { without: ownOfEnvironments }),
        rules: overlayRulesOf(hop),
      }),
    )
    .task('configured', ({ from }) =>
      configureMigration({
        home,
        configuration: configuration({
          version: hop.to,
          ...placeOf(migration),
          role: 'migration',
          databases: site.vars.databases,
          peers: {},
          admin: site.vars.admin,
          keystores: site.vars.keystores,
          tokens: tokensOf(at, from),
          toml: migration.vars.apim_toml,
          xml: migration.vars.apim_xml,
        }),
        jars: jarsFor(site, migration, hop.to),
        keystoresFrom,
      }),
    )
}

/** The homes of the environments besides the first, which the hop's steps for each tree are done in too. */
export const environmentHomes = (hop: Hop, at: HopSite, dumps: Checkpoint) =>
  otherEnvironments(at.site).map((environment) => ({
    environment,
    home: environmentHome(at.site, hop.to, environment),
    made: migrationHome(hop, at, dumps, environment),
  }))

/** What tells an environment's plays from those of the first. */
export const named = (environment: Pick<Environment, 'name'> | undefined): string =>
  environment === undefined ? '' : `, ${environment.name}`

/** Where the APIs of a home's gateway are. */
export const gatewayTrees = (home: string): readonly string[] => [
  `${home}/repository/deployment/server/synapse-configs/default`,
  `${home}/repository/tenants`,
]

/** A zip that is staged on the migration host, with its digest. */
export function zipOf({ site }: HopSite, name: string): { readonly zip: string; readonly sha256: string } {
  const { path, sha256 } = staged(site, site.migration, name)
  return { zip: path, sha256 }
}

/** What all runs of a hop's clients have in common. */
export function clientOf(
  hop: Hop,
  { site }: HopSite,
): Pick<ClientRun, 'home' | 'javaHome' | 'quiet' | 'vault'> {
  const { apim_base, java_home, apim_health, apim_vault_password: vault } = site.migration.vars
  return {
    home: migrationHomeOf(apim_base, hop.to),
    javaHome: java_home,
    quiet: apim_health.quiet,
    ...(vault && { vault }),
  }
}

/** The gates of a hop: the whole schema is that of its version, no table lost rows, tokens are kept as it keeps them, each tenant was migrated. `seen` reads what they come after. */
export function gates(hop: Hop, at: HopSite, dumps: Checkpoint, seen: HopSite['down']) {
  const { databases, baseline, site } = at
  const schema = play(`${hop.to}: schema`, databases.filter(holdsApim), { restoredBy: [dumps] })
    .task('probe', ({ host, from }) =>
      after(seen(from), database.schema({ db: host.vars, names: probeNames })),
    )
    .task('is whole', ({ probe }) => schemaIs({ version: hop.to, present: probe.present }))
  const counts = play(`${hop.to}: rows`, databases, { restoredBy: [dumps] })
    .task('counts', ({ host, from }) =>
      after(seen(from), database.counts({ db: host.vars, tables: countedTables })),
    )
    .task('none lost', ({ host, from, counts }) => kept({ before: from(baseline, host).counts, now: counts }))
  const tokens = play(`${hop.to}: tokens`, databases.filter(holdsApim), { restoredBy: [dumps] })
    .task('forms', ({ host, from }) => after(seen(from), tokenForms({ db: host.vars, version: hop.to })))
    .task('kept', ({ from, forms }) => {
      const keeping = tokensOf(at, from)
      return tokensAre({
        version: hop.to,
        encrypted: keeping !== undefined && keepsEncrypted(keeping),
        forms,
      })
    })
  const [users] = databasesWith(at, 'users')
  const [apim] = databases.filter(holdsApim)
  const { inactive_tenants: inactive } = site.vars
  const tenants =
    movesClaims(hop) && users !== undefined && apim !== undefined
      ? [
          play(`${hop.to}: tenants`, site.migration, { restoredBy: [dumps] }).task('migrated', ({ from }) =>
            after(seen(from), tenantsMigrated({ users: users.vars, identity: apim.vars, inactive })),
          ),
        ]
      : []
  const proved = (from: From) => [
    ...databases.map((db) => from(counts, db)['none lost']),
    ...databases.filter(holdsApim).map((db) => from(tokens, db).kept),
    ...tenants.map((each) => from(each, site.migration).migrated),
  ]
  return { plays: [schema, counts, tokens, ...tenants], proved }
}

/** A question before a hop that nobody has walked here, or that the vendor has no page for: what is not verified of it. */
export function unverified(
  hop: Hop,
  how: 'straight' | 'without a page of the vendor' | 'by the client of 2.0.0',
): Part {
  const { steps, notVerified } = factsOf(hop)
  const open = [...steps.flatMap(({ nv }) => nv ?? []), ...notVerified]
  const name = how === 'straight' ? `${hop.from} straight to ${hop.to}` : `${hop.from} to ${hop.to}, ${how}`
  return approve(
    name,
    () => `Of this hop it is not verified: ${open.join('; ')}. Go on, having rehearsed it on a copy?`,
  )
}

/** Steps of the identity client that find nothing in an API Manager, by the level that it goes on from (the vendor's pages). */
export function identitySteps(from: string): readonly string[] {
  const { identity } = factsOf({ from, to: '2.6.0' })
  return [
    ...(semver.lt(identity.from, '5.5.0') ? ['EventPublisherMigrator'] : []),
    ...(semver.lt(identity.from, '5.3.0') ? ['ChallengeQuestionDataMigrator'] : []),
  ]
}

/** Whether a database holds the API Manager's own tables. */
export const holdsApim = ({ vars }: HopSite['databases'][number]): boolean => vars.holds.includes('apim')

/** A database that holds something, as a thing; the one with the API Manager's tables when none says so. */
export function databasesWith(at: HopSite, what: 'users' | 'registry') {
  const found = at.databases.filter(({ vars }) => vars.holds.includes(what))
  return found.length > 0 ? found : at.databases.filter(holdsApim)
}

/** The name that the vendor's scripts have for the engine of the database that holds something: `mysql.sql`, `postgresql.sql`. */
export function scriptOf(at: HopSite, what: 'apim' | 'users' | 'registry'): string {
  const [db] = what === 'apim' ? at.databases.filter(holdsApim) : databasesWith(at, what)
  return `${db?.vars.engine ?? 'mysql'}.sql`
}
