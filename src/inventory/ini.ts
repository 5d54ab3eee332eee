import type { Place } from '../model/errors.ts'
import { didYouMean } from '../model/nearest.ts'
import { addChild, addGroup, addHosts, type Draft, say, setGroupVar } from './draft.ts'
import { isForbidden, type Located, type LocatedEntry, locate, problem } from './located.ts'
import { pythonLiteral } from './python-literal.ts'
import { shellWords } from './shell-words.ts'
import { deepest } from './too-much.ts'

type Section = { readonly group: string; readonly kind: 'hosts' | 'children' | 'vars' }

/** What becomes of a variable's value, given `hosts` or `groups`, whose it is, and its name. */
type Close = (value: Located, at: readonly string[]) => Located

/** A group that a line names before a section of its own does. */
interface Pending {
  readonly kind: 'vars' | 'children'
  readonly place: Place
  readonly path: string
  readonly parents: { readonly group: string; readonly place: Place }[]
}

/** Reads Ansible's INI inventory into the draft. Values are Python's: `5` is a number, `0644` and `true` are texts. */
export function readIniInventory(
  draft: Draft,
  text: string,
  file: string,
  close: Close = (value) => value,
): void {
  let section: Section = { group: 'ungrouped', kind: 'hosts' }
  const pending = new Map<string, Pending>()
  // A child is put below its parents when its own section comes: this is the order that Ansible keeps.
  const declare = (name: string): void => {
    const found = pending.get(name)
    pending.delete(name)
    const child = draft.groups.get(name)
    for (const { group, place } of found?.parents ?? []) {
      const parent = draft.groups.get(group)
      if (parent !== undefined && child !== undefined) addChild(draft, parent, child, place)
      if (pending.get(group)?.kind === 'children') declare(group)
    }
  }
  for (const [index, whole] of text.split(/\r?\n/).entries()) {
    const line = whole.trim()
    if (line === '' || /^[#;]/.test(line)) continue
    const place: Place = { file, line: index + 1, column: whole.indexOf(line.charAt(0)) + 1 }
    const complain = (message: string) => draft.problems.push(problem(place, section.group, message))
    if (/^\[[^:\]\s]+(?::\w+)?\]\s*(?:#.*)?$/.test(line) || /^\[.*\]$/.test(line)) {
      const next = sectionOf(line)
      if (typeof next === 'string') complain(next)
      else {
        section = next
        const { group, kind } = next
        if (kind === 'vars' && !draft.groups.has(group) && !pending.has(group))
          pending.set(group, { kind, place, path: `${group}:vars`, parents: [] })
        addGroup(draft, group, place)
        if (kind !== 'vars') declare(group)
      }
    } else if (section.kind === 'hosts') hostLine(draft, section.group, line, place, complain, close)
    else if (section.kind === 'vars') varLine(draft, section.group, line, place, complain, close)
    else {
      const child = /^([^:\]\s]+)\s*(?:#.*)?$/.exec(line)?.[1]
      if (child === undefined) complain(`expected the name of a group, got ${JSON.stringify(line)}`)
      else {
        const parent = addGroup(draft, section.group, place)
        const known = draft.groups.get(child)
        if (known !== undefined) addChild(draft, parent, known, place)
        else {
          const path = `${section.group}:children`
          const later: Pending = pending.get(child) ?? { kind: 'children', place, path, parents: [] }
          later.parents.push({ group: section.group, place })
          pending.set(child, later)
        }
      }
    }
  }
  const declared = [...draft.groups.keys()].filter((name) => !pending.has(name))
  for (const [at, [group, { place, path }]] of [...pending].entries()) {
    // Looking for what was meant takes time, and nobody reads as many.
    const hint = at < mostHints ? didYouMean(group, declared) : ''
    const message = `expected a group with a section of its own, got "${group}"${hint}`
    draft.problems.push(problem(place, path, message))
  }
}

const priority = 'ansible_group_priority'
const mostHints = 20

function sectionOf(line: string): Section | string {
  const [, group, kind = 'hosts'] = /^\[([^:\]\s]+)(?::(\w+))?\]\s*(?:#.*)?$/.exec(line) ?? []
  if (group === undefined) return `expected [group], [group:children] or [group:vars], got ${line}`
  if (kind === 'hosts' || kind === 'children' || kind === 'vars') return { group, kind }
  return `expected "children" or "vars" behind the colon, got "${kind}"${didYouMean(kind, ['children', 'vars', 'hosts'])}`
}

function hostLine(
  draft: Draft,
  groupName: string,
  line: string,
  place: Place,
  complain: (message: string) => unknown,
  close: Close,
): void {
  const words = shellWords(line, true)
  if (words === undefined) complain('expected quotes that end')
  const [name, ...pairs] = words ?? []
  if (name === undefined) return
  const group = addGroup(draft, groupName, place)
  const vars: [string, LocatedEntry][] = []
  for (const pair of pairs) {
    const [, key, value] = /^([^=]*)=(.*)$/s.exec(pair) ?? []
    if (key === undefined || value === undefined) {
      complain(`expected key=value, got ${JSON.stringify(pair)}`)
    } else if (isForbidden(key)) complain(`expected another name than ${key}`)
    else {
      const said = entry(draft, value, columnOf(place, line, pair, key), key)
      if (said !== undefined) vars.push([key, said])
    }
  }
  for (const host of addHosts(draft, group, name, place)) {
    const known = draft.hosts.get(host)
    for (const [key, said] of vars)
      if (known !== undefined)
        say(known.vars, key, { ...said, value: close(said.value, ['hosts', host, key]) })
  }
}

function varLine(
  draft: Draft,
  groupName: string,
  line: string,
  place: Place,
  complain: (message: string) => unknown,
  close: Close,
): void {
  const [, key, value] = /^([^=]*?)\s*=\s*(.*)$/s.exec(line) ?? []
  if (key === undefined || value === undefined) complain(`expected key=value, got ${JSON.stringify(line)}`)
  else if (isForbidden(key)) complain(`expected another name than ${key}`)
  else {
    const said = entry(draft, value, columnOf(place, line, line, key), key)
    if (said === undefined) return
    const kept = key === priority ? said.value : close(said.value, ['groups', groupName, key])
    setGroupVar(draft, addGroup(draft, groupName, place), key, { ...said, value: kept })
  }
}

// Where the pair stands in its line, if it stands there as it is.
function columnOf(place: Place, line: string, pair: string, key: string): Place {
  const found = line.indexOf(pair) >= 0 ? line.indexOf(pair) : line.indexOf(`${key}=`)
  return { ...place, column: (place.column ?? 1) + Math.max(0, found) }
}

function entry(draft: Draft, text: string, place: Place, key: string): LocatedEntry | undefined {
  const depth = /^\s*[[({]/.test(text) ? bracketDepth(text) : 0
  if (depth > deepest) {
    draft.problems.push(problem(place, key, `expected at most ${deepest} levels, got more`))
    return undefined
  }
  const value = pythonLiteral(text)
  return { key: place, textKey: true, value: locate(value === undefined ? text : value, place) }
}

// Brackets in quotes count too.
function bracketDepth(text: string): number {
  let depth = 0
  let most = 0
  for (const char of text) {
    if ('[({'.includes(char)) most = Math.max(most, ++depth)
    else if ('])}'.includes(char)) depth--
  }
  return most
}
