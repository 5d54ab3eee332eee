import type { Place } from '../model/errors.ts'
import { didYouMean } from '../model/nearest.ts'
import { isForbidden, type Located, type LocatedEntry, locate, problem, shown } from './located.ts'
import { expandName } from './names.ts'

/** Variables as the files say them. */
export type DraftVars = Map<string, LocatedEntry>

/** Says a variable: what was said before counts no more, and is remembered for who asks why. */
export function say(vars: DraftVars, name: string, entry: LocatedEntry): void {
  const before = vars.get(name)
  vars.set(name, before === undefined ? entry : { ...entry, before })
}

/** A group while the files are read. */
export interface DraftGroup {
  readonly name: string
  place: Place
  readonly children: Set<string>
  readonly hosts: Set<string>
  readonly vars: DraftVars
  priority: number
}

/** A host while the files are read. */
export interface DraftHost {
  readonly name: string
  readonly place: Place
  readonly vars: DraftVars
}

/** What `group_vars/` and `host_vars/` of one directory say; all of it wins over what stands in the inventory's own files. */
export interface VarsFiles {
  readonly groups: Map<string, DraftVars>
  readonly hosts: Map<string, DraftVars>
}

/** No vars files. */
export const noVarsFiles = (): VarsFiles => ({ groups: new Map(), hosts: new Map() })

/** What the files said so far, and all that is wrong with it. Readers of every format write into one of these. */
export interface Draft {
  readonly groups: Map<string, DraftGroup>
  readonly hosts: Map<string, DraftHost>
  /** Beside the sources, in their order: later ones win. */
  readonly beside: VarsFiles[]
  /** Beside the playbook. */
  playbook: VarsFiles
  readonly problems: string[]
  readonly warnings: string[]
}

/** A draft with Ansible's two own groups. */
export function emptyDraft(place: Place): Draft {
  const draft: Draft = {
    groups: new Map(),
    hosts: new Map(),
    beside: [],
    playbook: noVarsFiles(),
    problems: [],
    warnings: [],
  }
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
  if (isForbidden(name)) draft.problems.push(problem(place, name, `expected another name than ${name}`))
  else if (!/^[A-Za-z_]\w*$/.test(name)) {
    draft.warnings.push(problem(place, name, 'group names should be letters, digits and _'))
  }
  const made: DraftGroup = {
    name,
    place,
    children: new Set(),
    hosts: new Set(),
    vars: new Map(),
    priority: 1,
  }
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

const longestName = 255

/** Adds the hosts that a name or range stands for to a group; gives their names. A `plain` name is one as it stands. */
export function addHosts(
  draft: Draft,
  group: DraftGroup,
  text: string,
  place: Place,
  plain?: 'plain',
): readonly string[] {
  const expanded = plain === undefined ? expandName(text) : { names: [text], port: undefined }
  if ('wrong' in expanded) {
    draft.problems.push(problem(place, `${group.name}.hosts.${text}`, expanded.wrong))
    return []
  }
  for (const name of expanded.names) {
    if (name === '' || isForbidden(name) || name.length > longestName || /^-|[\p{Cc}\s]/u.test(name)) {
      const message = `expected a name of at most ${longestName} characters without a leading "-", blanks or control characters`
      draft.problems.push(problem(place, `${group.name}.hosts.${shown(name)}`, message))
      continue
    }
    const known = draft.hosts.get(name)
    const host = known ?? { name, place, vars: new Map() }
    draft.hosts.set(name, host)
    group.hosts.add(name)
    // Ansible takes the port from where a host is named first, and never from later.
    if (known === undefined && expanded.port !== undefined) {
      host.vars.set('ansible_port', { key: place, textKey: true, value: locate(expanded.port, place) })
    }
  }
  return expanded.names.filter((name) => draft.hosts.has(name))
}

/** Sets a variable that an inventory file gives to a group; `ansible_group_priority` is none but an order. */
export function setGroupVar(draft: Draft, group: DraftGroup, name: string, entry: LocatedEntry): void {
  if (name !== 'ansible_group_priority') {
    say(group.vars, name, entry)
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
