import { parse, TomlError } from 'smol-toml'
import type { DataNode } from './data-path.ts'
import type { Item } from './items.ts'
import { lineEnd, lineStart, refused } from './splice.ts'

/** One line of a TOML file that says something (or several, where a value goes on): a head or a pair. */
export interface Statement {
  readonly kind: 'head' | 'pair'
  readonly index: number
  /** From its line's beginning to its line's end. */
  readonly from: number
  readonly to: number
  readonly keyFrom: number
  readonly keyTo: number
  readonly valueFrom: number
}

/** Something in a TOML file. A map is a table under its head, the root, between braces, made of dotted keys, or only implied by heads under it. */
export interface TomlNode extends DataNode, Item {
  readonly form: 'scalar' | 'array' | 'tables' | 'root' | 'head' | 'inline' | 'dotted' | 'implied'
  readonly entries?: { readonly key: string; readonly node: TomlNode }[]
  readonly items?: TomlNode[]
  /** What stands between the braces of an inline table, with the whole keys. */
  readonly parts?: (Item & { readonly keys: readonly string[] })[]
  /** The statements that make it, without those of what is in it. */
  readonly statements: Statement[]
}

/** The parsed file and where everything stands. */
export interface TomlScan {
  readonly root: TomlNode
  readonly data: Readonly<Record<string, unknown>>
  readonly statements: readonly Statement[]
}

/** A TOML file's values, integers exact. Throws with `file:line:column`, never quoting the file. */
export function parseToml(text: string, file: string): Record<string, unknown> {
  try {
    return parse(text.replace(/^\uFEFF/, ' '), { integersAsBigInt: 'asNeeded' })
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const what = error.message.split('\n')[0]?.replace('Invalid TOML document: ', '') ?? ''
    throw refused(`${file}:${error.line}:${error.column}: not a TOML file: ${what}`, 'Correct it by hand.')
  }
}

type Made = { -readonly [K in keyof TomlNode]: TomlNode[K] }

const made = (form: TomlNode['form'], at: number, kind: TomlNode['kind'] = 'map'): Made => ({
  kind,
  form,
  at,
  from: at,
  to: at,
  statements: [],
  ...(kind === 'map' ? { entries: [] } : kind === 'list' ? { items: [] } : {}),
})

/** Finds everything in a TOML file. */
export function scanToml(text: string, file: string): TomlScan {
  const data = parseToml(text, file)
  const root = made('root', 0)
  const statements: Statement[] = []
  let section: TomlNode = root
  let at = text.startsWith('\uFEFF') ? 1 : 0
  for (;;) {
    at = skip(text, at)
    if (at >= text.length) return { root: valued(root, data), data, statements }
    const from = Math.max(lineStart(text, at), text.startsWith('\uFEFF') ? 1 : 0)
    if (text[at] === '[') {
      const tables = text[at + 1] === '['
      const { keys, to } = keysAt(text, at + (tables ? 2 : 1))
      const statement: Statement = {
        kind: 'head',
        index: statements.length,
        from,
        to: lineEnd(text, to),
        keyFrom: at,
        keyTo: to,
        valueFrom: to,
      }
      section = headed(root, keys, tables, at)
      section.statements.push(statement)
      statements.push(statement)
      at = statement.to
      continue
    }
    const { keys, to } = keysAt(text, at)
    const valueFrom = blanks(text, text.indexOf('=', to) + 1)
    const value = valueAt(text, valueFrom)
    const end = lineEnd(text, value.to)
    const statement: Statement = {
      kind: 'pair',
      index: statements.length,
      from,
      to: end,
      keyFrom: at,
      keyTo: to,
      valueFrom,
    }
    statements.push(statement)
    const map = keys.slice(0, -1).reduce((now, key) => child(now, key, () => made('dotted', at)), section)
    value.statements.push(statement)
    map.entries?.push({ key: keys.at(-1) ?? '', node: value })
    at = end
  }
}

