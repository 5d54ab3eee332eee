import type { InventoryHost } from '../../model/inventory.ts'
import type { Json } from '../../model/json.ts'
import { sources } from '../versions.ts'
import { connectionsOf } from './connections.ts'
import { databasesOf } from './databases.ts'
import {
  type AnsibleSource,
  firstWith,
  origin,
  type ProjectFacts,
  placeOf,
  type Risk,
  type Said,
  textOf,
} from './facts.ts'
import { groupsOf, roleRisks, serversOf } from './roles.ts'
import { adminSaid, backupsSaid, databasesSaid, homeSaid, keystoresSaid, offsetOf } from './said.ts'
import { plainSecrets, secretNames } from './secrets.ts'

/** What a project is written from, what is a risk, and what a person has still to say. */
export interface Imported {
  readonly facts: ProjectFacts
  readonly risks: readonly Risk[]
  /** What must be filled in before `check` finds nothing: variables without a value. */
  readonly missing: readonly string[]
  /** Where the secrets go that were not copied. */
  readonly secrets: readonly string[]
}

/**
 * Reads an inventory of the kind that WSO2's own Ansible roles use (wso2/ansible-apim: server facts 8.1): groups `apim`,
 * `apim-gateway` and so on, their variables for homes, databases and keystores. Secrets are never copied.
 */
export function fromAnsible(source: AnsibleSource): Imported {
  const servers = serversOf(source)
  const secrets = secretNames(source)
  const hosts = servers.map(({ host }) => host)
  const version = versionOf(source, hosts)
  const { databases, risks: databaseRisks } = databasesOf(source, hosts)
  const connections = connectionsOf(source, servers)
  const hasTrafficManagers = version.value === undefined || !/^1\./.test(version.value)
  const site: readonly Said[] = [
    {
      name: 'apim_version',
      ...(version.value !== undefined && { value: version.value }),
      why: version.why,
    },
    databasesSaid(hosts, databases, secrets),
    ...adminSaid(source, hosts, secrets),
    ...keystoresSaid(source, hosts, secrets),
    backupsSaid(source, hosts),
  ]
  const facts: ProjectFacts = {
    shared: connections.shared,
    hosts: servers.map((server) => ({
      name: server.host.name,
      why: server.roles.map(({ group }) => group).join(', ') || 'apim',
      vars: [...connections.own(server.host), ...homeSaid(source, server, version.value)],
    })),
    groups: groupsOf(servers, hasTrafficManagers),
    site,
  }
  return {
    facts,
    risks: [
      ...version.risks,
      ...roleRisks(source, servers),
      ...databaseRisks,
      ...backupRisks(source, hosts),
      ...portRisks(source, hosts),
      ...plainSecrets(source, hosts),
    ],
    missing: missingOf(facts),
    secrets: secrets.todos,
  }
}

function missingOf({ hosts, groups, site }: ProjectFacts): readonly string[] {
  const needed = ['migration', 'key_managers', 'publishers', 'stores', 'gateway_managers']
  const isNeeded = ({ value }: Said) => value === undefined
  const version = site.find(({ name }) => name === 'apim_version')?.value
  const databases = site.find(({ name }) => name === 'databases')?.value
  return [
    ...site.filter(isNeeded).map(({ name, why }) => `inventory/group_vars/all.yml ${name}: ${why}`),
    ...(version === undefined || sources.some((one) => one === version)
      ? []
      : [
          `inventory/group_vars/all.yml apim_version: one of ${sources.join(', ')}, and not ${String(version)}`,
        ]),
    ...(Array.isArray(databases) ? databases : []).flatMap(({ name, user }: Record<string, Json>) =>
      user === null ? [`inventory/group_vars/all.yml ${name}: its user, which is not said`] : [],
    ),
    ...hosts.flatMap(({ name, vars }) =>
      vars.filter(isNeeded).map((one) => `inventory/hosts.yml ${name} ${one.name}: ${one.why}`),
    ),
    ...groups
      .filter((group) => needed.includes(group.name) && group.hosts.length === 0)
      .map((group) => `inventory/hosts.yml ${group.name}: no host of it was found`),
  ]
}

function versionOf(source: AnsibleSource, hosts: readonly InventoryHost[]) {
  const found = new Map<string, InventoryHost>()
  for (const host of hosts) {
    const version = textOf(source.value(host, 'product_version'))
    if (version !== undefined && !found.has(version)) found.set(version, host)
  }
  const [[value, host] = [], ...others] = [...found]
  const risk = (text: string, next: string): Risk => ({
    kind: 'version',
    place: host && placeOf(source, host, 'product_version'),
    text,
    next,
  })
  if (value === undefined || host === undefined)
    return {
      value,
      why: `the version that serves now: one of ${sources.join(', ')}; product_version is not said`,
      risks: [
        risk(
          'the version is not known: product_version is not said',
          'Read it in <home>/bin/version.txt, and write it as apim_version.',
        ),
      ],
    }
  const known = sources.some((one) => one === value)
  return {
    value,
    why: `the version that serves now: ${origin(source, host, 'product_version')}`,
    risks: [
      ...(known
        ? []
        : [
            risk(
              `product_version ${value} is none that an upgrade begins with`,
              `Known: ${sources.join(', ')}. Below 1.8.0: upgrade to it first; 3.0.0 and later are not upgraded.`,
            ),
          ]),
      ...others.map(([other, at]) =>
        risk(
          `servers of several versions: ${value}, and ${other} at ${origin(source, at, 'product_version')}`,
          'A fleet has one version: see which of them is right.',
        ),
      ),
    ],
  }
}

function backupRisks(source: AnsibleSource, hosts: readonly InventoryHost[]): readonly Risk[] {
  const [host] = hosts
  if (host === undefined) return []
  const saying = firstWith(hosts, 'backup_enabled')
  const isOn = (value: Json | undefined) => value === true || /^(true|yes|on)$/i.test(String(value))
  if (saying !== undefined && isOn(source.value(saying, 'backup_enabled'))) return []
  return [
    {
      kind: 'no-backup',
      place: placeOf(source, saying ?? host, 'backup_enabled'),
      text: `no backups are configured: backup_enabled is ${saying === undefined ? 'not said' : 'off'}; the roles delete a home before they install one`,
      next: 'Run playbooks/backup.ts before you run these roles again; to-3.0.0.ts makes backups of its own.',
    },
  ]
}

function portRisks(source: AnsibleSource, hosts: readonly InventoryHost[]): readonly Risk[] {
  return hosts.flatMap((host) => {
    if (host.vars['ports_offset'] === undefined || offsetOf(source, host) !== undefined) return []
    return [
      {
        kind: 'ports' as const,
        place: placeOf(source, host, 'ports_offset'),
        text: `${host.name}: what is added to its ports is not known: ports_offset is no number from 0 to 50000`,
        next: `Read Ports/Offset in its carbon.xml, and write it as apim_port_offset of ${host.name} where it is not 0.`,
      },
    ]
  })
}
