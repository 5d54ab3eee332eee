import type { Place } from '../model/errors.ts'
import {
  type Inventory,
  type InventoryGroup,
  type InventoryHost,
  placeKey,
  placePart,
} from '../model/inventory.ts'
import type { Json } from '../model/json.ts'
import type { Draft, DraftGroup, DraftHost, DraftVars } from './draft.ts'
import { bare, type Located, problem } from './located.ts'

/** Ansible's names for the machine that it runs on. */
export const locals: readonly string[] = ['localhost', '127.0.0.1', '::1']

/** Ends the reading: groups without parent go below `all`, hosts without group into `ungrouped`, and variables merge as in Ansible. */
export function settle(draft: Draft, sources: readonly string[]): Inventory {
  const groupsOf = relate(draft)
  const shared = memoized((groups: readonly DraftGroup[]) => sharedBy(draft, groups))
  const within = (name: string) => hostsWithin(draft, name)
  const hosts = within('all').flatMap((name) => draft.hosts.get(name) ?? [])
  const named = [...draft.hosts.keys()]
  return {
    sources,
    ...(hosts.some(({ name }, at) => name !== named[at]) && { named }),
    hosts: hosts.map((host) => hostOf(draft, host, shared(groupsOf.get(host.name) ?? []))),
    groups: [...draft.groups.values()].map((group) => groupOf(draft, group, within(group.name))),
    places: placesOf(draft),
    warnings: draft.warnings,
  }
}

/** Completes the tree of groups, and gives every host's groups in the order in which their variables win, the last most. */
export function relate(draft: Draft): ReadonlyMap<string, readonly DraftGroup[]> {
  const parents = adopt(draft)
  const depth = depths(draft, parents)
  const order = (a: DraftGroup, b: DraftGroup) =>
    (depth.get(a.name) ?? 0) - (depth.get(b.name) ?? 0) ||
    a.priority - b.priority ||
    (a.name < b.name ? -1 : 1)
  const above = ancestry(parents)
  const groupsOf = new Map<string, readonly DraftGroup[]>()
  const direct = new Map<string, string[]>()
  for (const group of draft.groups.values()) {
    for (const host of group.hosts) {
      const known = direct.get(host)
      if (known === undefined) direct.set(host, [group.name])
      else known.push(group.name)
    }
  }
  const ungrouped = draft.groups.get('ungrouped')
  // Hosts of the same groups have the same row of groups.
  const rows = memoized((key: string): readonly DraftGroup[] => {
    const names = new Set(key.split('\n').flatMap((name) => [...above(name)]))
    return [...names].flatMap((name) => draft.groups.get(name) ?? []).sort(order)
  })
  for (const [host, { place }] of draft.hosts) {
    const names = (direct.get(host) ?? []).filter((name) => name !== 'all' && name !== 'ungrouped')
    if (names.length === 0) ungrouped?.hosts.add(host)
    else ungrouped?.hosts.delete(host)
    groupsOf.set(host, rows(names.length === 0 ? 'ungrouped' : ['all', ...names].join('\n')))
    if (draft.groups.has(host))
      draft.warnings.push(problem(place, host, 'is a host and a group: one name for two things'))
  }
  const [first, ...others] = [...draft.hosts.values()].filter(({ name }) => locals.includes(name))
  for (const { name, place } of others)
    draft.warnings.push(
      problem(place, name, `is this machine, as "${first?.name}" is: one machine under two names`),
    )
  return groupsOf
}

// Breadth first, as in Ansible: the group's own hosts, its children's, their children's.
function hostsWithin(draft: Draft, name: string): readonly string[] {
  const names = new Set([name])
  for (const group of names) for (const child of draft.groups.get(group)?.children ?? []) names.add(child)
  return [...new Set([...names].flatMap((group) => [...(draft.groups.get(group)?.hosts ?? [])]))]
}

function adopt(draft: Draft): ReadonlyMap<string, readonly string[]> {
  const parents = new Map<string, string[]>([...draft.groups.keys()].map((name) => [name, []]))
  for (const group of draft.groups.values())
    for (const child of group.children) parents.get(child)?.push(group.name)
  for (const [name, list] of parents) {
    if (list.length > 0 || name === 'all') continue
    draft.groups.get('all')?.children.add(name)
    list.push('all')
  }
  return parents
}

// The longest way from `all`.
function depths(draft: Draft, parents: ReadonlyMap<string, readonly string[]>): ReadonlyMap<string, number> {
  const depth = memoized(
    (name: string): number => Math.max(-1, ...(parents.get(name) ?? []).map((parent) => depth(parent))) + 1,
  )
  return new Map([...draft.groups.keys()].map((name) => [name, depth(name)]))
}

function ancestry(parents: ReadonlyMap<string, readonly string[]>): (name: string) => ReadonlySet<string> {
  const above = memoized(
    (name: string): ReadonlySet<string> =>
      new Set([name, ...(parents.get(name) ?? []).flatMap((parent) => [...above(parent)])]),
  )
  return above
}

