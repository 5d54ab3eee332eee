import type { Place } from '../model/errors.ts'
import { didYouMean } from '../model/nearest.ts'
import { isForbidden, type Located, type LocatedEntry, locate, problem, shown } from './located.ts'
import { expandName } from './names.ts'
import { deepest } from './too-much.ts'

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
  const { found, levels } = below(draft, child.name, parent.name)
  const refuse = (message: string) => draft.problems.push(problem(place, `${parent.name}.children`, message))
  if (found)
    refuse(`expected groups without a loop, got "${child.name}", which already holds "${parent.name}"`)
  else if (levels > deepest) refuse(tooDeep)
  else parent.children.add(child.name)
}

const tooDeep = `expected at most ${deepest} levels of groups, got more`

/** A problem where groups are nested too deeply: one that was made a child before it had children of its own is found here. */
export function refuseDeepGroups(draft: Draft): void {
  const parents = new Map<string, number>()
  for (const { children } of draft.groups.values())
    for (const child of children) parents.set(child, (parents.get(child) ?? 0) + 1)
  const depth = new Map<string, number>()
  const ready = [...draft.groups.keys()].filter((name) => !parents.has(name))
  for (const name of ready) {
    const level = depth.get(name) ?? 1
    const group = draft.groups.get(name)
    if (group !== undefined && level > deepest) {
      draft.problems.push(problem(group.place, name, tooDeep))
      return
    }
    for (const child of group?.children ?? []) {
      depth.set(child, Math.max(depth.get(child) ?? 0, level + 1))
      const left = (parents.get(child) ?? 1) - 1
      parents.set(child, left)
      if (left === 0) ready.push(child)
    }
  }
}

const longestName = 255
const mostHosts = 200_000

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
  if (
    draft.hosts.size + expanded.names.length > mostHosts &&
    expanded.names.some((name) => !draft.hosts.has(name))
  ) {
    draft.problems.push(
      problem(place, `${group.name}.hosts.${text}`, `expected at most ${mostHosts} hosts in all, got more`),
    )
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

/** How many levels a group and those within it are; stops where `to` is found, or more than there may be. */
function below(draft: Draft, from: string, to: string): { readonly found: boolean; readonly levels: number } {
  const seen = new Set<string>([from])
  let level: readonly string[] = [from]
  let levels = 0
  while (level.length > 0 && levels <= deepest) {
    if (level.includes(to)) return { found: true, levels }
    levels++
    const next: string[] = []
    for (const group of level)
      for (const child of draft.groups.get(group)?.children ?? []) {
        if (seen.has(child)) continue
        seen.add(child)
        next.push(child)
      }
    level = next
  }
  return { found: false, levels }
}
