import semver from 'semver'
import type { Host } from '../model/host.ts'
import { releaseOf, type Version } from './releases.ts'
import type { Node } from './schemas.ts'

/** What a server is for. Profile, flags and place in the order follow from it and the version. One that is for several things is `all-in-one`. */
export type Role =
  | 'all-in-one'
  | 'key-manager'
  | 'traffic-manager'
  | 'publisher'
  | 'store'
  | 'gateway-manager'
  | 'gateway-worker'

/** The inventory's groups that say what a host is for. */
export type RoleGroups = {
  readonly key_managers: readonly Host<Node>[]
  readonly traffic_managers: readonly Host<Node>[]
  readonly publishers: readonly Host<Node>[]
  readonly stores: readonly Host<Node>[]
  readonly gateway_managers: readonly Host<Node>[]
  readonly gateway_workers: readonly Host<Node>[]
}

/** Hosts of one role, at their place in the start order. */
export type Rank = { readonly role: Role; readonly hosts: readonly Host<Node>[] }

/** Roles in the order in which a version's servers are started; they are stopped in its reverse. */
export function roleOrder(version: string): readonly Role[] {
  return releaseOf(version)?.order ?? []
}

/** Hosts by role in the start order of a version; a host that has no server of that version yet is left out. */
export function startOrder(site: RoleGroups, version: Version): readonly Rank[] {
  return roleOrder(version)
    .map((role) => ({
      role,
      hosts: hostsOf(site, role).filter((host) => roleOf(site, host) === role && serves(host, version)),
    }))
    .filter(({ hosts }) => hosts.length > 0)
}

/** Hosts that play a part, be it beside others; for `all-in-one` those that play several, the one that writes first. */
export function hostsOf(site: RoleGroups, role: Role): readonly Host<Node>[] {
  if (role === 'all-in-one') {
    const several = parts.flatMap((part) => hostsOf(site, part)).filter((host) => roleOf(site, host) === role)
    return [...new Map(several.map((host) => [host.name, host])).values()].toSorted(
      (a, b) => Number(writes(site, b)) - Number(writes(site, a)),
    )
  }
  const groups = {
    'key-manager': site.key_managers,
    'traffic-manager': site.traffic_managers,
    publisher: site.publishers,
    store: site.stores,
    'gateway-manager': site.gateway_managers,
    'gateway-worker': site.gateway_workers,
  } satisfies Record<Part, readonly Host<Node>[]>
  return groups[role]
}

type Part = Exclude<Role, 'all-in-one'>

const parts: readonly Part[] = [
  'key-manager',
  'traffic-manager',
  'publisher',
  'store',
  'gateway-manager',
  'gateway-worker',
]

/** The parts that a host's one server plays, by the groups that name it. A gateway that writes is no worker beside. */
export function partsOf(site: RoleGroups, host: Host): readonly Part[] {
  const played = parts.filter((part) => hostsOf(site, part).some(({ name }) => name === host.name))
  return played.includes('gateway-manager') ? played.filter((part) => part !== 'gateway-worker') : played
}

/** What a host is for, by its groups. A host that several groups name has one server, of the packs' default profile. */
export function roleOf(site: RoleGroups, host: Host): Role | undefined {
  const [first, ...more] = partsOf(site, host)
  return more.length > 0 ? 'all-in-one' : first
}

/** The part that a host has in sharing artefacts; undefined where it is no gateway. */
export const gatewayPartOf = (site: RoleGroups, host: Host): Role | undefined =>
  partsOf(site, host).find((part) => part === 'gateway-manager' || part === 'gateway-worker')

/** Whether a host serves APIs, be it beside other things. */
export const isGateway = (site: RoleGroups, host: Host): boolean => gatewayPartOf(site, host) !== undefined

const writes = (site: RoleGroups, host: Host): boolean => gatewayPartOf(site, host) === 'gateway-manager'

function serves(host: Host<Node>, version: string): boolean {
  return host.vars.since === undefined || semver.gte(version, host.vars.since)
}

/** The profile of a role in a version, by the packs' lists. A release without such a server has none, and the role's own name stands for it. */
export function profileOf(role: Role, version: string): string {
  return releaseOf(version)?.profiles[role] ?? role
}

/** The flags that a server of this role is started with: none for one of the default profile. The one that writes the shared artefacts is no worker. */
export function flagsOf(role: Role, version: string): readonly string[] {
  if (role === 'all-in-one') return []
  const worker = releaseOf(version)?.workers.includes(role) ?? false
  return [`-Dprofile=${profileOf(role, version)}`, ...(worker ? ['-DworkerNode=true'] : [])]
}
