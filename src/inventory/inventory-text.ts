import type { Draft } from './draft.ts'
import { readIniInventory } from './ini.ts'
import { readYamlInventory } from './yaml.ts'
import { readYaml, type YamlText } from './yaml-text.ts'

/** A text as one of the two formats; INI stays text. */
export type InventoryText = { readonly yaml: YamlText } | { readonly ini: string }

/** Tells the format of a text that may be of either: YAML where it is a map, else INI, as Ansible tries them. */
export function inventoryText(text: string, file: string, extension: string): InventoryText {
  if (!['', '.yml', '.yaml', '.json'].includes(extension)) return { ini: text }
  const yaml = readYaml(text, file)
  const isMap = yaml.root?.kind === 'map' && yaml.root.entries.size > 0
  return !isMap && looksIni(text) ? { ini: text } : { yaml }
}

/** Reads a text of either format. */
export function readInventoryText(draft: Draft, text: string, file: string, extension: string): void {
  const read = inventoryText(text, file, extension)
  if ('ini' in read) readIniInventory(draft, read.ini, file)
  else readYamlInventory(draft, read.yaml, file)
}

// By the first line that says something: which of the two is meant by what is neither.
function looksIni(text: string): boolean {
  const first = text.split('\n').find((line) => line.trim() !== '' && !/^\s*[#;]/.test(line))
  // A line of megabytes would be too much for the expression, and its beginning says it.
  const head = first?.slice(0, 4096)
  return head !== undefined && !/^---|^[{%]|^- |^\[\s*(["'[{\d]|$)|^[^\s=]+:(\s|$)/.test(head)
}
