import type { Inventory, InventoryHost } from '../model/inventory.ts'
import type { Json } from '../model/json.ts'

/** What `ansible-inventory --list` prints: groups with children and their own hosts, and every host's variables. */
export function listing(inventory: Inventory): Readonly<Record<string, Json>> {
  const groups = new Map(inventory.groups.map((group) => [group.name, group]))
  const list = new Map<string, Json>()
  for (const { name, children, own } of inventory.groups) {
    const entry = {
      ...(children.length > 0 && { children: children.filter((child) => groups.has(child)) }),
      ...(own.length > 0 && name !== 'all' && { hosts: own }),
    }
    if (Object.keys(entry).length > 0) list.set(name, entry)
  }
  const withVars = inventory.hosts.filter(({ vars }) => Object.keys(vars).length > 0)
  const hostvars = Object.fromEntries(withVars.map(({ name, vars }) => [name, vars]))
  return Object.fromEntries([...list, ['_meta', { hostvars }]])
}

/** What `ansible-inventory --graph` prints, from a group down. */
export function graph(inventory: Inventory, top = 'all'): string {
  const groups = new Map(inventory.groups.map((group) => [group.name, group]))
  const lines = (name: string, depth: number): readonly string[] => {
    const group = groups.get(name)
    const hosts = group === undefined || name === 'all' ? [] : group.own
    return [
      branch(`@${name}:`, depth),
      ...(group?.children ?? []).flatMap((child) => lines(child, depth + 1)),
      ...hosts.map((host) => branch(host, depth + 1)),
    ]
  }
  return lines(top, 0).join('\n')
}

const branch = (text: string, depth: number) => (depth === 0 ? text : `${'  |'.repeat(depth)}--${text}`)

/** A host of that name, with its variables, or undefined. */
export const findHost = (inventory: Inventory, name: string): InventoryHost | undefined =>
  inventory.hosts.find((host) => host.name === name)
