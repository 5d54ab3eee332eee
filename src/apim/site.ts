import { InputError } from '../model/errors.ts'
import type { Host } from '../model/host.ts'
import type { From, Play } from '../model/play.ts'
import { type Artifact, stagedPath } from '../modules/artifact.ts'
import { checksOf, type Tried } from './business.ts'
import type { TomlVars } from './custom.ts'
import type { EnvironmentVars } from './environment-vars.ts'
import { environmentsOf, ownOfEnvironments } from './environments.ts'
import { factsOf } from './hop-facts.ts'
import type { LogLevels } from './logging.ts'
import type { Place } from './ports.ts'
import type { CheckName } from './preflight/checks.ts'
import type { Counts } from './probes.ts'
import { hostsOf, partsOf, type Role, type RoleGroups, roleOrder } from './roles.ts'
import {
  type AdminVars,
  type ArtifactVars,
  type CheckVars,
  type DatabaseVars,
  type JarVars,
  type KeystoreVars,
  type Node,
  type OldNode,
  runsNow,
  type SvnVars,
} from './schemas.ts'
import { type GatewayEnvironment, jdbc, type Peers } from './settings.ts'
import type { Supervisors } from './supervisors.ts'
import type { TokenKeeping } from './tokens.ts'
import type { Hop, Version } from './versions.ts'

/** The fleet as an upgrade sees it; a site of `inventory/fleet.ts` is one. */
export type ApimSite = RoleGroups & {
  readonly migration: Host<OldNode>
  readonly all: readonly Host<Node>[]
  readonly vars: {
    readonly apim_version: Version
    readonly databases: readonly DatabaseVars[]
    readonly artifacts: readonly ArtifactVars[]
    readonly backups: string
    readonly svn?: SvnVars | undefined
    /** Gateway environments, where there is more than one. */
    readonly environments?: readonly EnvironmentVars[] | undefined
    readonly shared_deployment?: string | undefined
    readonly admin: AdminVars
    readonly keystores: KeystoreVars
    readonly checks?: CheckVars | undefined
    /** Findings of preflight that ask, and were decided. */
    readonly preflight_accepted?: readonly CheckName[] | undefined
    /** Jars of the operator for new homes. */
    readonly custom_jars?: readonly JarVars[] | undefined
    /** Whether the identity client migrates tenants that are not active: it does unless told. */
    readonly inactive_tenants?: 'migrate' | 'leave' | undefined
    /** Whether the secrets of new homes of 3.0.0 are encrypted. */
    readonly secure_vault?: boolean | undefined
    /** Whether backups are restored into scratch before anything irreversible: true unless told. */
    readonly rehearsal?: boolean | undefined
  }
}

/** What a hop is made from: the site, its databases as things, the rows before the first hop, and what must have stopped before. */
export type HopSite = {
  readonly site: ApimSite
  readonly databases: readonly Host<DatabaseVars>[]
  readonly baseline: Play<{ readonly counts: Counts }>
  /** What each old gateway served before anything was changed. */
  readonly served: Play<{ readonly served: { readonly paths: readonly string[] } }>
  /** What users could do at each key manager and gateway before anything was changed. */
  readonly works: Play<{ readonly works: Tried }>
  readonly supervisors: Supervisors
  readonly looked: Play<{
    readonly found: {
      readonly versioning: boolean | undefined
      readonly carried: TomlVars
      readonly levels: LogLevels
      readonly tokens: TokenKeeping | undefined
    }
  }>
  /** Reads outputs that say that the servers are down, so that nothing that needs it is thought of before. */
  readonly down: (from: From) => unknown
}

/** The drivers of the databases' engines. */
const driversOf = (site: ApimSite): readonly string[] => [
  ...new Set(site.vars.databases.map(({ engine }) => jdbc[engine].artifact)),
]

/** Optional artefacts that go into `dropins` or `lib` of gateways that still use SVN (their licence keeps them out of the packs). */
const synchronizerJars: readonly { readonly name: RegExp; readonly dir: 'lib' | 'dropins' }[] = [
  { name: /^svnkit/, dir: 'dropins' },
  { name: /^trilead/, dir: 'lib' },
]

/** Versions at which the whole fleet is started: the target, what was asked for, and 2.6.0 on the way where SVN is in use. */
export function landings(site: ApimSite, hops: readonly Hop[]): readonly string[] {
  const last = hops.at(-1)?.to
  return hops
    .filter(({ to, lands }) => to === last || lands || (to === '2.6.0' && site.vars.svn !== undefined))
    .map(({ to }) => to)
}

/** What travels to a host: the migration host gets what the hops need, every host the landings' packs and the driver. All that is missing from the list is told at once. */
export function artifactsFor(site: ApimSite, host: Host, hops: readonly Hop[]): readonly Artifact[] {
  const needed = hops.flatMap((hop) => factsOf(hop).artifacts)
  const packs = landings(site, hops).map((version) => `wso2am-${version}`)
  const own = (site.vars.custom_jars ?? []).map(({ name }) => name)
  const missing = [...new Set([...needed, ...packs, ...driversOf(site), ...own])].filter(
    (name) => !site.vars.artifacts.some((each) => each.name === name),
  )
  if (missing.length > 0)
    throw new InputError(
      missing.map((name) => `artifacts: ${name} is not listed, but the way to ${hops.at(-1)?.to} needs it`),
      'List it in artifacts.yml with its file and SHA-256.',
    )
  const names = new Set([
    ...(host.name === site.migration.name ? needed : []),
    ...packs,
    ...driversOf(site),
    ...own,
  ])
  const extra = site.vars.svn === undefined ? [] : synchronizerJars
  return site.vars.artifacts.filter(({ name }) => names.has(name) || extra.some((jar) => jar.name.test(name)))
}

