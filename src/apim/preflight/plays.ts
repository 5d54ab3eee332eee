import { skip } from '../../model/action.ts'
import type { Host } from '../../model/host.ts'
import { play } from '../../model/play.ts'
import * as database from '../../modules/database/index.ts'
import * as svn from '../../modules/svn/index.ts'
import { agrees } from '../agreement.ts'
import { configuration } from '../config.ts'
import { environmentOf } from '../environments.ts'
import { backupsOf, beside, homesBeside } from '../machines.ts'
import { portsOf } from '../ports.ts'
import { gatewayPartOf, hostsOf, isGateway, partsOf, type Role, roleOf } from '../roles.ts'
import { type Node, runsNow } from '../schemas.ts'
import { homeOf, oldServer } from '../server.ts'
import { shareReady } from '../share.ts'
import { type ApimSite, type HopSite, placeOf } from '../site.ts'
import { overlayRulesOf } from '../trees.ts'
import type { Hop } from '../versions.ts'
import { jars, places, sequences, sharedExports, throttleHandlers } from './artefacts.ts'
import { type Claimed, datasources } from './datasources.ts'
import { carbonHome, onlyHome, owners, wellBefore } from './home.ts'
import { keystores } from './keystores.ts'
import { clocks, ready } from './machine.ts'
import { ports } from './ports.ts'
import { carriedOver, settings } from './settings.ts'
import { signs } from './signs.ts'
import { tokensAgree } from './tokens.ts'
import { vault } from './vault.ts'

const everywhere = [
  'unzip',
  'tar',
  'gzip',
  'sha256sum',
  'find',
  'xargs',
  'awk',
  'sed',
  'comm',
  'od',
  'setsid',
  'bash',
]
const noServer = 'it has no server yet'

/** What is missing on the hosts and what stands in the way in their homes, all at once, before anything is changed. */
export function preflight(site: ApimSite, hops: readonly Hop[], landingVersions: readonly string[]) {
  const { vars } = site
  const accepted = vars.preflight_accepted ?? []
  return play('preflight', site.all, { collect: true })
    .task('ready', ({ host }) => ready(needsOf(site, host, hops, landingVersions)))
    .task('clock', ({ host }) =>
      host.name === site.migration.name
        ? skip('the others are compared with it')
        : clocks({ other: site.migration.name }),
    )
    .task('profiles', () => carbonHome({}))
    .task('ports', ({ host }) => {
      const role = roleOf(site, host)
      return role === undefined
        ? skip('it gets no server')
        : ports({
            address: host.vars.apim_address,
            home: host.vars.apim_home,
            ports: wanted(role, landingVersions, host.vars.apim_port_offset),
          })
    })
    .task('version', ({ host }) =>
      runsNow(host)
        ? signs({ home: host.vars.apim_home, expect: vars.apim_version, ...placeOf(host) })
        : skip(noServer),
    )
    .task('owners', ({ host }) =>
      runsNow(host) ? owners({ home: host.vars.apim_home, accepted }) : skip(noServer),
    )
    .task('servers', ({ host }) =>
      runsNow(host)
        ? onlyHome({
            home: host.vars.apim_home,
            role: roleOf(site, host),
            version: vars.apim_version,
            others: homesBeside(site, host),
            accepted,
          })
        : skip(noServer),
    )
    .task('configuration', ({ host }) =>
      runsNow(host)
        ? agrees({
            home: host.vars.apim_home,
            svn: vars.svn?.old_url,
            keystorePassword: vars.keystores.password !== undefined,
          })
        : skip(noServer),
    )
    .task('datasources', ({ host }) =>
      runsNow(host)
        ? datasources({
            home: host.vars.apim_home,
            databases: claimed(site),
            role: roleOf(site, host),
            accepted,
          })
        : skip(noServer),
    )
    .task('settings', ({ host }) =>
      runsNow(host)
        ? settings({
            home: host.vars.apim_home,
            role: gatewayPartOf(site, host) ?? roleOf(site, host),
            svn: vars.svn !== undefined,
            keeper: partsOf(site, host).includes('key-manager'),
            offset: host.vars.apim_port_offset ?? 0,
          })
        : skip(noServer),
    )
    .task('carried over', ({ host }) =>
      runsNow(host) && hops.some(({ to }) => to === '3.0.0')
        ? carriedOver({
            home: host.vars.apim_home,
            address: host.vars.apim_address,
            told: Object.keys(host.vars.apim_toml ?? {}),
            environments: vars.environments,
            publishes: partsOf(site, host).includes('publisher'),
            accepted,
          })
        : skip('its configuration is not redone for 3.0.0'),
    )
    .task('secure vault', ({ host }) =>
      runsNow(host) || vars.secure_vault
        ? vault({
            home: host.vars.apim_home,
            javaHome: host.vars.java_home,
            keystore: vars.keystores.file,
            told: host.vars.apim_vault_password,
            ...(vars.secure_vault && { next: encrypted(site, host, landingVersions), accepted }),
          })
        : skip(noServer),
    )
    .task('keystores', ({ host }) =>
      runsNow(host)
        ? keystores({
            home: host.vars.apim_home,
            javaHome: host.vars.java_home,
            keystores: vars.keystores,
            to3: hops.some(({ to }) => to === '3.0.0'),
            accepted,
          })
        : skip(noServer),
    )
    .task('stock sequences', ({ host }) =>
      runsNow(host) && isGateway(site, host)
        ? sequences({ home: host.vars.apim_home, names: winning(hops), accepted })
        : skip('it is no gateway'),
    )
    .task('throttle handlers', ({ host }) =>
      !runsNow(host) || !isGateway(site, host)
        ? skip('it is no gateway')
        : vars.apim_version.startsWith('1.')
          ? skip('the 2.0.0 client rewrites the APIs of 1.x')
          : throttleHandlers({ home: host.vars.apim_home }),
    )
    .task('jars', ({ host }) => (runsNow(host) ? jars({ home: host.vars.apim_home }) : skip(noServer)))
    .task('shared places', ({ host }) =>
      runsNow(host)
        ? places({ home: host.vars.apim_home, shared: environmentOf(site, host).shared })
        : skip(noServer),
    )
    .task('health', ({ host }) => {
      const role = roleOf(site, host)
      return runsNow(host) && role !== undefined
        ? wellBefore({ server: oldServer(host, role, vars.apim_version) })
        : skip(noServer)
    })
    .task('shared directory', ({ host }) => {
      const { shared: dir } = environmentOf(site, host)
      return dir === undefined ? skip('none is used') : shareReady({ dir })
    })
    .task('SVN repository', ({ host }) => {
      const { svn: repository } = vars
      if (repository === undefined || host.name !== site.migration.name) return skip('not asked from here')
      // 3.0.0 cannot use one.
      return landingVersions.some((version) => version !== '3.0.0')
        ? svn.clean({ repository })
        : skip('no landing uses it')
    })
}

