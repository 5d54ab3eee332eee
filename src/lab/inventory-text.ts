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
import {
  type DatabaseName,
  engineOf,
  environmentsOf,
  isGuarded,
  type ShapeName,
  shapes,
  sharedDirectory,
} from './shapes.ts'
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
  const environments = environmentsOf(facts.shape ?? 'distributed')
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
        ...(artefacts !== 'none' && environments.length === 0 && { shared_deployment: '/mnt/apim-shared' }),
        ...(environments.length > 0 && {
          environments: environments.map(({ name, type, shares }) => ({
            name,
            type,
            ...(shares && { shared_deployment: `/mnt/apim-shared${sharedDirectory(name)}` }),
          })),
        }),
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
        ...(isGuarded(facts.shape ?? 'distributed') && {
          checks: usersOf(secret),
          inactive_tenants: 'migrate',
        }),
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

/** Secrets of the lab's users, by the file that they are in. */
export const userSecrets = {
  'client-secret': 'labSecretAliceProduction',
  'alice-token': 'labTokenAliceActive',
  'bob-token': 'labTokenBobActive',
  'user-password': 'lab-password',
} as const

/** What users do: an application's token request, an API of each tenant with a token of theirs, a log-in of each user store. */
function usersOf(secret: (name: keyof typeof userSecrets) => object): object {
  return {
    client: { key: 'labKeyAliceProduction', secret: secret('client-secret') },
    calls: [
      { name: 'super', path: '/weather/1.0.0/now', token: secret('alice-token') },
      { name: 'acme', path: '/t/acme.com/orders/1.0.0/all', token: secret('bob-token') },
    ],
    logins: [
      { user: 'alice', password: secret('user-password') },
      { store: 'PARTNERS', user: 'paul', password: secret('user-password') },
      { store: 'ACME', user: 'bob@acme.com', password: secret('user-password') },
    ],
  }
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
    ...(host.environment !== undefined && { apim_environment: host.environment }),
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
