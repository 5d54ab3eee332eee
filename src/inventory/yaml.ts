import type { Place } from '../model/errors.ts'
import {
  addChild,
  addGroup,
  addHosts,
  type Draft,
  type DraftGroup,
  mapOr,
  say,
  setGroupVar,
  unknownWord,
} from './draft.ts'
import { type Located, problem, shown } from './located.ts'
import type { YamlText } from './yaml-text.ts'

/** Reads Ansible's YAML inventory into the draft: groups with `hosts`, `children` and `vars`. */
export function readYamlInventory(draft: Draft, { root, problems, warnings }: YamlText, file: string): void {
  draft.problems.push(...problems)
  draft.warnings.push(...warnings)
  if (root !== undefined) readGroups(draft, root, file)
}

/** Reads groups that a file or a module says. */
export function readGroups(draft: Draft, root: Located, file: string): void {
  if (root.kind === 'map' && root.entries.has('plugin')) {
    const plugin = root.entries.get('plugin')
    const how = `let a program say what it makes of it: printf '#!/bin/sh\\nexec ansible-inventory -i ${file} --list\\n' > hosts.sh; chmod +x hosts.sh; then -i hosts.sh`
    const message = `expected groups, got the configuration of an Ansible plugin, which only Ansible can read; ${how}`
    draft.problems.push(problem(plugin?.key ?? root.place, 'plugin', message))
    return
  }
  for (const [name, { key, textKey, value }] of mapOr(draft, root, '', 'a map of groups')) {
    if (!textKey) draft.problems.push(problem(key, name, 'expected a group name as text (quote it)'))
    else readGroup(draft, name, key, value)
  }
}

const sections = ['hosts', 'children', 'vars'] as const

// What Ansible passes over with a warning is a warning here too, which the commands that change something refuse.
function readGroup(draft: Draft, name: string, place: Place, value: Located): DraftGroup | undefined {
  if (value.kind !== 'map' && !(value.kind === 'scalar' && value.value === null)) {
    const got = value.kind === 'list' ? 'a list' : shown(value.value)
    const message = `is passed over: expected a map with "hosts", "children" and "vars", got ${got}`
    draft.warnings.push(problem(value.place, name, message))
    return draft.groups.get(name)
  }
  const group = addGroup(draft, name, place)
  for (const [section, { key, value: content }] of value.kind === 'map' ? value.entries : []) {
    if (section === 'vars') readVars(draft, group, content)
    else if (section === 'children') readChildren(draft, group, content)
    else if (section === 'hosts') readHosts(draft, group, content)
    else if (content.kind !== 'scalar' || content.value !== null)
      draft.warnings.push(unknownWord(key, `${group.name}.${section}`, section, sections))
  }
  return group
}

function readVars(draft: Draft, group: DraftGroup, content: Located): void {
  const path = `${group.name}.vars`
  if (content.kind === 'scalar' && typeof content.value === 'string') {
    const nothing = { kind: 'scalar', place: content.place, value: null } as const
    setGroupVar(draft, group, content.value, { key: content.place, textKey: true, value: nothing })
    return
  }
  for (const [name, entry] of mapOr(draft, content, path, 'a map of variables')) {
    setGroupVar(draft, group, name, entry)
  }
}

// A single name instead of a map is allowed by Ansible, for children and hosts.
function readChildren(draft: Draft, group: DraftGroup, content: Located): void {
  if (content.kind === 'scalar' && typeof content.value === 'string') {
    addChild(draft, group, addGroup(draft, content.value, content.place), content.place)
    return
  }
  for (const [name, { key, value }] of mapOr(draft, content, `${group.name}.children`, 'a map of groups')) {
    const child = readGroup(draft, name, key, value)
    if (child !== undefined) addChild(draft, group, child, key)
    // Ansible finds no such group then, and gives the whole file up.
    else draft.problems.push(problem(value.place, `${group.name}.children.${name}`, 'expected a group'))
  }
}

function readHosts(draft: Draft, group: DraftGroup, content: Located): void {
  const path = `${group.name}.hosts`
  if (content.kind === 'scalar' && typeof content.value === 'string') {
    addHosts(draft, group, content.value, content.place)
    return
  }
  for (const [text, { key, textKey, value }] of mapOr(draft, content, path, 'a map of hosts')) {
    if (!textKey) {
      draft.problems.push(problem(key, `${path}.${text}`, 'expected a host name as text (quote it)'))
      continue
    }
    const vars = mapOr(draft, value, `hosts.${text}`, 'a map of variables')
    for (const name of addHosts(draft, group, text, key)) {
      const host = draft.hosts.get(name)
      for (const [variable, entry] of vars) if (host !== undefined) say(host.vars, variable, entry)
    }
  }
}
