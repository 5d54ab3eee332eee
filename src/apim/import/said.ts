import type { InventoryHost } from '../../model/inventory.ts'
import type { Json } from '../../model/json.ts'
import { isEncryptedValue } from '../../model/secret-schema.ts'
import type { FoundDatabase } from './databases.ts'
import { type AnsibleSource, firstWith, origin, type Said, textOf } from './facts.ts'
import type { OldServer } from './roles.ts'
import type { SecretNames } from './secrets.ts'

/** Where a server is, where the next ones go, and by what address the others know it. */
export function homeSaid(
  source: AnsibleSource,
  { host, folder }: OldServer,
  fleetVersion: string | undefined,
): readonly Said[] {
  const version = textOf(source.value(host, 'product_version')) ?? fleetVersion
  const target = textOf(source.value(host, 'target'))
  const base = `${(target ?? '/mnt').replace(/\/+$/, '')}/${folder}`
  const from =
    target === undefined ? "target is not said: the roles' usual /mnt" : origin(source, host, 'target')
  const product = textOf(source.value(host, 'product_name')) ?? 'wso2am'
  const home = textOf(source.value(host, 'carbon_home'))
  const java = textOf(source.value(host, 'java_home'))?.replace(/(.)\/+$/, '$1')
  const reached =
    textOf(source.value(host, 'ansible_host') ?? source.value(host, 'ansible_ssh_host')) ?? host.name
  const isAddress = /^[A-Za-z0-9][A-Za-z0-9.:-]*$/.test(reached)
  const homeValue = home ?? (version === undefined ? undefined : `${base}/${product}-${version}`)
  return [
    {
      name: 'apim_address',
      ...(isAddress && { value: reached }),
      why: isAddress
        ? reached === host.name
          ? 'its name'
          : origin(
              source,
              host,
              host.vars['ansible_host'] === undefined ? 'ansible_ssh_host' : 'ansible_host',
            )
        : 'the address at which the other servers reach it; ansible_host is not said',
    },
    {
      name: 'apim_home',
      ...(homeValue !== undefined && { value: homeValue }),
      why: home === undefined ? from : origin(source, host, 'carbon_home'),
    },
    { name: 'apim_base', value: base, why: 'new homes are made beside the old one' },
    {
      name: 'java_home',
      ...(java !== undefined && { value: java }),
      why:
        java === undefined
          ? 'a JDK 8 on that host; java_home is not said, or refers to what is not known'
          : origin(source, host, 'java_home'),
    },
    ...offsetSaid(source, host),
  ]
}

/** What a host's variables add to its ports; undefined where they say nothing, or no number that can be added. */
export function offsetOf(source: AnsibleSource, host: InventoryHost): number | undefined {
  const said = textOf(source.value(host, 'ports_offset'))
  const offset = said !== undefined && /^\d{1,5}$/.test(said) ? Number(said) : undefined
  return offset !== undefined && offset <= 50_000 ? offset : undefined
}

function offsetSaid(source: AnsibleSource, host: InventoryHost): readonly Said[] {
  const value = offsetOf(source, host) ?? 0
  return value === 0 ? [] : [{ name: 'apim_port_offset', value, why: origin(source, host, 'ports_offset') }]
}

/** The databases, with their passwords by name; without a value where API Manager's own was not found. */
export function databasesSaid(
  hosts: readonly InventoryHost[],
  databases: readonly FoundDatabase[],
  secrets: SecretNames,
): Said {
  const name = 'databases'
  const hasApim = databases.some(({ name: one }) => one === 'am_db')
  const isClosed = hosts.some((host) =>
    Object.keys(host.vars).some((key) => /_db_url$/.test(key) && isEncryptedValue(host.vars[key])),
  )
  if (!hasApim)
    return {
      name,
      why: isClosed
        ? 'the URLs are in an encrypted file: write each database here'
        : "every schema that the servers use, as in inventory/hosts.example.yml of the package; none with API Manager's tables was found",
    }
  const value = databases.map((database): Json => {
    const host = hosts.find(({ vars }) => vars[database.password] !== undefined) ?? hosts[0]
    const password = host && secrets.env(host, database.password, `${database.name}_password`)
    return { ...database.value, password: password ?? null }
  })
  return { name, value, why: databases.map((one) => `${one.name}: ${one.why}`).join('; ') }
}

/** Who administers the servers, where that is said. */
export function adminSaid(
  source: AnsibleSource,
  hosts: readonly InventoryHost[],
  secrets: SecretNames,
): readonly Said[] {
  const host = firstWith(hosts, 'admin_password')
  if (host === undefined) return []
  const user = textOf(source.value(host, 'admin_username')) ?? 'admin'
  const password = secrets.env(host, 'admin_password', 'admin_password')
  return [{ name: 'admin', value: { user, password }, why: origin(source, host, 'admin_username') }]
}

/** The keys of `keystores`, and the variables of the roles that say them. */
const keystoreVars = [
  ['file', 'primary_key_store_name'],
  ['alias', 'primary_key_store_key_alias'],
  ['truststore', 'trust_store_name'],
] as const
const keystoreSecrets = [
  ['password', 'primary_key_store_password'],
  ['key_password', 'primary_key_store_key_password'],
  ['truststore_password', 'trust_store_password'],
] as const

/** The keystores, where they are not the packs' own. */
export function keystoresSaid(
  source: AnsibleSource,
  hosts: readonly InventoryHost[],
  secrets: SecretNames,
): readonly Said[] {
  const all = [...keystoreVars, ...keystoreSecrets].map(([, name]) => name)
  const host = hosts.find(({ vars }) => all.some((name) => vars[name] !== undefined))
  if (host === undefined) return []
  // The packs' own need no word, and no secret.
  const isUsual = all.every((name) => {
    const value = source.value(host, name)
    return (
      value === undefined || ['wso2carbon.jks', 'wso2carbon', 'client-truststore.jks'].includes(String(value))
    )
  })
  if (isUsual) return []
  const names = keystoreVars.flatMap(([key, name]) => {
    const value = textOf(source.value(host, name))
    return value === undefined ? [] : [[key, value] as const]
  })
  const closed = keystoreSecrets
    .filter(([, name]) => host.vars[name] !== undefined)
    .map(([key, name]) => [key, secrets.env(host, name, name)] as const)
  const first = all.find((name) => host.vars[name] !== undefined) ?? ''
  return [
    { name: 'keystores', value: Object.fromEntries([...names, ...closed]), why: origin(source, host, first) },
  ]
}

/** Where backups go. */
export function backupsSaid(source: AnsibleSource, [host]: readonly InventoryHost[]): Said {
  const target = (host && textOf(source.value(host, 'target'))) ?? '/mnt'
  return {
    name: 'backups',
    value: `${target.replace(/\/+$/, '')}/backups`,
    why: 'a directory on each host, with room for its home, and on the migration host for all dumps',
  }
}
