import { extname } from 'node:path'
import { InputError } from '../model/errors.ts'
import { closed } from './closed.ts'
import type { Draft } from './draft.ts'
import { readIniInventory } from './ini.ts'
import { inventoryText } from './inventory-text.ts'
import type { Located, LocatedEntry } from './located.ts'
import type { Unseal } from './sealed.ts'
import { readYamlInventory } from './yaml.ts'

/**
 * Reads an inventory file that is encrypted as a whole: its hosts and groups are like any others, and the texts of its variables stay
 * closed, as in encrypted files of `group_vars`. What is wrong with it quotes nothing of it.
 */
export async function readSealedInventory(
  draft: Draft,
  text: string,
  { path, file }: { readonly path: string; readonly file: string },
  unseal: Unseal,
): Promise<void> {
  let open: string
  try {
    open = await unseal(file, text)
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    draft.problems.push(error.message)
    return
  }
  const before = { problems: draft.problems.length, warnings: draft.warnings.length }
  const read = inventoryText(open, file, extname(path))
  if ('ini' in read) readIniInventory(draft, read.ini, file, (value, at) => closed(value, path, at))
  else {
    const { root } = read.yaml
    readYamlInventory(draft, { ...read.yaml, root: root && closedGroups(root, path, []) }, file)
  }
  for (const list of ['problems', 'warnings'] as const)
    draft[list].splice(before[list], Infinity, ...draft[list].slice(before[list]).map(unquoted))
}

// Behind these words a value may stand.
function unquoted(one: string): string {
  if (/ got more$/.test(one)) return one
  const words = /(, got:?| is not supported| stands inside itself| again, after) .*$/s
  return `${one.replace(words, '$1 something else')} (the file is encrypted, so it is not shown)`
}

function closedGroups(groups: Located, path: string, at: readonly string[]): Located {
  return mapped(groups, (group, name) =>
    mapped(group, (section, word) => {
      const here = [...at, name, word]
      if (word === 'vars') return closedVars(section, path, here)
      if (word === 'children') return closedGroups(section, path, here)
      if (word === 'hosts') return mapped(section, (vars, host) => closedVars(vars, path, [...here, host]))
      return section
    }),
  )
}

// A map's values; a text in its place is a name.
const closedVars = (vars: Located, path: string, at: readonly string[]): Located =>
  mapped(vars, (value, name) =>
    name === 'ansible_group_priority' ? value : closed(value, path, [...at, name]),
  )

function mapped(value: Located, make: (item: Located, key: string) => Located): Located {
  if (value.kind !== 'map') return value
  const entry = ([key, one]: [string, LocatedEntry]) =>
    [key, { ...one, value: make(one.value, key) }] as const
  return { ...value, entries: new Map([...value.entries].map(entry)) }
}
