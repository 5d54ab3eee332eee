import { isDeepStrictEqual } from 'node:util'
import { type Place, placeText } from '../model/errors.ts'
import { type Inventory, type InventoryHost, placeOfVar } from '../model/inventory.ts'
import type { Json } from '../model/json.ts'

/** How a value is shown, given the name of its variable. */
export type Show = (name: string, value: Json) => string

/**
 * What is different between two inventories, as lines: hosts of one alone (`-`, `+`), groups that a host left or came into, and
 * variables with both values and their places. The same change of several hosts is one line.
 */
export function inventoryDiff(before: Inventory, after: Inventory, show: Show): readonly string[] {
  const old = new Map(before.hosts.map((host) => [host.name, host]))
  const now = new Set(after.hosts.map(({ name }) => name))
  const gone = before.hosts.filter(({ name }) => !now.has(name)).map(({ name }) => `- ${name}`)
  const changes = new Map<string, string[]>()
  const come: string[] = []
  for (const host of after.hosts) {
    const other = old.get(host.name)
    if (other === undefined) come.push(`+ ${host.name}`)
    else
      for (const change of [...groupChanges(other, host), ...varChanges(before, other, after, host, show)]) {
        const names = changes.get(change)
        if (names === undefined) changes.set(change, [host.name])
        else names.push(host.name)
      }
  }
  return [...gone, ...come, ...[...changes].map(([change, names]) => `~ ${few(names)}: ${change}`)]
}

function groupChanges(before: InventoryHost, after: InventoryHost): readonly string[] {
  const left = before.groups.filter((name) => !after.groups.includes(name)).map((name) => `-${name}`)
  const come = after.groups.filter((name) => !before.groups.includes(name)).map((name) => `+${name}`)
  return left.length + come.length === 0 ? [] : [`groups ${[...left, ...come].join(' ')}`]
}

function varChanges(
  before: Inventory,
  old: InventoryHost,
  after: Inventory,
  now: InventoryHost,
  show: Show,
): readonly string[] {
  const names = [...new Set([...Object.keys(old.vars), ...Object.keys(now.vars)])].sort()
  return names.flatMap((name) => {
    const was = old.vars[name]
    const is = now.vars[name]
    if (isDeepStrictEqual(was, is)) return []
    const side = (inventory: Inventory, host: InventoryHost, value: Json | undefined): string => {
      if (value === undefined) return 'nothing'
      const { place } = placeOfVar(inventory, host, [name])
      return `${show(name, value)} (${placeText(inLine(place))})`
    }
    return [`${name}: ${side(before, old, was)} -> ${side(after, now, is)}`]
  })
}

// A column is of no use beside two values.
const inLine = ({ file, line }: Place): Place => ({ file, ...(line !== undefined && { line }) })

const few = (names: readonly string[]): string =>
  names.length <= 4 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`