/** What only all hosts together tell: what they share. */
export function preflightTogether(
  site: ApimSite,
  found: ReturnType<typeof preflight>,
  looked: HopSite['looked'],
) {
  const keyManagers = hostsOf(site, 'key-manager').map(({ name }) => name)
  return play('preflight, together', site.migration, { collect: true })
    .task('exports', ({ from }) =>
      sharedExports({
        exports: Object.fromEntries(
          site.all.map((host) => [host.name, from(found, host)['shared places']?.exports ?? []]),
        ),
      }),
    )
    .task('tokens', ({ from }) =>
      tokensAgree({
        keeping: Object.fromEntries(
          site.all
            .filter(runsNow)
            .map((host) => [host.name, from(looked, host).found.tokens ?? { keys: false }]),
        ),
        keyManagers,
      }),
    )
}

function needsOf(site: ApimSite, host: Host<Node>, hops: readonly Hop[], landingVersions: readonly string[]) {
  const { vars } = site
  const isMigration = host.name === site.migration.name
  return {
    base: host.vars.apim_base,
    backups: backupsOf(site, host),
    javaHome: host.vars.java_home,
    versions: isMigration ? hops.map(({ to }) => to) : landingVersions,
    needs: [
      ...everywhere,
      ...(isMigration ? database.programs(vars.databases) : []),
      ...(isMigration && vars.svn ? ['svn', 'svnrdump'] : []),
    ],
    gib: gibWanted(site, host, hops),
    fresh: landingVersions.map((version) => homeOf(host.vars.apim_base, version)),
  }
}

/** GiB that the new homes of a host take, those of the other names of its machine among them. */
export function gibWanted(
  site: Pick<ApimSite, 'all' | 'migration'>,
  host: Host<Node>,
  hops: readonly Hop[],
): number {
  const each = ({ name }: Host<Node>) => (name === site.migration.name ? hops.length + 2 : 1)
  return [host, ...beside(site, host)].reduce((sum, one) => sum + each(one), 0)
}

/** What of a host's new home is to be encrypted: the secrets of its configuration, whatever its role. */
const encrypted = ({ vars, migration }: ApimSite, host: Host<Node>, landingVersions: readonly string[]) => ({
  secrets:
    configuration({
      ...{ version: '3.0.0', role: 'migration', peers: {}, vault: true, ...placeOf(host) },
      ...{ databases: vars.databases, admin: vars.admin, keystores: vars.keystores },
      toml: host.vars.apim_toml,
    }).secrets ?? [],
  // Asked once, and not of each host.
  landsBefore: host.name === migration.name && landingVersions.some((version) => version !== '3.0.0'),
})

const wanted = (role: Role, landingVersions: readonly string[], offset?: number): readonly number[] => [
  ...new Set(landingVersions.flatMap((version) => portsOf(role, version, offset))),
]

/** Names of the sequences with which the packs of the way win over those of the old tree. */
function winning(hops: readonly Hop[]): readonly string[] {
  const rules = hops.map((hop) => overlayRulesOf(hop))
  const kept = rules.flatMap(({ keep, refresh }) => [
    ...keep.filter((path) => path.startsWith('sequences/')),
    ...refresh,
  ])
  return [...new Set(kept.map((path) => path.split('/').at(-1) ?? path))]
}

const claimed = ({ vars }: ApimSite): readonly Claimed[] =>
  vars.databases.map(({ name, engine, holds, host, port, schema }) => ({
    name,
    engine,
    holds,
    host,
    port,
    schema,
  }))