// The table that a head opens; what it leads through is the last of a list of tables.
function headed(root: TomlNode, keys: readonly string[], tables: boolean, at: number): TomlNode {
  const last = (node: TomlNode): TomlNode => node.items?.at(-1) ?? node
  const outer = keys.slice(0, -1).reduce((now, key) => last(child(now, key, () => made('implied', at))), root)
  const key = keys.at(-1) ?? ''
  if (!tables) {
    const node = child(outer, key, () => made('head', at))
    return Object.assign(node, { form: 'head', at })
  }
  const list = child(outer, key, () => made('tables', at, 'list'))
  const item = made('head', at)
  list.items?.push(item)
  return item
}

function child(map: TomlNode, key: string, make: () => TomlNode): TomlNode {
  const there = map.entries?.find((entry) => entry.key === key)
  if (there !== undefined) return there.node
  const node = make()
  map.entries?.push({ key, node })
  return node
}

// What scalars are is said by the parser alone.
function valued(node: TomlNode, data: unknown): TomlNode {
  if (node.kind === 'scalar') Object.assign(node, { value: data })
  for (const { key, node: each } of node.entries ?? [])
    valued(each, (data as Readonly<Record<string, unknown>>)[key])
  for (const [at, each] of (node.items ?? []).entries()) valued(each, (data as readonly unknown[])[at])
  return node
}

const skipAt = /(?:[\s]+|#[^\n]*)*/y
function skip(text: string, at: number): number {
  skipAt.lastIndex = at
  skipAt.test(text)
  return skipAt.lastIndex
}

const blanksAt = /[ \t]*/y
function blanks(text: string, at: number): number {
  blanksAt.lastIndex = at
  blanksAt.test(text)
  return blanksAt.lastIndex
}

const keyAt = /[ \t]*("(?:[^"\\]|\\.)*"|'[^']*'|[\w-]+)/y

function keysAt(text: string, from: number): { readonly keys: readonly string[]; readonly to: number } {
  const keys: string[] = []
  let at = from
  for (;;) {
    keyAt.lastIndex = at
    const written = keyAt.exec(text)?.[1] ?? ''
    at = keyAt.lastIndex
    keys.push(/^["']/.test(written) ? String(parse(`k = ${written}`)['k']) : written)
    const dot = blanks(text, at)
    if (text[dot] !== '.') return { keys, to: at }
    at = dot + 1
  }
}

const scalarAt =
  /"""(?:[^\\]|\\[\s\S])*?"""(?:"{1,2}(?!"))?|'''[\s\S]*?'''(?:'{1,2}(?!'))?|"(?:[^"\\]|\\.)*"|'[^']*'|\d{4}-\d\d-\d\d \d\d:[^\s,\]}#]*|[^\s,\]}#]+/y

// `skip` passes comments, which arrays may have anywhere.
function valueAt(text: string, from: number): TomlNode {
  const open = text[from]
  if (open !== '[' && open !== '{') {
    scalarAt.lastIndex = from
    scalarAt.test(text)
    return { ...made('scalar', from, 'scalar'), to: scalarAt.lastIndex }
  }
  const node = open === '[' ? made('array', from, 'list') : { ...made('inline', from), parts: [] }
  let at = skip(text, from + 1)
  while (text[at] !== ']' && text[at] !== '}') {
    const start = at
    const { keys, to } = open === '{' ? keysAt(text, at) : { keys: [], to: at }
    const value = valueAt(text, open === '{' ? skip(text, text.indexOf('=', to) + 1) : at)
    at = skip(text, value.to)
    const comma = text[at] === ',' ? at : undefined
    if (comma !== undefined) at = skip(text, comma + 1)
    if (open === '[') node.items?.push(Object.assign(value, { comma }))
    else {
      const map = keys
        .slice(0, -1)
        .reduce((now: TomlNode, key) => child(now, key, () => made('dotted', start)), node)
      map.entries?.push({ key: keys.at(-1) ?? '', node: value })
      node.parts?.push({ keys, from: start, to: value.to, comma })
    }
  }
  return Object.assign(node, { to: at + 1 })
}
