import {
  addChild,
  addGroup,
  addHosts,
  type Draft,
  type DraftGroup,
  mapOr,
  setGroupVar,
  unknownWord,
} from './draft.ts'
import { type Located, problem } from './located.ts'
import { readYaml } from './yaml-text.ts'

/** Reads Ansible's YAML inventory into the draft: groups with `hosts`, `children` and `vars`. */
export function readYamlInventory(draft: Draft, text: string, file: string): void {
  const { root, problems } = readYaml(text, file)
  draft.problems.push(...problems)
  if (root === undefined) return
  if (root.kind === 'map' && root.entries.has('plugin')) {
    const plugin = root.entries.get('plugin')
    const how = `ansible-inventory -i ${file} --list --yaml > hosts.yml`
    const message = `expected groups, got the configuration of an Ansible plugin, which is not supported; write its result out: ${how}`
    draft.problems.push(problem(plugin?.key ?? root.place, 'plugin', message))
    return
  }
  for (const [name, { key, textKey, value }] of mapOr(draft, root, '', 'a map of groups')) {
    if (!textKey) draft.problems.push(problem(key, name, 'expected a group name as text (quote it)'))
    else readGroup(draft, addGroup(draft, name, key), value)
  }
}

const sections = ['hosts', 'children', 'vars'] as const

function readGroup(draft: Draft, group: DraftGroup, value: Located): void {
  const what = 'a map with "hosts", "children" and "vars"'
  for (const [section, { key, value: content }] of mapOr(draft, value, group.name, what)) {
    if (section === 'vars') readVars(draft, group, content)
    else if (section === 'children') readChildren(draft, group, content)
    else if (section === 'hosts') readHosts(draft, group, content)
    else draft.problems.push(unknownWord(key, `${group.name}.${section}`, section, sections))
  }
}

function readVars(draft: Draft, group: DraftGroup, content: Located): void {
  const path = `${group.name}.vars`
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
    const child = addGroup(draft, name, key)
    addChild(draft, group, child, key)
    readGroup(draft, child, value)
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
      for (const [variable, entry] of vars) host?.vars.set(variable, entry)
    }
  }
}
