import type { z } from 'zod'
import type { Fleet } from '../model/fleet.ts'
import { type Inventory, placeOfGroupVar, placeOfVar } from '../model/inventory.ts'
import { nearest } from '../model/nearest.ts'
import { connectionVars } from './endpoint.ts'
import { problem } from './located.ts'
import { keysOf } from './schema-keys.ts'

// A short name is near to too many others: `env` is not a misspelt `svn`.
const meant = (word: string, missing: readonly string[]): string | undefined =>
  word.length < 5 ? undefined : nearest(word, missing)

/**
 * Groups and variables that the fleet does not declare, but that are nearly the name of one that it declares and that
 * is missing where they stand. An inventory may hold what this fleet does not know; what is optional would be left out
 * silently, and its hosts not upgraded.
 */
export function misspelt(fleet: Fleet, inventory: Inventory): readonly string[] {
  return [...new Set([...misspeltGroups(fleet, inventory), ...misspeltVars(fleet, inventory)])]
}

function misspeltGroups(fleet: Fleet, inventory: Inventory): readonly string[] {
  const there = new Set(inventory.groups.map(({ name }) => name))
  const missing = Object.keys(fleet.groups).filter((name) => !there.has(name))
  return inventory.groups
    .filter(({ name }) => !Object.hasOwn(fleet.groups, name))
    .flatMap(({ name }) => {
      const near = meant(name, missing)
      return near === undefined
        ? []
        : [problem(placeOfGroupVar(inventory, name, []), name, unknown('group', near))]
    })
}

function misspeltVars(fleet: Fleet, inventory: Inventory): readonly string[] {
  const schemas: readonly z.ZodType[] = [
    fleet.vars,
    ...Object.values(fleet.groups).map(({ schema }) => schema),
  ]
  const lists = schemas.map(keysOf)
  if (lists.includes(undefined)) return []
  const declared = new Set(lists.flatMap((keys) => keys ?? []))
  const near = (vars: object, name: string) =>
    declared.has(name) || connectionVars.includes(name)
      ? undefined
      : meant(
          name,
          [...declared].filter((each) => !Object.hasOwn(vars, each)),
        )
  return inventory.hosts.flatMap((host) =>
    Object.keys(host.vars).flatMap((name) => {
      const other = near(host.vars, name)
      if (other === undefined) return []
      const { place, group } = placeOfVar(inventory, host, [name])
      const owner = group === undefined ? `hosts.${host.name}` : `${group}.vars`
      return [problem(place, `${owner}.${name}`, unknown('variable', other))]
    }),
  )
}

const unknown = (what: string, near: string) => `the fleet has no such ${what}; did you mean "${near}"?`