/** An artefact as it lies on a host after `stage`. */
export function staged(
  site: ApimSite,
  host: Host<Node>,
  name: string,
): { readonly path: string; readonly sha256: string } {
  const artifact = site.vars.artifacts.find((each) => each.name === name)
  if (artifact === undefined) throw new InputError(`artifacts: ${name} is not listed.`)
  return { path: stagedPath(host.vars.apim_base, artifact), sha256: artifact.sha256 }
}

/** Jars for a home's `lib` and `dropins`: the driver, the operator's own, and the synchronizer's client where SVN is still used. */
export function jarsFor(site: ApimSite, host: Host<Node>, version: string) {
  const extra = site.vars.svn === undefined || version === '3.0.0' ? [] : synchronizerJars
  const drivers = driversOf(site)
  const own = (site.vars.custom_jars ?? []).filter(
    ({ versions }) => versions === undefined || versions.some((each) => each === version),
  )
  return site.vars.artifacts.flatMap((artifact) => {
    const dir = drivers.includes(artifact.name)
      ? ('lib' as const)
      : (extra.find(({ name }) => name.test(artifact.name))?.dir ??
        own.find(({ name }) => name === artifact.name)?.dir)
    const name = artifact.file.split('/').at(-1) ?? artifact.name
    return dir === undefined ? [] : [{ from: stagedPath(host.vars.apim_base, artifact), dir, name }]
  })
}

/** What users do, as far as a host can be asked for it; undefined where nothing is to be tried there. */
export function checksAt(site: ApimSite, host: Host): CheckVars | undefined {
  const { checks } = site.vars
  return checks && checksOf(partsOf(site, host), checks)
}

/** The home that tells how the fleet keeps its tokens: a key manager's. Undefined where its files cannot be read, which preflight tells. */
export function tokensOf(
  { site, looked }: Pick<HopSite, 'site' | 'looked'>,
  from: From,
): TokenKeeping | undefined {
  const [keeper = site.migration] = hostsOf(site, 'key-manager').filter(runsNow)
  return from(looked, keeper).found.tokens
}

/** Who answers for each role: the first host of it. */
export function peersOf(site: RoleGroups): Peers {
  const pairs = roleOrder('3.0.0').flatMap((role): readonly (readonly [Role, Place])[] => {
    const [first] = hostsOf(site, role)
    return first === undefined ? [] : [[role, placeOf(first)]]
  })
  return Object.fromEntries(pairs)
}

/** Who publishers publish to, environment by environment; undefined where the fleet names none. */
export function gatewaysOf(site: ApimSite): readonly GatewayEnvironment[] | undefined {
  if (site.vars.environments === undefined) return undefined
  return environmentsOf(site).map(({ name = '', type, writer }) => ({ name, type, gateway: placeOf(writer) }))
}

/** Where a host's servers are reached. */
export const placeOf = ({
  vars: { apim_address: address, apim_port_offset: offset },
}: Host<Node>): Place => ({
  address,
  offset,
})

/** A server whose artefacts are taken, what of them (everything, when it does not say), and where they lie on the migration host. */
export type TreeSource = {
  readonly name: string
  /** The environment whose own part of the artefacts it is; undefined for what all have. */
  readonly environment?: string | undefined
  readonly host: Host<OldNode>
  readonly only?: readonly string[] | undefined
  readonly file: string
}

/**
 * Who has the artefacts of the old fleet: the gateway that writes has the APIs; secondary user stores are where users
 * log in, and execution plans are where traffic is counted (the vendor's cluster pages). The first is the gateway, of the
 * first environment; of the others only their APIs and sequences are taken.
 */
export function treeSources(site: ApimSite): readonly TreeSource[] {
  const base = site.migration.vars.apim_base
  const version = site.vars.apim_version
  const [{ writer }, ...more] = environmentsOf(site)
  const first = runsNow(writer) ? writer : site.migration
  const others = [
    { role: 'key-manager', only: ['userstores'] },
    { role: 'traffic-manager', only: ['executionplans'] },
  ] as const
  const byHost = new Map<string, { host: Host<OldNode>; role: Role; only: readonly string[] }>()
  for (const { role, only } of others) {
    const [host] = hostsOf(site, role).filter(runsNow)
    if (host === undefined || host.name === first.name) continue
    const found = byHost.get(host.name)
    byHost.set(host.name, found ? { ...found, only: [...found.only, ...only] } : { host, role, only })
  }
  return [
    { name: first.name, host: first, file: bundlePath(base, version) },
    ...more.flatMap(({ name, writer: host, suffix }) =>
      runsNow(host)
        ? [
            {
              name: host.name,
              environment: name,
              host,
              only: ownOfEnvironments,
              file: bundlePath(base, version, suffix),
            },
          ]
        : [],
    ),
    ...[...byHost.values()].map(({ host, role, only }) => ({
      name: more.some(({ writer: other }) => other.name === host.name) ? `${host.name}, ${role}` : host.name,
      host,
      only,
      file: bundlePath(base, `${version}-${role}`),
    })),
  ]
}

/** Where the artefacts' bundle of a version lies on the migration host; with the suffix of an environment its own part of them. */
export const bundlePath = (base: string, version: string, suffix = ''): string =>
  `${base}/migration/trees-${version}${suffix}.tar`
