import { placeText } from '../../model/errors.ts'
import { type InventoryHost, placeOfGroupVar } from '../../model/inventory.ts'
import { type AnsibleSource, placeOfHost, type Risk, textOf } from './facts.ts'

/** Groups of WSO2's Ansible roles: what of the fleet they are, and the folder below `target` and the unit that their role makes. */
const roles = [
  { group: 'apim-km', to: 'key_managers', folder: 'apim-km' },
  { group: 'apim-publisher', to: 'publishers', folder: 'apim-publisher' },
  { group: 'apim-store', to: 'stores', folder: 'apim-store' },
  { group: 'apim-devportal', to: 'stores', folder: 'apim-devportal' },
  { group: 'apim-tm', to: 'traffic_managers', folder: 'apim-tm' },
  { group: 'apim-gateway', to: 'gateways', folder: 'apim-gateway' },
] as const

type Role = (typeof roles)[number]

/** A server of the old fleet. `roles` is empty for one that has all of them. */
export interface OldServer {
  readonly host: InventoryHost
  readonly roles: readonly Role[]
  readonly folder: string
}

const names = [
  'migration',
  'key_managers',
  'traffic_managers',
  'publishers',
  'stores',
  'gateway_managers',
  'gateway_workers',
] as const

/** The servers that the inventory's groups name; a host in `apim` alone has all roles in one server. */
export function serversOf({ inventory }: AnsibleSource): readonly OldServer[] {
  return inventory.hosts.flatMap((host) => {
    const own = roles.filter(({ group }) => host.groups.includes(group))
    const isApim = host.groups.includes('apim') && !host.groups.some((group) => isOther(group))
    if (own.length === 0 && !isApim) return []
    return [{ host, roles: own, folder: own[0]?.folder ?? 'apim' }]
  })
}

const isOther = (group: string): boolean => /^apim-(analytics|is-as-km)/.test(group)

/** The fleet's groups. Of several gateways the first is the one that publishes. */
export function groupsOf(servers: readonly OldServer[], hasTrafficManagers: boolean) {
  const within = (to: Role['to']) =>
    servers.filter((server) => server.roles.length === 0 || server.roles.some((role) => role.to === to))
  const [writer, ...workers] = within('gateways')
  // Where nothing else is: the clients run for hours, and beside a publisher they disturb nobody's traffic.
  const migration = within('publishers')[0] ?? within('key_managers')[0] ?? servers[0]
  const hosts: Record<(typeof names)[number], readonly (OldServer | undefined)[]> = {
    migration: [migration],
    key_managers: within('key_managers'),
    traffic_managers: hasTrafficManagers ? within('traffic_managers') : [],
    publishers: within('publishers'),
    stores: within('stores'),
    gateway_managers: [writer],
    gateway_workers: workers,
  }
  const whys: Record<(typeof names)[number], string> = {
    migration: 'one host, on which the hops run their clients; it needs room for a pack of every hop',
    key_managers: '[apim-km]',
    traffic_managers: '[apim-tm]',
    publishers: '[apim-publisher]',
    stores: '[apim-store] or [apim-devportal]',
    gateway_managers: 'the first of [apim-gateway]: the one that publishes what the others serve',
    gateway_workers: 'the others of [apim-gateway]',
  }
  return names.map((name) => ({
    name,
    hosts: hosts[name].flatMap((server) => server?.host.name ?? []),
    why:
      name !== 'migration' && hosts[name].some((server) => server?.roles.length === 0)
        ? '[apim]: all roles in one server'
        : whys[name],
  }))
}

/** What groups and hosts are a risk by themselves. */
export function roleRisks(source: AnsibleSource, servers: readonly OldServer[]): readonly Risk[] {
  const { inventory } = source
  const others = inventory.groups
    .filter(({ name, hosts }) => isOther(name) && hosts.length > 0)
    .map(({ name, hosts }): Risk => {
      const place = placeOfGroupVar(inventory, name, [])
      const who = hosts.join(', ')
      return name.startsWith('apim-is-as-km')
        ? {
            kind: 'is-as-km',
            place,
            text: `WSO2 IS is the key manager (${who}): this version upgrades key managers within API Manager alone`,
            next: 'Do not upgrade this fleet with this tool; its hosts are left out.',
          }
        : {
            kind: 'left-out',
            place,
            text: `${name} is not upgraded: ${who}`,
            next: 'Upgrade Analytics by its own documentation; its hosts are left out.',
          }
    })
  const gateways = servers.filter((server) => server.roles.some(({ to }) => to === 'gateways'))
  const [first, ...more] = gateways
  const active: readonly Risk[] =
    first === undefined || more.length === 0
      ? []
      : [
          {
            kind: 'active-active',
            place: placeOfGroupVar(inventory, 'apim-gateway', []),
            text: `${gateways.length} gateways are active side by side: ${first.host.name} was taken for the one that publishes`,
            next: 'See that it is, by what the publishers name as gateway; say how artefacts get to the others (svn, shared_deployment).',
          },
        ]
  return [
    ...others,
    ...active,
    ...servers.flatMap((server) => serverRisks(source, server)),
    ...addressRisks(source, servers),
  ]
}

function serverRisks(source: AnsibleSource, { host, roles: own, folder }: OldServer): readonly Risk[] {
  const place = placeOfHost(source, host)
  const unit = `wso2${folder}`
  const supervised: Risk = {
    kind: 'supervised',
    place,
    text: `${host.name}: the role installs the unit ${unit}.service, which starts a server again that was stopped`,
    next: `Before the upgrade: systemctl disable --now ${unit}, and start the server by its script.`,
  }
  if (own.length === 0)
    return [
      {
        kind: 'all-in-one',
        place,
        text: `${host.name} has all roles in one server: it is upgraded as one of the default profile, started without -Dprofile`,
        next: 'See that it runs so now, and rehearse on a copy first.',
      },
      supervised,
    ]
  const folders = new Set(own.map(({ to }) => to))
  if (folders.size < 2) return [supervised]
  return [
    {
      kind: 'several-roles',
      place,
      text: `${host.name} is named in several groups: ${own.map(({ group }) => group).join(', ')}; each role has a server of its own there, and a host has one home here`,
      next: 'Name the machine once for each server, and say upgrade_fleet_same_machine on all but the first.',
    },
    supervised,
  ]
}

/** Names that mean one address. */
function addressRisks(source: AnsibleSource, servers: readonly OldServer[]): readonly Risk[] {
  const addressOf = ({ host }: OldServer): string | undefined => {
    const said = (usual: string, ...names: readonly string[]) => {
      const name = names.find((one) => host.vars[one] !== undefined)
      return name === undefined ? usual : textOf(source.value(host, name))
    }
    const address = said(host.name, 'ansible_ssh_host', 'ansible_host')
    const port = said('22', 'ansible_ssh_port', 'ansible_port')
    // One that refers to what is not known is like no other.
    return address === undefined || port === undefined ? undefined : `${address}:${port}`
  }
  return servers.flatMap((server, at) => {
    const address = addressOf(server)
    const before = servers.slice(0, at).find((other) => addressOf(other) === address)
    if (before === undefined || address === undefined) return []
    const first = placeText(placeOfHost(source, before.host))
    return [
      {
        kind: 'same-address' as const,
        place: placeOfHost(source, server.host),
        text: `${server.host.name} has the address of ${before.host.name} (${first}): ${address}`,
        next: `If both are one machine, say upgrade_fleet_same_machine: ${before.host.name}; else correct the address.`,
      },
    ]
  })
}
