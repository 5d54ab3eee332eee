import type { Json } from '../model/json.ts'
import { type DraftVars, emptyDraft } from './draft.ts'
import { readIniInventory } from './ini.ts'
import { bare } from './located.ts'

/** All variables of an INI inventory, as `{ hosts: { NAME: { VAR } }, groups: { NAME: { VAR } } }`: what values of an encrypted one are found by. */
export function iniValues(text: string): Json {
  const draft = emptyDraft({ file: '' })
  readIniInventory(draft, text, '')
  const values = (vars: DraftVars): Json =>
    Object.fromEntries([...vars].map(([name, { value }]) => [name, bare(value)]))
  const all = (owners: Iterable<{ readonly name: string; readonly vars: DraftVars }>): Json =>
    Object.fromEntries([...owners].map(({ name, vars }) => [name, values(vars)]))
  return { hosts: all(draft.hosts.values()), groups: all(draft.groups.values()) }
}
