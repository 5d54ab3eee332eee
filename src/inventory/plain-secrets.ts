import { type Inventory, type InventoryHost, placeOfGroupVar, placeOfVar } from '../model/inventory.ts'
import type { Json } from '../model/json.ts'
import { isSecret, type Secret, secret } from '../model/secret.ts'
import { isTelling } from '../model/telling.ts'
import { pathText } from './issues.ts'
import { problem } from './located.ts'
import { magicVars, resolveVars } from './templates.ts'
import { unsafeText } from './unsafe.ts'

type Path = readonly PropertyKey[]

const pointer = (path: Path): string =>
  path.map((part) => String(part).replaceAll('~', '~0').replaceAll('/', '~1')).join('/')

/** The name of a secret that stands openly in an inventory, by where it stands: it never has the value in it. */
export const plainOfHost = (host: string, path: Path): Secret =>
  secret(`inventory:${pointer(path)} of ${host}`)

/** The same for what a group says of the whole site. */
export const plainOfGroup = (group: string, path: Path): Secret =>
  secret(`inventory:${pointer(path)} of group ${group}`)

/** The value of a secret that {@link plainOfHost} or {@link plainOfGroup} named; undefined for any other, and where it is not there any more. */
export function plainValue(inventory: Inventory, name: string): string | undefined {
  const [, path = '', group, owner] = /^inventory:(.*) of (group )?(\S+)$/s.exec(name) ?? []
  const found =
    group === undefined
      ? inventory.hosts.find((host) => host.name === owner)
      : inventory.groups.find((one) => one.name === owner)
  const parts = path.split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  const value = parts.reduce<unknown>(
    (at, part) =>
      typeof at === 'object' && at !== null && Object.hasOwn(at, part)
        ? (at as Record<string, unknown>)[part]
        : undefined,
    // A reference stands openly where it leads to.
    found === undefined ? undefined : resolveVars(found.vars, parts.slice(0, 1), magicOf(found)).vars,
  )
  return typeof value === 'string' ? value : undefined
}

const magicOf = (one: InventoryHost | Inventory['groups'][number]) =>
  'children' in one ? {} : magicVars(one)

/** Values that are no secrets whatever their names say. */
const harmless = /^(true|false|yes|no|on|off|none|null|)$/i

/**
 * For people: where plain texts stand under names that sound like secrets (`db_password`, `token`), each place once, and what is
 * better. The values are not told.
 */
export function plainWarnings(inventory: Inventory): readonly string[] {
  const warnings = new Set<string>()
  const tell = (owner: string, path: Path, place: ReturnType<typeof placeOfGroupVar>) =>
    warnings.add(
      problem(
        place,
        `${owner}.${pathText(path)}`,
        'it stands here as it is, and so in the run.json of every run; better: upgrade-fleet secret encrypt, { env: NAME } or { file: /absolute/path }',
      ),
    )
  for (const host of inventory.hosts)
    for (const path of plainTexts(host.vars)) {
      const { place, group } = placeOfVar(inventory, host, path)
      if (group === '-e') continue
      tell(group === undefined ? `hosts.${host.name}` : `${group}.vars`, path, place)
    }
  for (const group of inventory.groups)
    for (const path of plainTexts(group.vars))
      if (!isOverlaid(inventory, group.hosts, path))
        tell(`${group.name}.vars`, path, placeOfGroupVar(inventory, group.name, path))
  return [...warnings]
}

// What `-e` says has its own warning.
const isOverlaid = (inventory: Inventory, names: readonly string[], path: Path): boolean =>
  inventory.hosts.some(
    ({ name, from }: InventoryHost) => names.includes(name) && from[String(path[0])] === '-e',
  )

function plainTexts(value: Json, path: Path = []): readonly Path[] {
  const unsafe = unsafeText(value)
  if (unsafe !== undefined) return isTelling(nameIn(path)) && !harmless.test(unsafe) ? [path] : []
  if (typeof value !== 'object' || value === null || isSecret(value)) {
    const isText = typeof value === 'string' ? !/\{\{|\{%/.test(value) : typeof value === 'number'
    return isText && isTelling(nameIn(path)) && !harmless.test(String(value)) ? [path] : []
  }
  if (Array.isArray(value)) return value.flatMap((item: Json, at) => plainTexts(item, [...path, at]))
  return Object.entries(value as Readonly<Record<string, Json>>).flatMap(([key, item]) =>
    plainTexts(item, [...path, key]),
  )
}

const nameIn = (path: Path): string => String(path.findLast((part) => typeof part === 'string'))
