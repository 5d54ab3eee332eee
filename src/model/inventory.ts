import type { Place } from './errors.ts'
import type { Json } from './json.ts'

/** A host as the inventory's files say it: all its groups but `all` and `ungrouped`, and its merged vars. */
export interface InventoryHost {
  readonly name: string
  /** In order of precedence: later ones win. */
  readonly groups: readonly string[]
  readonly vars: Readonly<Record<string, Json>>
  /** Which group gave a variable; those that the host itself says are not in it. */
  readonly from: Readonly<Record<string, string>>
}

/** A group with its hosts (descendants' too, in inventory order) and the vars set for the group itself. */
export interface InventoryGroup {
  readonly name: string
  readonly children: readonly string[]
  readonly hosts: readonly string[]
  /** Those hosts that the group itself lists. */
  readonly own: readonly string[]
  readonly vars: Readonly<Record<string, Json>>
}

/** What the inventory's files say exists, as data; hosts in Ansible's order, groups in that of the files, `all` and `ungrouped` first. It has no functions, so that a run can keep it. */
export interface Inventory {
  /** Files and directories it was read from, absolute. */
  readonly sources: readonly string[]
  readonly hosts: readonly InventoryHost[]
  /** The hosts' names in the order in which the files say them first, where it is another than that of `hosts`. */
  readonly named?: readonly string[]
  readonly groups: readonly InventoryGroup[]
  /** Where things stand, by {@link placeKey}: each host, group and value (at every depth) where it is written. Files as a person would type them from where he stood. */
  readonly places: Readonly<Record<string, Place>>
  /** What Ansible only warns of or passes over, with its place. */
  readonly warnings: readonly string[]
}

/** The key of a place: a host or group, and the way into its variables. */
export function placeKey(kind: 'host' | 'group', name: string, path: readonly PropertyKey[] = []): string {
  return [kind, name, ...path.map(String)].map(placePart).join('/')
}

/** One part of such a key. */
export const placePart = (part: string): string =>
  /[~/]/.test(part) ? part.replaceAll('~', '~0').replaceAll('/', '~1') : part

/** Where a host's variable (or a part of its value) was written, and by whom: the deepest known place, else that of the host. */
export function placeOfVar(
  inventory: Inventory,
  host: InventoryHost,
  path: readonly PropertyKey[],
): { readonly place: Place; readonly group: string | undefined } {
  const group = host.from[String(path[0])]
  const place = group === undefined ? deepest(inventory, 'host', host.name, path) : undefined
  if (group === undefined) return { place: place ?? nowhere(inventory), group }
  return { place: deepest(inventory, 'group', group, path) ?? nowhere(inventory), group }
}

/** Where a group's variable (or a part of its value) was written: the deepest known place, else that of the group. */
export function placeOfGroupVar(inventory: Inventory, group: string, path: readonly PropertyKey[]): Place {
  return deepest(inventory, 'group', group, path) ?? nowhere(inventory)
}

const nowhere = (inventory: Inventory): Place => ({ file: inventory.sources[0] ?? 'inventory' })

function deepest(
  { places }: Inventory,
  kind: 'host' | 'group',
  name: string,
  path: readonly PropertyKey[],
): Place | undefined {
  for (let length = path.length; length >= 0; length--) {
    const key = placeKey(kind, name, path.slice(0, length))
    if (Object.hasOwn(places, key)) return places[key]
  }
  return undefined
}
