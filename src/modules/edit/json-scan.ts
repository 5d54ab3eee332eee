import type { DataNode } from './data-path.ts'
import type { Item } from './items.ts'
import { placeOf, refused } from './splice.ts'

/** A value of a JSON file where it stands. */
export interface JsonNode extends DataNode, Item {
  readonly entries?: (Item & { readonly key: string; readonly node: JsonNode })[]
  readonly items?: JsonNode[]
}

const deepest = 500
const blanksAt = /[ \t\r\n]*/y
const scalarAt = /"(?:[^"\\]|\\.)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y

// A whole number is exact, however long.
function plainValue(written: string): unknown {
  const value: unknown = JSON.parse(written)
  return /^-?\d+$/.test(written) && !Number.isSafeInteger(value) ? BigInt(written) : value
}

/** Finds everything in a JSON file (RFC 8259: no comments, no trailing commas). Throws with `file:line:column`, never quoting the file. */
export function scanJson(text: string, file: string): JsonNode {
  const wrong = (at: number, what: string) =>
    refused(`${placeOf(file, text, at)}: not a JSON file: ${what}`, 'Correct it by hand.')
  const skip = (at: number): number => {
    blanksAt.lastIndex = at
    blanksAt.test(text)
    return blanksAt.lastIndex
  }
  const scalar = (from: number): { readonly value: unknown; readonly to: number } => {
    scalarAt.lastIndex = from
    const written = scalarAt.exec(text)?.[0]
    if (written === undefined)
      throw wrong(from, from >= text.length ? 'it ends too early' : 'no value is here')
    try {
      return { value: plainValue(written), to: from + written.length }
    } catch {
      throw wrong(from, 'a text has a sign or an escape that JSON has not')
    }
  }
  const value = (from: number, depth: number): JsonNode => {
    if (depth > deepest) throw wrong(from, 'it is nested too deeply')
    const open = text[from]
    if (open !== '{' && open !== '[') return { kind: 'scalar', at: from, from, ...scalar(from) }
    const close = open === '{' ? '}' : ']'
    const entries: (Item & { readonly key: string; readonly node: JsonNode })[] = []
    const items: JsonNode[] = []
    let at = skip(from + 1)
    for (let more = text[at] !== close; more; ) {
      const start = at
      let key = ''
      if (open === '{') {
        if (text[at] !== '"') throw wrong(at, 'a key in quotes is missing')
        const name = scalar(at)
        key = String(name.value)
        at = skip(name.to)
        if (text[at] !== ':') throw wrong(at, 'a colon is missing')
        at = skip(at + 1)
      }
      const node = value(at, depth + 1)
      at = skip(node.to)
      more = text[at] === ','
      const comma = more ? at : undefined
      if (!more && text[at] !== close) throw wrong(at, `a comma or ${close} is missing`)
      if (open === '{') entries.push({ key, node, from: start, to: node.to, comma })
      else items.push({ ...node, comma })
      if (more) at = skip(at + 1)
    }
    const base = { at: from, from, to: at + 1 }
    return open === '{' ? { kind: 'map', ...base, entries } : { kind: 'list', ...base, items }
  }
  const start = skip(text.startsWith('\uFEFF') ? 1 : 0)
  const root = value(start, 0)
  const end = skip(root.to)
  if (end < text.length) throw wrong(end, 'something follows its end')
  return root
}

/** The data of a node. Where a key is there twice the last one counts, as in JSON.parse. */
export function jsonData(node: JsonNode): unknown {
  if (node.kind === 'list') return (node.items ?? []).map(jsonData)
  if (node.kind === 'map')
    return Object.fromEntries((node.entries ?? []).map((entry) => [entry.key, jsonData(entry.node)]))
  return node.value
}
