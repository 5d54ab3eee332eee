import semver from 'semver'
import type { Host } from '../model/host.ts'
import { releaseOf, type Version } from './releases.ts'
import type { Node } from './schemas.ts'

/** What a server is for. Profile, flags and place in the order follow from it and the version. */
export type Role =
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
    .map((role) => ({ role, hosts: hostsOf(site, role).filter((host) => serves(host, version)) }))
    .filter(({ hosts }) => hosts.length > 0)
}

/** Hosts of a role. */
export function hostsOf(site: RoleGroups, role: Role): readonly Host<Node>[] {
  const groups = {
    'key-manager': site.key_managers,
    'traffic-manager': site.traffic_managers,
    publisher: site.publishers,
    store: site.stores,
    'gateway-manager': site.gateway_managers,
    'gateway-worker': site.gateway_workers,
  } satisfies Record<Role, readonly Host<Node>[]>
  return groups[role]
}

/** What a host is for, by its groups. */
export function roleOf(site: RoleGroups, host: Host): Role | undefined {
  return roleOrder('2.0.0').find((role) => hostsOf(site, role).some(({ name }) => name === host.name))
}

function serves(host: Host<Node>, version: string): boolean {
  return host.vars.since === undefined || semver.gte(version, host.vars.since)
}

/** The profile of a role in a version, by the packs' lists. A release without such a server has none, and the role's own name stands for it. */
export function profileOf(role: Role, version: string): string {
  return releaseOf(version)?.profiles[role] ?? role
}

/** The flags that a server of this role is started with. The one that writes the shared artefacts is no worker. */
export function flagsOf(role: Role, version: string): readonly string[] {
  const worker = releaseOf(version)?.workers.includes(role) ?? false
  return [`-Dprofile=${profileOf(role, version)}`, ...(worker ? ['-DworkerNode=true'] : [])]
}