/** Variables that were said together, and the group that they were said for; without one, for the host itself. */
export interface Layer {
  readonly vars: DraftVars
  readonly group: string | undefined
}

/**
 * All that is said of a host, in Ansible's order (VARIABLE_PRECEDENCE), later ones over earlier ones: what inventory files
 * say of groups; group_vars/all beside the inventory and the playbook; other group_vars, those of one directory after those
 * of another; then the same of the host. `groups` are all of the host's, in their order.
 */
export const layersOf = (draft: Draft, groups: readonly DraftGroup[], host: DraftHost): readonly Layer[] => [
  ...groupLayers(draft, groups),
  ...hostLayers(draft, host),
]

function groupLayers(draft: Draft, groups: readonly DraftGroup[]): readonly Layer[] {
  const all = groups.filter((group) => group.name === 'all')
  const others = groups.filter((group) => group.name !== 'all')
  const directories = [...draft.beside, draft.playbook]
  return [
    ...[...all, ...others].map(({ name, vars }) => ({ vars, group: name })),
    ...[all, others].flatMap((part) =>
      directories.flatMap((directory) =>
        part.flatMap(({ name }) => {
          const vars = directory.groups.get(name)
          return vars === undefined ? [] : [{ vars, group: name }]
        }),
      ),
    ),
  ]
}

function hostLayers(draft: Draft, { name, vars }: DraftHost): readonly Layer[] {
  const files = [...draft.beside, draft.playbook].flatMap(({ hosts }) => hosts.get(name) ?? [])
  return [vars, ...files].map((layer) => ({ vars: layer, group: undefined }))
}

/** What hosts of the same groups have in common, worked out once for all of them. */
interface Shared {
  readonly groups: readonly string[]
  readonly vars: Readonly<Record<string, Json>>
  readonly from: Readonly<Record<string, string>>
}

function sharedBy(draft: Draft, groups: readonly DraftGroup[]): Shared {
  const vars = new Map<string, Json>()
  const from = new Map<string, string>()
  for (const { vars: layer, group } of groupLayers(draft, groups)) {
    for (const [name, entry] of layer) {
      vars.set(name, bare(entry.value))
      if (group !== undefined) from.set(name, group)
    }
  }
  return {
    groups: groups.map((group) => group.name).filter((name) => name !== 'all' && name !== 'ungrouped'),
    vars: Object.fromEntries(vars),
    from: Object.fromEntries(from),
  }
}

function hostOf(draft: Draft, host: DraftHost, shared: Shared): InventoryHost {
  const vars: Record<string, Json> = { ...shared.vars }
  const own = new Set<string>()
  for (const { vars: layer } of hostLayers(draft, host)) {
    for (const [name, entry] of layer) {
      vars[name] = bare(entry.value)
      if (Object.hasOwn(shared.from, name)) own.add(name)
    }
  }
  const from =
    own.size === 0
      ? shared.from
      : Object.fromEntries(Object.entries(shared.from).filter(([name]) => !own.has(name)))
  return { name: host.name, groups: shared.groups, vars, from }
}

function groupOf(draft: Draft, group: DraftGroup, hosts: readonly string[]): InventoryGroup {
  const vars = bareOf(allVars(draft, 'groups', group))
  return { name: group.name, children: [...group.children], hosts, own: [...group.hosts], vars }
}

// All that is said of one group or host, later ones over earlier ones.
function allVars(draft: Draft, kind: 'groups' | 'hosts', { name, vars }: DraftGroup | DraftHost): DraftVars {
  const files = [...draft.beside, draft.playbook].flatMap((directory) => directory[kind].get(name) ?? [])
  return files.length === 0 ? vars : new Map([vars, ...files].flatMap((layer) => [...layer]))
}

const bareOf = (vars: DraftVars): Readonly<Record<string, Json>> =>
  Object.fromEntries([...vars].map(([name, entry]) => [name, bare(entry.value)]))

function placesOf(draft: Draft): Record<string, Place> {
  // A plain object, filled in place: an inventory has hundreds of thousands.
  const places: Record<string, Place> = {}
  const put = (key: string, value: Located): void => {
    places[key] = value.place
    if (value.kind === 'list') for (const [at, item] of value.items.entries()) put(`${key}/${at}`, item)
    if (value.kind === 'map')
      for (const [name, entry] of value.entries) put(`${key}/${placePart(name)}`, entry.value)
  }
  const owner = (kind: 'host' | 'group', one: DraftGroup | DraftHost) => {
    const key = placeKey(kind, one.name)
    places[key] = one.place
    for (const [name, entry] of allVars(draft, kind === 'host' ? 'hosts' : 'groups', one))
      put(`${key}/${placePart(name)}`, entry.value)
  }
  for (const group of draft.groups.values()) owner('group', group)
  for (const host of draft.hosts.values()) owner('host', host)
  return places
}

function memoized<K, V>(make: (key: K) => V): (key: K) => V {
  const known = new Map<K, V>()
  return (key) => {
    const old = known.get(key)
    if (old !== undefined) return old
    const made = make(key)
    known.set(key, made)
    return made
  }
}
