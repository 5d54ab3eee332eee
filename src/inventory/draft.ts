import type { Place } from '../model/errors.ts'
import { didYouMean } from '../model/nearest.ts'
import { type Located, type LocatedEntry, locate, problem } from './located.ts'
import { expandName } from './names.ts'

/** Variables as the files say them. */
export type DraftVars = Map<string, LocatedEntry>

/** A group while the files are read. `files` are the variables of `group_vars/`, which win over `vars`. */
export interface DraftGroup {
  readonly name: string
  place: Place
  readonly children: Set<string>
  readonly hosts: Set<string>
  readonly vars: DraftVars
  readonly files: DraftVars
  priority: number
}

/** A host while the files are read. `files` are the variables of `host_vars/`, which win over `vars`. */
export interface DraftHost {
  readonly name: string
  readonly place: Place
  readonly vars: DraftVars
  readonly files: DraftVars
}

/** What the files said so far, and all that is wrong with it. Readers of every format write into one of these. */
export interface Draft {
  readonly groups: Map<string, DraftGroup>
  readonly hosts: Map<string, DraftHost>
  readonly problems: string[]
  readonly warnings: string[]
}

/** A draft with Ansible's two own groups. */
export function emptyDraft(place: Place): Draft {
  const draft: Draft = { groups: new Map(), hosts: new Map(), problems: [], warnings: [] }
  addGroup(draft, 'all', place)
  addGroup(draft, 'ungrouped', place)
  draft.groups.get('all')?.children.add('ungrouped')
  return draft
}

/** The group of that name, made when it is new. */
export function addGroup(draft: Draft, name: string, place: Place): DraftGroup {
  const known = draft.groups.get(name)
  if (known !== undefined) {
    // `all` and `ungrouped` are there before a file names them.
    if (known.place.line === undefined) known.place = place
    return known
  }
  if (!/^[A-Za-z_]\w*$/.test(name)) {
    draft.warnings.push(problem(place, name, 'group names should be letters, digits and _'))
  }
  const vars = { vars: new Map(), files: new Map(), priority: 1 }
  const made: DraftGroup = { name, place, children: new Set(), hosts: new Set(), ...vars }
  draft.groups.set(name, made)
  return made
}

/** Makes one group a child of another; a child that holds its own parent is a problem. */
export function addChild(draft: Draft, parent: DraftGroup, child: DraftGroup, place: Place): void {
  if (reaches(draft, child.name, parent.name)) {
    const message = `expected groups without a loop, got "${child.name}", which already holds "${parent.name}"`
    draft.problems.push(problem(place, `${parent.name}.children`, message))
  } else parent.children.add(child.name)
}

/** Adds the hosts that a name or range stands for to a group; gives their names. */
export function addHosts(draft: Draft, group: DraftGroup, text: string, place: Place): readonly string[] {
  const expanded = expandName(text)
  if ('wrong' in expanded) {
    draft.problems.push(problem(place, `${group.name}.hosts.${text}`, expanded.wrong))
    return []
  }
  for (const name of expanded.names) {
    if (/^-|[\p{Cc}\s]/u.test(name)) {
      const message = 'expected a name without a leading "-", blanks or control characters'
      draft.problems.push(problem(place, `${group.name}.hosts.${JSON.stringify(name)}`, message))
      continue
    }
    const host = draft.hosts.get(name) ?? { name, place, vars: new Map(), files: new Map() }
    draft.hosts.set(name, host)
    group.hosts.add(name)
    if (expanded.port !== undefined) {
      host.vars.set('ansible_port', { key: place, textKey: true, value: locate(expanded.port, place) })
    }
  }
  return expanded.names.filter((name) => draft.hosts.has(name))
}

/** Sets a variable that an inventory file gives to a group; `ansible_group_priority` is none but an order. */
export function setGroupVar(draft: Draft, group: DraftGroup, name: string, entry: LocatedEntry): void {
  if (name !== 'ansible_group_priority') {
    group.vars.set(name, entry)
    return
  }
  const priority = Number(entry.value.kind === 'scalar' ? (entry.value.value ?? Number.NaN) : Number.NaN)
  if (Number.isInteger(priority)) group.priority = priority
  else
    draft.problems.push(problem(entry.value.place, `${group.name}.vars.${name}`, 'expected a whole number'))
}

/** The entries of a map that may be missing; anything else is a problem and has none. */
export function mapOr(
  draft: Draft,
  value: Located,
  path: string,
  what: string,
): ReadonlyMap<string, LocatedEntry> {
  if (value.kind === 'map') return value.entries
  if (value.kind === 'scalar' && value.value === null) return new Map()
  const got = value.kind === 'list' ? 'a list' : JSON.stringify(value.value)
  draft.problems.push(problem(value.place, path, `expected ${what}, got ${got}`))
  return new Map()
}

/** A problem about a word that is none of those expected. */
export function unknownWord(place: Place, path: string, word: string, expected: readonly string[]): string {
  const list = expected.map((item) => `"${item}"`).join(', ')
  return problem(place, path, `expected one of ${list}, got "${word}"${didYouMean(word, expected)}`)
}

function reaches(draft: Draft, from: string, to: string, seen = new Set<string>()): boolean {
  if (from === to) return true
  if (seen.has(from)) return false
  seen.add(from)
  return [...(draft.groups.get(from)?.children ?? [])].some((child) => reaches(draft, child, to, seen))
}
