import { InputError } from '../model/errors.ts'
import type { Inventory, InventoryHost } from '../model/inventory.ts'
import { didYouMean } from '../model/nearest.ts'
import { parseAddress } from './address.ts'
import { globRegExp } from './globs.ts'
import { locals } from './settle.ts'

/** What to do with a part of a pattern that matches nothing; it is an error unless `allowEmpty` (Ansible's way). */
export interface PatternOptions {
  readonly allowEmpty?: boolean
}

/**
 * The hosts that a pattern of Ansible's means, in its order: groups, names, globs, `~regex`, subscripts; `a:b` or `a,b` a
 * union, `&x` what is also in x, `!x` not those in x. An empty pattern is all hosts.
 */
export function matchHosts(
  inventory: Inventory,
  pattern: string | readonly string[],
  options: PatternOptions = {},
): readonly InventoryHost[] {
  return matchParts(inventory, splitPattern(pattern), options)
}

/** The same of a pattern's parts, each as it stands. */
export function matchParts(
  inventory: Inventory,
  pattern: readonly string[],
  options: PatternOptions = {},
): readonly InventoryHost[] {
  const parts = orderParts(pattern)
  const problems: string[] = []
  let chosen: readonly string[] = []
  for (const part of parts) {
    if (/^[&!]$/.test(part)) problems.push(`pattern "${part}": expected a group or host behind "${part}"`)
    const hosts = matchOne(inventory, part, options, problems)
    const found = new Set(hosts)
    if (part.startsWith('&')) chosen = chosen.filter((name) => found.has(name))
    else if (part.startsWith('!')) chosen = chosen.filter((name) => !found.has(name))
    else chosen = [...new Set([...chosen, ...hosts])]
  }
  if (problems.length > 0)
    throw new InputError(problems, 'See what there is: upgrade-fleet inventory --graph')
  const byName = new Map(inventory.hosts.map((host) => [host.name, host]))
  return chosen.flatMap((name) => byName.get(name) ?? implicitLocalhost(name))
}

/** The parts of a pattern: at commas if there are any, else at colons outside brackets unless the whole is an address. */
export function splitPattern(pattern: string | readonly string[]): readonly string[] {
  if (typeof pattern !== 'string') return pattern.flatMap(splitPattern)
  const parts = pattern.includes(',')
    ? pattern.split(',')
    : parseAddress(pattern) !== undefined
      ? [pattern]
      : (pattern.match(/(?:[^\s:[\]]|\[[^\]]*\])+/g) ?? [])
  return parts.map((part) => part.trim()).filter((part) => part !== '')
}

/** What of a pattern's parts Ansible warns of: subscripts `[1-2]`, which once left their end out. */
export const patternWarnings = (parts: readonly string[]): readonly string[] =>
  parts.flatMap((part) => {
    const [, base, from, to] = /^([^~].*)\[(\d+)-(\d*)\]$/.exec(part) ?? []
    if (base === undefined) return []
    return [`pattern "${part}": write ${base}[${from}:${to}], with both ends; once [x-y] left its end out`]
  })

/** Unions first, then what they are cut down to, then what is taken away; `all` when there is no union. */
export function orderParts(parts: readonly string[]): readonly string[] {
  const kept = parts.filter((part) => part.startsWith('&'))
  const dropped = parts.filter((part) => part.startsWith('!'))
  const plain = parts.filter((part) => !/^[&!]/.test(part))
  return [...(plain.length > 0 ? plain : ['all']), ...kept, ...dropped]
}

// In the order of the files, which is that of Ansible's globs. Many parts may be asked of one inventory.
const known = new WeakMap<Inventory, ReadonlySet<string>>()
function namesOf(inventory: Inventory): ReadonlySet<string> {
  const names = known.get(inventory) ?? new Set(inventory.named ?? inventory.hosts.map(({ name }) => name))
  known.set(inventory, names)
  return names
}

function implicitLocalhost(name: string): InventoryHost {
  return { name, groups: [], vars: { ansible_connection: 'local' }, from: {} }
}

// A name of a host is that host, but behind a mark a group of that name comes first.
function matchOne(
  inventory: Inventory,
  marked: string,
  { allowEmpty = false }: PatternOptions,
  problems: string[],
): readonly string[] {
  if (namesOf(inventory).has(marked)) return [marked]
  const part = marked.replace(/^[&!]/, '')
  const { base, pick } = splitSubscript(part)
  const names = enumerate(inventory, base, part, problems)
  if (names === undefined) return []
  if (names.length > 0) return pick(names, (message) => problems.push(`pattern "${part}": ${message}`))
  const isGroup = inventory.groups.some(({ name }) => name === base)
  if (isGroup) return []
  if (!allowEmpty)
    problems.push(
      `pattern "${part}": expected a group or host, got none of that name${didYouMean(
        base,
        [...inventory.groups, ...inventory.hosts].map(({ name }) => name),
      )}`,
    )
  return []
}

// Groups first; hosts as well if no group matched or the pattern is a glob or a regular expression. A host stands there as
// often as it is found: Ansible counts subscripts so.
function enumerate(
  inventory: Inventory,
  base: string,
  part: string,
  problems: string[],
): readonly string[] | undefined {
  const matches = matcher(base)
  if (matches === undefined) {
    problems.push(`pattern "${part}": expected a regular expression after "~"`)
    return undefined
  }
  const groups = inventory.groups.filter((group) => matches(group.name))
  const found = groups.flatMap((group) => group.hosts)
  if (groups.length === 0 || /^~|[.?*[]/.test(base)) {
    for (const name of namesOf(inventory)) if (matches(name)) found.push(name)
  }
  if (found.length === 0 && groups.length === 0 && locals.includes(base)) {
    found.push(inventory.hosts.find((host) => locals.includes(host.name))?.name ?? base)
  }
  return found
}

function matcher(base: string): ((name: string) => boolean) | undefined {
  if (!base.startsWith('~')) {
    const glob = globRegExp(base)
    return (name) => glob.test(name)
  }
  try {
    const regex = new RegExp(`^(?:${base.slice(1)})`)
    return (name) => regex.test(name)
  } catch {
    return undefined
  }
}

type Pick = (names: readonly string[], complain: (message: string) => void) => readonly string[]

// `name[1]`, `name[-1]`, `name[1:2]` (both ends included), `name[1:]`; `[1:0]` is one element, as in Ansible.
function splitSubscript(part: string): { base: string; pick: Pick } {
  const found = part.startsWith('~') ? null : /^(.+)\[(?:(-?\d+)|(\d+)([:-])(\d*))\]$/.exec(part)
  if (found?.[1] === undefined) return { base: part, pick: (names) => names }
  const [, base, index, start, , end] = found
  // `[1:0]` is an index too.
  const single = index ?? (end !== '' && Number(end) === 0 ? start : undefined)
  if (single === undefined) {
    return { base, pick: (names) => names.slice(Number(start), end === '' ? undefined : Number(end) + 1) }
  }
  return {
    base,
    pick: (names, complain) => {
      const name = names.at(Number(single))
      if (name !== undefined) return [name]
      complain(`expected an index below ${names.length}, got ${single}`)
      return []
    },
  }
}
