import { join } from 'node:path'
import { stringify } from 'yaml'
import { databaseUser } from './database.ts'
import {
  base,
  databaseAddress,
  homeOf,
  javaHome,
  type LabHost,
  profileAt,
  sshPort,
  svnAddress,
} from './fleet.ts'
import type { OldVersion } from './pack/release.ts'
import { type DatabaseName, engineOf, type ShapeName, shapes } from './shapes.ts'
import { repositories, svnUser } from './subversion.ts'

/** What an inventory of a lab is written from. */
export interface InventoryFacts {
  readonly dir: string
  readonly from: OldVersion
  readonly range: string
  readonly hosts: readonly LabHost[]
  readonly shape?: ShapeName
  readonly database?: DatabaseName
}

/** The lab's inventory, in Ansible's YAML format. */
export function inventoryYaml(facts: InventoryFacts): string {
  const { schemas, artefacts, migration } = shapes[facts.shape ?? 'distributed']
  const { engine, port } = engineOf(facts.database ?? 'mariadb')
  const secret = (name: string) => ({ file: join(facts.dir, 'secrets', name) })
  const database = (name: string, holds: readonly string[], schema: string) => ({
    name,
    holds,
    engine,
    host: databaseAddress(facts.range),
    port,
    schema,
    user: databaseUser,
    password: secret('db-password'),
  })
  const svn = `svn://${svnAddress(facts.range)}`
  const inventory = {
    all: {
      vars: {
        apim_version: facts.from,
        apim_base: base,
        java_home: javaHome,
        backups: `${base}/backups`,
        ...(artefacts !== 'none' && { shared_deployment: '/mnt/apim-shared' }),
        // Stand-in servers are quick: the usual waits are for real ones.
        apim_health: { start: 120, answer: 20, gap: 0.2, min_healthy: 0.4, quiet: 1 },
        ansible_user: 'wso2carbon',
        ansible_port: sshPort,
        ansible_ssh_private_key_file: join(facts.dir, 'secrets/id_ed25519'),
        ansible_ssh_common_args: `-F none -o UserKnownHostsFile=${join(facts.dir, 'known_hosts')}`,
        databases:
          new Set(Object.values(schemas)).size === 1
            ? [database('all_db', ['apim', 'identity', 'users', 'registry'], schemas.am)]
            : [
                database('am_db', ['apim', 'identity'], schemas.am),
                database('um_db', ['users'], schemas.um),
                database('reg_db', ['registry'], schemas.reg),
              ],
        ...(artefacts === 'svn' && {
          svn: {
            url: `${svn}/${repositories.clean}`,
            old_url: `${svn}/${repositories.old}`,
            user: svnUser,
            password: secret('svn-password'),
          },
        }),
      },
      hosts: Object.fromEntries(facts.hosts.map((host) => [host.name, hostVars(host, facts.from)])),
      children: Object.fromEntries(groupsOf(facts.hosts, migration)),
    },
  }
  return `# Written by \`upgrade-fleet lab up\`; gone after \`upgrade-fleet lab down\`.\n${stringify(inventory, { defaultStringType: 'PLAIN', lineWidth: 0 })}`
}

/** The lab's artefacts, as `artifacts.yml` lists them. */
export function artifactsYaml(
  artifacts: readonly { readonly name: string; readonly file: string; readonly sha256: string }[],
): string {
  return stringify({ artifacts })
}

function hostVars(host: LabHost, from: OldVersion): Readonly<Record<string, string | number>> {
  const own = {
    ansible_host: host.address,
    apim_address: host.address,
    ...(host.offset > 0 && { apim_port_offset: host.offset }),
    ...(host.machine !== host.name && {
      upgrade_fleet_same_machine: host.machine,
      apim_base: host.base,
    }),
  }
  return profileAt(host, from) === undefined
    ? { ...own, since: '2.0.0' }
    : { ...own, apim_home: homeOf(from, host.base) }
}

function groupsOf(hosts: readonly LabHost[], migration: string): readonly (readonly [string, unknown])[] {
  const names = [
    'key_managers',
    'traffic_managers',
    'publishers',
    'stores',
    'gateway_managers',
    'gateway_workers',
  ]
  const members = (group: string) =>
    hosts.filter(({ groups }) => groups.includes(group)).map(({ name }) => [name, {}])
  return [
    ['migration', { hosts: { [migration]: {} } }],
    ...names.map((group) => [group, { hosts: Object.fromEntries(members(group)) }] as const),
  ]
}
