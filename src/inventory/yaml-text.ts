import { isAlias, isMap, isSeq, LineCounter, type Node, type Pair, Scalar } from 'yaml'
import type { Place } from '../model/errors.ts'
import { isForbidden, type Located, type LocatedEntry, problem, shown } from './located.ts'
import { plainScalar, type Scalar as Value } from './scalars.ts'
import { deepest } from './too-much.ts'
import { unsafeKey } from './unsafe.ts'
import { isJson, parseYaml } from './yaml-parse.ts'

/** A YAML file's value with its places, or undefined with at least one problem. */
export interface YamlText {
  readonly root: Located | undefined
  readonly problems: readonly string[]
  /** What PyYAML takes and Ansible warns of: a key that stands twice. */
  readonly warnings: readonly string[]
}

/** Values of a text, and of those what aliases repeat: a bomb is small before it is expanded. */
const mostNodes = 2_000_000
const mostAliased = 200_000

/**
 * Reads YAML (or JSON) as Ansible does: PyYAML's rules for plain scalars, `<<` merges, aliases. A vault becomes
 * `{ __ansible_vault: text }`, as `ansible-inventory --list` prints it. Every problem is found, each with its place. With
 * `json`, nothing else is taken.
 */
export function readYaml(text: string, file: string, format?: 'json'): YamlText {
  const lines = new LineCounter()
  const problems: string[] = []
  const warnings: string[] = []
  const json = isJson(text)
  const unended = !text.endsWith('\n')
  if (format === 'json' && !json) {
    problems.push(notJson(text, file))
    return { root: undefined, problems, warnings }
  }
  const document = parseYaml(text, lines)
  if ('message' in document) {
    const { line, column, message } = document
    problems.push(problem({ file, line, column }, '', message))
    return { root: undefined, problems, warnings }
  }
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { file, line, column: col }
  }
  for (const error of document.errors) {
    problems.push(problem(at(error.pos[0]), '', `expected YAML, got: ${error.message.split('\n')[0]}`))
  }
  if (problems.length > 0) return { root: undefined, problems, warnings }

  const open = new Set<Node>()
  const anchors = new Map<string, Node>()
  let count = 0
  let aliased = 0
  let aliases = 0
  const complain = (node: Node, message: string): Located => {
    problems.push(problem(placeOf(node), '', message))
    return { kind: 'scalar', place: placeOf(node), value: null }
  }
  const placeOf = (node: Node): Place => at(node.range?.[0] ?? 0)

  let deep: Located | undefined
  const tooDeep = (node: Node): Located => {
    deep ??= complain(node, `expected at most ${deepest} levels, got more`)
    return deep
  }

  const walk = (node: Node): Located => {
    if (aliases > 0 && ++aliased === mostAliased)
      complain(node, `expected at most ${mostAliased} values that aliases repeat, got more`)
    if (++count === mostNodes) complain(node, `expected at most ${mostNodes} values, got more`)
    if (open.size > deepest) return tooDeep(node)
    if (count >= mostNodes || aliased >= mostAliased)
      return { kind: 'scalar', place: placeOf(node), value: null }
    const place = placeOf(node)
    // Most are scalars.
    if (node instanceof Scalar) {
      if (node.anchor !== undefined) anchors.set(node.anchor, node)
      const said = String(node.value ?? '')
      // The parser ends a block text with a newline; PyYAML does not where the file ends without one.
      const open = unended && /^BLOCK/.test(node.type ?? '') && (node.range?.[1] ?? 0) >= text.length
      const value = open ? said.replace(/\n$/, '') : said
      return scalar(node, node.tag, value, node.type === 'PLAIN', place)
    }
    if (isAlias(node)) {
      const target = anchors.get(node.source)
      if (target === undefined) return complain(node, `expected an anchor &${node.source}, got none`)
      if (open.has(target)) return complain(node, `the alias *${node.source} stands inside itself`)
      aliases++
      const made = walk(target)
      aliases--
      return made
    }
    if (node.anchor !== undefined) anchors.set(node.anchor, node)
    const isUnsafe = node.tag === '!unsafe'
    if (node.tag !== undefined && !isUnsafe && !/^tag:yaml\.org,2002:(seq|map)$/.test(node.tag))
      return complain(node, `the tag ${node.tag} is not supported here`)
    open.add(node)
    const made: Located = isSeq(node)
      ? { kind: 'list', place, items: node.items.map((item) => walk(item as Node)) }
      : {
          kind: 'map',
          place,
          entries: isMap(node) ? entriesOf(node.items as Pair<Node, Node | null>[]) : new Map(),
        }
    open.delete(node)
    return isUnsafe ? unsafe(made) : made
  }

  const scalar = (
    node: Node,
    tag: string | undefined,
    text: string,
    plain: boolean,
    place: Place,
  ): Located => {
    const said: Located = { kind: 'scalar', place, value: text }
    if (tag === '!vault' || tag === '!vault-encrypted') return under('__ansible_vault', said)
    if (tag === '!unsafe') return unsafe(said)
    if (plain && (text === '=' || text === '<<') && !tag)
      return complain(node, `expected a value, got ${text} (quote it if it is text)`)
    const value = json && plain ? (JSON.parse(text) as Value) : tagged(tag, text, plain)
    if (value === undefined) return complain(node, `the tag ${tag} is not supported for ${shown(text)}`)
    if (typeof value === 'number' && (!Number.isFinite(value) || Math.abs(value) > Number.MAX_SAFE_INTEGER)) {
      return complain(
        node,
        `expected a finite number of at most 15 digits, got ${text} (quote it if it is text)`,
      )
    }
    return { kind: 'scalar', place, value }
  }

  const entriesOf = (pairs: readonly Pair<Node, Node | null>[]): Map<string, LocatedEntry> => {
    const merged = new Map<string, LocatedEntry>()
    const own = new Map<string, LocatedEntry>()
    for (const { key, value } of pairs) {
      const isMerge = key instanceof Scalar && key.type === 'PLAIN' && key.value === '<<'
      const name: Located = isMerge ? { kind: 'scalar', place: placeOf(key), value: '<<' } : walk(key)
      const made =
        value === null ? ({ kind: 'scalar', place: name.place, value: null } as const) : walk(value)
      if (name.kind !== 'scalar') complain(key, `expected a name, got a ${name.kind}`)
      else if (isMerge) merge(merged, made, value ?? key)
      else {
        const text = String(name.value)
        if (isForbidden(text)) complain(key, `expected another name than ${text}`)
        const before = own.get(text)?.key
        if (before !== undefined)
          warnings.push(
            problem(name.place, text, `stands here again, after line ${before.line}; the last one counts`),
          )
        own.set(text, { key: name.place, textKey: typeof name.value === 'string', value: made })
      }
    }
    return new Map([...merged, ...own])
  }

  // Of several merged maps the first that has a key gives it.
  const merge = (into: Map<string, LocatedEntry>, from: Located, node: Node): void => {
    for (const map of from.kind === 'list' ? from.items : [from]) {
      if (map.kind !== 'map') complain(node, 'expected a map (or a list of maps) to merge')
      else for (const [key, entry] of map.entries) if (!into.has(key)) into.set(key, entry)
    }
  }

  // Every text within.
  const unsafe = (value: Located): Located => {
    if (value.kind === 'scalar') return typeof value.value === 'string' ? under(unsafeKey, value) : value
    if (value.kind === 'list') return { ...value, items: value.items.map(unsafe) }
    const entries = [...value.entries].map(
      ([key, entry]) => [key, { ...entry, value: unsafe(entry.value) }] as const,
    )
    return { ...value, entries: new Map(entries) }
  }

  const { contents } = document
  const root = contents === null ? ({ kind: 'scalar', place: at(0), value: null } as const) : walk(contents)
  return { root: problems.length === 0 ? root : undefined, problems, warnings }
}

function notJson(text: string, file: string): string {
  let offset = 0
  try {
    JSON.parse(text)
  } catch (error) {
    offset = Number(/ at position (\d+)/.exec(String(error))?.[1] ?? 0)
  }
  const before = text.slice(0, offset).split('\n')
  const place = { file, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }
  const got = text.trim() === '' ? 'nothing' : shown(text.slice(offset, offset + 100).trim())
  return problem(place, '', `expected JSON, got ${got === '""' ? 'its end' : got}`)
}

const under = (key: string, value: Located): Located => ({
  kind: 'map',
  place: value.place,
  entries: new Map([[key, { key: value.place, textKey: true, value }]]),
})

const standard = 'tag:yaml.org,2002:'

function tagged(tag: string | undefined, text: string, plain: boolean): Value | undefined {
  if (tag === undefined || tag === '') return plain ? plainScalar(text) : text
  if (tag === '!' || tag === `${standard}str`) return text
  const value = plainScalar(text)
  if (tag === `${standard}null` && value === null) return null
  if (tag === `${standard}bool` && typeof value === 'boolean') return value
  if ((tag === `${standard}int` || tag === `${standard}float`) && typeof value === 'number') return value
  return undefined
}
