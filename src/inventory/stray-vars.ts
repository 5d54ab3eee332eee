import type { Fleet } from '../model/fleet.ts'
import { type Inventory, type InventoryHost, placeOfVar } from '../model/inventory.ts'
import type { ExtraVars } from './extra-vars.ts'
import { findings, pathText } from './issues.ts'
import { problem } from './located.ts'
import { plainOfHost } from './plain-secrets.ts'
import { keysOf, schemaOfKey } from './schema-keys.ts'
import { magicVars, resolveVars } from './templates.ts'

/**
 * Variables of the whole site that a host, or a group other than `all`, says for itself: what is wrong with the value, or that it is
 * another than that of `all`. The site reads them from `all` alone, and would pass them over silently.
 */
export function strayVars(fleet: Fleet, inventory: Inventory, extraVars: ExtraVars): readonly string[] {
  const ofSite = keysOf(fleet.vars) ?? []
  const groups = Object.entries(fleet.groups)
  const all = inventory.groups.find(({ name }) => name === 'all')
  const told = new Set<string>()
  const keysOfRow = (row: readonly string[]): readonly string[] => {
    const schemas = groups.filter(([name]) => row.includes(name)).map(([, { schema }]) => schema)
    const lists = schemas.map(keysOf)
    // Without a group of the fleet it is none of its hosts; one that takes any key may mean this one.
    if (schemas.length === 0 || lists.includes(undefined)) return []
    const own = new Set(lists.flatMap((keys) => keys ?? []))
    return ofSite.filter((key) => !own.has(key) && !Object.hasOwn(extraVars, key))
  }
  // Hosts of the same groups share their row of them.
  const known = new Map<readonly string[], readonly string[]>()
  for (const host of inventory.hosts) {
    const keys = known.get(host.groups) ?? keysOfRow(host.groups)
    known.set(host.groups, keys)
    for (const key of keys)
      if (isStray(host, key))
        for (const one of complaints(fleet, inventory, host, key, all?.vars[key])) told.add(one)
  }
  return [...told]
}

const isStray = (host: InventoryHost, key: string): boolean =>
  Object.hasOwn(host.vars, key) && host.from[key] !== 'all' && host.from[key] !== '-e'

function complaints(
  fleet: Fleet,
  inventory: Inventory,
  host: InventoryHost,
  key: string,
  ofAll: unknown,
): readonly string[] {
  const { vars, wrong } = resolveVars(host.vars, [key], magicVars(host))
  const tell = (path: readonly PropertyKey[], message: string) => {
    const { place, group } = placeOfVar(inventory, host, path)
    const owner = group === undefined ? `hosts.${host.name}` : `${group}.vars`
    return problem(place, `${owner}.${pathText(path)}`, message)
  }
  const schema = schemaOfKey(fleet.vars, key)
  const named = (path: readonly PropertyKey[]) => plainOfHost(host.name, [key, ...path])
  const found = schema && findings(schema, vars[key] ?? null, named)
  const bad = [
    ...wrong,
    ...(wrong.length === 0 && found !== undefined && 'wrong' in found
      ? found.wrong.map(({ path, message }) => ({ path: [key, ...path], message }))
      : []),
  ]
  if (bad.length > 0) return bad.map(({ path, message }) => tell(path, message))
  if (JSON.stringify(host.vars[key]) === JSON.stringify(ofAll)) return []
  const instead = ofAll === undefined ? 'it in all.vars' : 'what all.vars says'
  return [tell([key], `expected ${instead}, since the whole fleet has one, got a value of its own`)]
}
