import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from 'yaml'
import type { Place } from '../model/errors.ts'
import { type Located, type LocatedEntry, problem, shown } from './located.ts'
import { plainScalar, type Scalar } from './scalars.ts'

/** A YAML file's value with its places, or undefined with at least one problem. */
export interface YamlText {
  readonly root: Located | undefined
  readonly problems: readonly string[]
}

const mostNodes = 500_000

/**
 * Reads YAML (or JSON) as Ansible does: PyYAML's rules for plain scalars, `<<` merges, aliases. A vault becomes
 * `{ __ansible_vault: text }`, as `ansible-inventory --list` prints it. Every problem is found, each with its place.
 */
export function readYaml(text: string, file: string): YamlText {
  const lines = new LineCounter()
  const document = parseDocument(text, { schema: 'failsafe', lineCounter: lines, prettyErrors: false })
  const problems: string[] = []
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { file, line, column: col }
  }
  for (const error of document.errors) {
    problems.push(problem(at(error.pos[0]), '', `expected YAML, got: ${error.message.split('\n')[0]}`))
  }
  if (problems.length > 0) return { root: undefined, problems }

  const open = new Set<Node>()
  const anchors = new Map<string, Node>()
  let count = 0
  const complain = (node: Node, message: string): Located => {
    problems.push(problem(at(node.range?.[0] ?? 0), '', message))
    return { kind: 'scalar', place: at(node.range?.[0] ?? 0), value: null }
  }

  const walk = (node: Node): Located => {
    if (++count === mostNodes)
      complain(node, `expected at most ${mostNodes} values (aliases counted), got more`)
    if (count >= mostNodes) return { kind: 'scalar', place: at(node.range?.[0] ?? 0), value: null }
    if (isAlias(node)) {
      const target = anchors.get(node.source)
      if (target === undefined) return complain(node, `expected an anchor &${node.source}, got none`)
      return open.has(target)
        ? complain(node, `the alias *${node.source} stands inside itself`)
        : walk(target)
    }
    if (node.anchor !== undefined) anchors.set(node.anchor, node)
    const place = at(node.range?.[0] ?? 0)
    if (isScalar(node)) return scalar(node, node.tag, String(node.value ?? ''), node.type === 'PLAIN', place)
    if (node.tag?.startsWith('!')) return complain(node, `the tag ${node.tag} is not supported here`)
    open.add(node)
    const made: Located = isSeq(node)
      ? { kind: 'list', place, items: node.items.map((item) => walk(item as Node)) }
      : {
          kind: 'map',
          place,
          entries: isMap(node) ? entriesOf(node.items as Pair<Node, Node | null>[]) : new Map(),
        }
    open.delete(node)
    return made
  }

  const scalar = (
    node: Node,
    tag: string | undefined,
    text: string,
    plain: boolean,
    place: Place,
  ): Located => {
    if (tag === '!vault' || tag === '!vault-encrypted') {
      const value: Located = { kind: 'scalar', place, value: text }
      return {
        kind: 'map',
        place,
        entries: new Map([['__ansible_vault', { key: place, textKey: true, value }]]),
      }
    }
    const value = tagged(tag, text, plain)
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
      const name = walk(key)
      const made =
        value === null ? ({ kind: 'scalar', place: name.place, value: null } as const) : walk(value)
      if (name.kind !== 'scalar') complain(key, `expected a name, got a ${name.kind}`)
      else if (isScalar(key) && key.type === 'PLAIN' && name.value === '<<') merge(merged, made, value ?? key)
      else
        own.set(String(name.value), { key: name.place, textKey: typeof name.value === 'string', value: made })
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

  const { contents } = document
  const root = contents === null ? ({ kind: 'scalar', place: at(0), value: null } as const) : walk(contents)
  return { root: problems.length === 0 ? root : undefined, problems }
}

const standard = 'tag:yaml.org,2002:'

function tagged(tag: string | undefined, text: string, plain: boolean): Scalar | undefined {
  if (tag === undefined || tag === '') return plain ? plainScalar(text) : text
  if (tag === '!' || tag === '!unsafe' || tag === `${standard}str`) return text
  const value = plainScalar(text)
  if (tag === `${standard}null` && value === null) return null
  if (tag === `${standard}bool` && typeof value === 'boolean') return value
  if ((tag === `${standard}int` || tag === `${standard}float`) && typeof value === 'number') return value
  return undefined
}
