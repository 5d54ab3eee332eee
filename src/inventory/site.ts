import type { z } from 'zod'
import { InputError } from '../model/errors.ts'
import type { Fleet, GroupSpec, Site } from '../model/fleet.ts'
import type { Host } from '../model/host.ts'
import { type Inventory, type InventoryHost, placeOfGroupVar, placeOfVar } from '../model/inventory.ts'
import type { Json } from '../model/json.ts'
import { didYouMean } from '../model/nearest.ts'
import type { Secret } from '../model/secret.ts'
import { connectionVars } from './endpoint.ts'
import type { ExtraVars } from './extra-vars.ts'
import { type Finding, findings, pathText } from './issues.ts'
import { problem } from './located.ts'
import { misspelt } from './misspelt.ts'
import { plainOfGroup, plainOfHost } from './plain-secrets.ts'
import { keysOf } from './schema-keys.ts'
import { strayVars } from './stray-vars.ts'
import { magicVars, resolveVars } from './templates.ts'

/**
 * The inventory as a playbook sees it: each declared group's hosts and the site's vars checked against the fleet's
 * schemas, with extra vars on top; `parameters` are the names of the playbook's own, to be proposed. All that is wrong is
 * thrown at once, each with the place of the value.
 */
export function siteOf<F extends Fleet>(
  fleet: F,
  inventory: Inventory,
  extraVars: ExtraVars = {},
  parameters: readonly string[] = [],
): Site<F> {
  const problems = new Set<string>([
    ...unknownExtraVars(fleet, extraVars, parameters),
    ...misspelt(fleet, inventory),
    ...strayVars(fleet, inventory, extraVars),
  ])
  const hostsByName = new Map(inventory.hosts.map((host) => [host.name, host]))
  const typed = new Map<z.ZodType, Map<string, Host>>()
  const all = new Map<string, Host>()
  const site: Record<string, unknown> = {}

  for (const [name, spec] of Object.entries(fleet.groups)) {
    const group = inventory.groups.find((candidate) => candidate.name === name)
    const wrong = countProblem(name, spec, inventory, group?.hosts)
    if (wrong !== undefined) problems.add(wrong)
    const known = typed.get(spec.schema) ?? new Map<string, Host>()
    typed.set(spec.schema, known)
    const hosts: Host[] = []
    for (const hostName of group?.hosts ?? []) {
      const host = hostsByName.get(hostName)
      const made =
        known.get(hostName) ?? (host && typedHost(spec.schema, inventory, host, extraVars, problems))
      if (made === undefined) continue
      known.set(hostName, made)
      hosts.push(made)
      if (!all.has(hostName)) all.set(hostName, made)
    }
    site[name] = spec.count === 'one' ? hosts[0] : hosts
  }
  site['all'] = inventory.hosts.flatMap((host) => all.get(host.name) ?? [])
  site['vars'] = siteVars(fleet, inventory, extraVars, problems)
  if (problems.size > 0) throw new InputError([...problems])
  return site as Site<F>
}

function countProblem(
  name: string,
  { count }: GroupSpec,
  inventory: Inventory,
  hosts: readonly string[] | undefined,
): string | undefined {
  const number = hosts?.length ?? 0
  if (count === 'any' || number === 1 || (count === 'some' && number > 1)) return undefined
  const near =
    hosts === undefined
      ? didYouMean(
          name,
          inventory.groups.map((group) => group.name),
        )
      : ''
  const got =
    number > 0 ? `${number}: ${hosts?.join(', ')}` : hosts === undefined ? `no such group${near}` : 'none'
  const place = placeOfGroupVar(inventory, hosts === undefined ? 'all' : name, [])
  return problem(place, name, `expected ${count === 'one' ? 'one host' : 'at least one host'}, got ${got}`)
}

function typedHost(
  schema: z.ZodType,
  inventory: Inventory,
  host: InventoryHost,
  extraVars: ExtraVars,
  problems: Set<string>,
): Host | undefined {
  const named = (path: readonly PropertyKey[]) =>
    isExtra(extraVars, path) ? plainOfGroup('all', path) : plainOfHost(host.name, path)
  const { output, wrong } = check(schema, { ...host.vars, ...extraVars }, named, magicVars(host))
  for (const { path, message } of wrong) {
    if (isExtra(extraVars, path)) problems.add(`-e ${pathText(path)}: ${message}`)
    else {
      const { place, group } = placeOfVar(inventory, host, path)
      const owner = group === undefined ? `hosts.${host.name}` : `${group}.vars`
      problems.add(problem(place, `${owner}.${pathText(path)}`, message))
    }
  }
  if (wrong.length > 0) return undefined
  return { name: host.name, groups: host.groups, vars: output }
}

function siteVars(fleet: Fleet, inventory: Inventory, extraVars: ExtraVars, problems: Set<string>): unknown {
  const group = inventory.groups.find(({ name }) => name === 'all')
  const named = (path: readonly PropertyKey[]) => plainOfGroup('all', path)
  const { output, wrong } = check(fleet.vars, { ...group?.vars, ...extraVars }, named)
  for (const { path, message } of wrong) {
    if (isExtra(extraVars, path)) problems.add(`-e ${pathText(path)}: ${message}`)
    else problems.add(problem(placeOfGroupVar(inventory, 'all', path), `all.vars.${pathText(path)}`, message))
  }
  return output
}

const isExtra = (extraVars: ExtraVars, path: readonly PropertyKey[]) =>
  path[0] !== undefined && Object.hasOwn(extraVars, path[0])

// What is wrong with a template is told as such, and not also as what the schema thinks of it.
function check(
  schema: z.ZodType,
  said: Readonly<Record<string, Json>>,
  named: (path: readonly PropertyKey[]) => Secret,
  magic: Readonly<Record<string, Json>> = {},
): { output: unknown; wrong: readonly Finding[] } {
  const names = keysOf(schema) ?? Object.keys(said)
  const { vars, wrong: early } = resolveVars(said, names, magic)
  const parsed = findings(schema, vars, named)
  if (!('wrong' in parsed)) return { output: parsed.output, wrong: early }
  // A reference may be wrong in the variable that it leads to.
  const broken =
    early.length > 0 ? names.filter((name) => /\{\{|\{%/.test(JSON.stringify(vars[name]) ?? '')) : []
  const told = new Set<PropertyKey | undefined>([...early.map(({ path }) => path[0]), ...broken])
  return { output: undefined, wrong: [...early, ...parsed.wrong.filter(({ path }) => !told.has(path[0]))] }
}

/** Extra vars that no schema of the fleet names, and that say nothing of a connection. */
function unknownExtraVars(
  fleet: Fleet,
  extraVars: ExtraVars,
  parameters: readonly string[],
): readonly string[] {
  const schemas = [fleet.vars, ...Object.values(fleet.groups).map(({ schema }) => schema)]
  const lists = schemas.map(keysOf)
  if (lists.includes(undefined)) return []
  const known = [...new Set([...lists.flatMap((keys) => keys ?? []), ...connectionVars])]
  return Object.keys(extraVars)
    .filter((key) => !known.includes(key))
    .map(
      (key) =>
        `-e ${key}: expected a variable of the fleet or a parameter of the playbook${didYouMean(key, [...known, ...parameters])}`,
    )
}
