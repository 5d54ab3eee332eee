import type { Place } from '../model/errors.ts'
import { didYouMean } from '../model/nearest.ts'
import { addChild, addGroup, addHosts, type Draft, setGroupVar } from './draft.ts'
import { type LocatedEntry, locate, problem } from './located.ts'
import { pythonLiteral } from './python-literal.ts'
import { shellWords } from './shell-words.ts'

type Section = { readonly group: string; readonly kind: 'hosts' | 'children' | 'vars' }

/** Reads Ansible's INI inventory into the draft. Values are Python's: `5` is a number, `0644` and `true` are texts. */
export function readIniInventory(draft: Draft, text: string, file: string): void {
  let section: Section = { group: 'ungrouped', kind: 'hosts' }
  // Children and sections of variables may stand before the group's own section.
  const declared = new Set<string>(draft.groups.keys())
  const wanted: { readonly group: string; readonly place: Place; readonly path: string }[] = []
  for (const [index, whole] of text.split(/\r?\n/).entries()) {
    const line = whole.trim()
    if (line === '' || /^[#;]/.test(line)) continue
    const place: Place = { file, line: index + 1, column: whole.indexOf(line.charAt(0)) + 1 }
    const complain = (message: string) => draft.problems.push(problem(place, section.group, message))
    if (/^\[.*\]\s*(#.*)?$/.test(line) && !(section.kind === 'hosts' && /^\[[^\]]*:[^\]]*:/.test(line))) {
      const next = sectionOf(line)
      if (typeof next === 'string') complain(next)
      else {
        section = next
        if (next.kind === 'vars') wanted.push({ group: next.group, place, path: `${next.group}:vars` })
        else declared.add(next.group)
        addGroup(draft, next.group, place)
      }
    } else if (section.kind === 'hosts') hostLine(draft, section.group, line, place, complain)
    else if (section.kind === 'vars') varLine(draft, section.group, line, place, complain)
    else {
      const child = /^([^:\]\s]+)\s*(?:#.*)?$/.exec(line)?.[1]
      const parent = addGroup(draft, section.group, place)
      if (child === undefined) complain(`expected the name of a group, got ${JSON.stringify(line)}`)
      else {
        wanted.push({ group: child, place, path: `${section.group}:children` })
        addChild(draft, parent, addGroup(draft, child, place), place)
      }
    }
  }
  for (const { group, place, path } of wanted) {
    if (declared.has(group)) continue
    const message = `expected a group with a section of its own, got "${group}"${didYouMean(group, declared)}`
    draft.problems.push(problem(place, path, message))
  }
}

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
    } else vars.push([key, entry(value, columnOf(place, line, pair, key))])
  }
  for (const host of addHosts(draft, group, name, place)) {
    for (const [key, value] of vars) draft.hosts.get(host)?.vars.set(key, value)
  }
}

function varLine(
  draft: Draft,
  groupName: string,
  line: string,
  place: Place,
  complain: (message: string) => unknown,
): void {
  const [, key, value] = /^([^=]*?)\s*=\s*(.*)$/s.exec(line) ?? []
  if (key === undefined || value === undefined) complain(`expected key=value, got ${JSON.stringify(line)}`)
  else
    setGroupVar(draft, addGroup(draft, groupName, place), key, entry(value, columnOf(place, line, line, key)))
}

// Where the pair stands in its line, if it stands there as it is.
function columnOf(place: Place, line: string, pair: string, key: string): Place {
  const found = line.indexOf(pair) >= 0 ? line.indexOf(pair) : line.indexOf(`${key}=`)
  return { ...place, column: (place.column ?? 1) + Math.max(0, found) }
}

function entry(text: string, place: Place): LocatedEntry {
  const value = pythonLiteral(text)
  return { key: place, textKey: true, value: locate(value === undefined ? text : value, place) }
}
