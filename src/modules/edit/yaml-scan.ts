import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  type Pair,
  type ParsedNode,
  parseDocument,
  visit,
} from 'yaml'
import type { DataNode } from './data-path.ts'
import type { Item } from './items.ts'
import { linesText, placeOf, refused } from './splice.ts'

/** Something in a YAML file where it stands; its end is that of the last thing in it, without blanks and comments. */
export interface YamlNode extends DataNode, Item {
  /** How it is written; `empty` for a value that is not there, `alone` for a key between braces without a colon. */
  readonly form:
    | 'plain'
    | 'single'
    | 'double'
    | 'lines'
    | 'alias'
    | 'empty'
    | 'alone'
    | 'flow-map'
    | 'flow-list'
    | 'map'
    | 'list'
  readonly anchor?: string | undefined
  readonly tagged: boolean
  readonly entries?: readonly YamlEntry[]
  readonly items?: readonly YamlNode[]
  /** For a list over lines: where each entry's dash is. For what stands between brackets: its entries with their commas. */
  readonly parts: readonly Item[]
}

/** A key and its value; `from` is where the first of both begins. */
export interface YamlEntry {
  readonly key: string
  readonly node: YamlNode
}

/** A parsed file. */
export interface YamlScan {
  readonly root: YamlNode | undefined
  readonly data: unknown
  /** From the name of an anchor to the places where it is used. */
  readonly uses: ReadonlyMap<string, readonly number[]>
}

/** Finds everything in a YAML file of one document. Throws with `file:line:column`, never quoting the file. */
export function scanYaml(text: string, file: string): YamlScan {
  const document = parseDocument(text, { keepSourceTokens: true, prettyErrors: false })
  const [error] = document.errors
  if (error !== undefined)
    throw refused(
      `${placeOf(file, text, error.pos[0])}: not a YAML file: ${error.message.split('\n')[0]}`,
      'Correct it by hand.',
    )
  const uses = new Map<string, number[]>()
  visit(document, {
    Alias: (_, alias) =>
      void uses.set(alias.source, [...(uses.get(alias.source) ?? []), alias.range?.[0] ?? 0]),
  })
  const { contents } = document
  const data = dataOf(document, text, file)
  return { root: contents === null ? undefined : nodeOf(contents as ParsedNode), data, uses }
}

// Aliases that multiply are a way to fill the memory.
function dataOf(document: Document.Parsed, text: string, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    throw refused(
      `${placeOf(file, text, 0)}: not a YAML file: ${error instanceof Error ? error.message : ''}`,
      'Correct it by hand.',
    )
  }
}

/** Throws where something on the way has an anchor that is used elsewhere too: both would change. */
export function notShared(
  way: readonly YamlNode[],
  { uses }: YamlScan,
  text: string,
  file: string,
  path: string,
): void {
  for (const { anchor, at } of way) {
    const where = anchor === undefined ? undefined : uses.get(anchor)
    if (where === undefined) continue
    throw refused(
      `${placeOf(file, text, at)}: "${path}" is in what &${anchor} names, which ${linesText(text, where)} uses too`,
      'Edit it by hand: what is changed here would change there.',
    )
  }
}

const forms = {
  PLAIN: 'plain',
  QUOTE_SINGLE: 'single',
  QUOTE_DOUBLE: 'double',
  BLOCK_LITERAL: 'lines',
  BLOCK_FOLDED: 'lines',
} as const

function nodeOf(node: ParsedNode): YamlNode {
  const [from, to] = node.range
  const base = { at: from, from, tagged: !isAlias(node) && node.tag !== undefined, parts: [] }
  if (isAlias(node)) return { ...base, kind: 'scalar', form: 'alias', to }
  const { anchor } = node
  if (isScalar(node)) {
    const form = from === to ? 'empty' : forms[(node.type ?? 'PLAIN') as keyof typeof forms]
    return { ...base, kind: 'scalar', form, to, anchor, value: node.value }
  }
  if (isMap(node)) {
    const entries = node.items.map((pair) => entryOf(pair as Pair<ParsedNode, ParsedNode | null>))
    const parts = partsOf(
      node,
      entries.map(({ from: start, node: value }) => ({ from: start, to: value.to })),
    )
    const end = node.flow ? to : (entries.at(-1)?.node.to ?? to)
    return { ...base, kind: 'map', form: node.flow ? 'flow-map' : 'map', to: end, anchor, entries, parts }
  }
  if (!isSeq(node)) return { ...base, kind: 'scalar', form: 'plain', to, anchor }
  const found = node.items.map((item) => nodeOf(item as ParsedNode))
  const parts = partsOf(node, found)
  // The parser puts what is not there behind the comment that follows.
  const items = found.map((item, at) => {
    const to = parts[at]?.to ?? item.to
    return item.form === 'empty' && item.anchor === undefined && !node.flow ? { ...item, from: to, to } : item
  })
  const end = node.flow ? to : (parts.at(-1)?.to ?? to)
  return { ...base, kind: 'list', form: node.flow ? 'flow-list' : 'list', to: end, anchor, items, parts }
}

function entryOf({ key, value, srcToken }: Pair<ParsedNode, ParsedNode | null>): YamlEntry & Item {
  const name = isScalar(key) ? String(key.value) : ''
  const [keyFrom = 0, keyTo = 0] = isCollection(key) || isScalar(key) || isAlias(key) ? key.range : []
  const before = (srcToken?.start ?? []).find(({ type }) => /anchor|tag|explicit/.test(type))
  const sign =
    srcToken && 'sep' in srcToken ? srcToken.sep?.find(({ type }) => type === 'map-value-ind') : undefined
  const from = before?.offset ?? keyFrom
  const none = { kind: 'scalar', at: keyFrom, value: null, tagged: false, parts: [] } as const
  const to = sign === undefined ? keyTo : sign.offset + 1
  const node: YamlNode =
    value === null || value.range === undefined
      ? { ...none, form: 'alone', from: keyTo, to: keyTo }
      : nodeOf(value)
  const whole =
    node.form === 'empty' ? { ...node, from: to, to, tagged: node.tagged || node.anchor !== undefined } : node
  return { key: name, node: whole, from, to: whole.to }
}

// Where each entry begins and ends; between brackets its comma stands with the one behind it.
function partsOf(node: ParsedNode, items: readonly Item[]): readonly Item[] {
  const { srcToken } = node
  if (srcToken === undefined || !('items' in srcToken)) return items
  return items.map((item, at) => {
    const start = srcToken.items[at]?.start ?? []
    const next = srcToken.items[at + 1]?.start ?? []
    const dash = start.find(({ type }) => type === 'seq-item-ind')?.offset
    if (srcToken.type !== 'flow-collection') {
      const from = dash ?? item.from
      return { from, to: dash === undefined ? item.to : item.from === item.to ? dash + 1 : item.to }
    }
    return { from: item.from, to: item.to, comma: next.find(({ type }) => type === 'comma')?.offset }
  })
}
