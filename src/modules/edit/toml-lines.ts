import type { DataStep, Walk } from './data-path.ts'
import { withoutItem } from './items.ts'
import { eolOf, refused, type Splice } from './splice.ts'
import type { Statement, TomlNode, TomlScan } from './toml-scan.ts'
import { type TomlValue, tomlKey, tomlValue } from './toml-text.ts'

/** What takes what a path leads to away. */
export function removed(
  text: string,
  { statements }: TomlScan,
  { way, places, found }: Walk<TomlNode>,
  path: string,
): readonly Splice[] {
  const outer = way.slice(0, -1)
  const bracket = outer.findLastIndex(({ form }) => form === 'array' || form === 'inline')
  const holder = outer[bracket]
  if (holder?.form === 'array') return withoutItem(text, holder.items ?? [], Number(places[bracket]))
  if (holder !== undefined) {
    const keys = places.slice(bracket)
    const at = holder.parts?.findIndex((part) => part.keys.join('\0') === keys.join('\0')) ?? -1
    if (at < 0) throw refused(`"${path}" stands in pieces between braces`, 'Remove its keys one by one.')
    return withoutItem(text, holder.parts ?? [], at)
  }
  const all = statementsIn(found).sort((a, b) => a.index - b.index)
  if (found.form === 'root' || all.length === 0)
    throw refused(`"${path}" is nothing that can be removed`, 'Name a key or a table in it.')
  const runs: (readonly [Statement, Statement])[] = []
  for (const each of all) {
    const last = runs.at(-1)
    if (last !== undefined && last[1].index === each.index - 1) runs.splice(-1, 1, [last[0], each])
    else runs.push([each, each])
  }
  return runs.map(([first, last]) => {
    const blank = /^[ \t]*\r?\n/.exec(text.slice(last.to))
    const gap = first.kind === 'head' && /(^|\n)[ \t]*\r?\n$|^\uFEFF?$/.test(text.slice(0, first.from))
    const ends = statements.length === last.index + 1
    return { from: first.from, to: last.to + (gap && !ends ? (blank?.[0].length ?? 0) : 0), text: '' }
  })
}

/** What adds a value, or a whole table, under what there is on a path. */
export function added(
  text: string,
  scan: TomlScan,
  { way, places, found, missing }: Walk<TomlNode>,
  value: TomlValue,
  whole: boolean,
  path: string,
): Splice {
  const bracket = way.findLastIndex(({ form }) => form === 'array' || form === 'inline')
  const holder = way[bracket]
  const keys = keysOf(missing)
  if (holder !== undefined) {
    if (holder.form === 'array' || keys.length < missing.length)
      throw refused(
        `"${path}" is not there, and between brackets it is not made`,
        'Set the whole list instead.',
      )
    return between(text, holder, `${dotted([...places.slice(bracket), ...keys])} = ${shown(value)}`)
  }
  if (found.form === 'dotted') {
    const section = way.findLastIndex(({ form }) => form !== 'dotted')
    const last = statementsIn(found).reduce((a, b) => (a.index > b.index ? a : b))
    if (keys.length < missing.length)
      throw refused(
        `"${path}" is not there, and a list of tables cannot stand there`,
        'Set the whole list instead.',
      )
    return lineAfter(text, last, pairs([...places.slice(section), ...keys], value, whole), last)
  }
  if ((found.form === 'root' || found.form === 'head') && missing.length === 1 && !whole)
    return inSection(text, scan, found, pairs(keys, value, false))
  return headAdded(text, { way, places, found, missing }, value, whole, path)
}

const keysOf = (steps: readonly DataStep[]): readonly string[] =>
  steps.flatMap((step) => ('key' in step ? [step.key] : []))

const dotted = (keys: readonly (string | number)[]): string =>
  keys.map((key) => tomlKey(String(key))).join('.')

const shown = (value: TomlValue): string => tomlValue(value).join('')

// Key and value of each line to write.
type Pairs = readonly (readonly [string, string])[]

const pairs = (keys: readonly (string | number)[], value: TomlValue, whole: boolean): Pairs =>
  whole
    ? Object.entries(value).map(([key, each]) => [dotted([...keys, key]), shown(each as TomlValue)])
    : [[dotted(keys), shown(value)]]

function statementsIn(node: TomlNode): Statement[] {
  const inner = [...(node.entries ?? []).map((entry) => entry.node), ...(node.items ?? [])]
  return [...node.statements, ...inner.flatMap(statementsIn)]
}

function between(text: string, { from, to, parts = [] }: TomlNode, made: string): Splice {
  const last = parts.at(-1)
  if (last === undefined) {
    const blank = text.slice(from + 1, to - 1).trim() === ''
    return blank
      ? { from: from + 1, to: to - 1, text: ` ${made} ` }
      : { from: to - 1, to: to - 1, text: made }
  }
  const at = last.comma === undefined ? last.to : last.comma + 1
  return { from: at, to: at, text: last.comma === undefined ? `, ${made}` : ` ${made},` }
}

// With the blanks before its key and around its sign that another line has.
function lines(text: string, made: Pairs, like: Statement | undefined): string[] {
  const indent = like === undefined ? '' : text.slice(like.from, like.keyFrom)
  const tight = like?.kind === 'pair' && text.slice(like.keyTo, like.valueFrom) === '='
  return made.map(([key, value]) => `${indent}${key}${tight ? '=' : ' = '}${value}`)
}

function lineAfter(text: string, { to }: Statement, made: Pairs, like: Statement): Splice {
  const eol = eolOf(text)
  const body = lines(text, made, like).join(eol)
  return { from: to, to, text: text[to - 1] === '\n' ? `${body}${eol}` : `${eol}${body}` }
}

function inSection(text: string, { statements, root }: TomlScan, section: TomlNode, made: Pairs): Splice {
  const head = section.statements.at(-1)?.index ?? -1
  const next = statements.findIndex(({ kind, index }) => index > head && kind === 'head')
  const last = statements[(next < 0 ? statements.length : next) - 1]
  if (last !== undefined && (section !== root || last.kind === 'pair'))
    return lineAfter(text, last, made, last)
  const eol = eolOf(text)
  const body = lines(text, made, undefined).join(eol)
  const first = statements[0]
  if (first === undefined) return atEnd(text, body)
  // A comment right above a head is the head's.
  const above = /(?:[ \t]*#[^\n]*\n)*$/.exec(text.slice(0, first.from))?.[0].length ?? 0
  const at = Math.max(first.from - above, text.startsWith('\uFEFF') ? 1 : 0)
  return { from: at, to: at, text: `${body}${eol}${eol}` }
}

function headAdded(
  text: string,
  { way, places, found, missing }: Walk<TomlNode>,
  value: TomlValue,
  whole: boolean,
  path: string,
): Splice {
  const split = missing.findIndex((step) => 'where' in step)
  const [test] = missing.slice(split, split + 1)
  if (test !== undefined && 'where' in test && test.where === '.')
    throw refused(
      `"${path}": what is no table is not made in a list of tables`,
      'Set the whole list instead.',
    )
  const into = split < 0 ? (whole ? missing.length : missing.length - 1) : split
  const rest = keysOf(missing.slice(split < 0 ? into : split + 1))
  if (missing.slice(split + 1).some((step) => 'where' in step) && split >= 0)
    throw refused(`"${path}": two lists in one another are not made at once`, 'Append the outer one first.')
  const heads = [...places.filter((place) => typeof place === 'string'), ...keysOf(missing.slice(0, into))]
  const named: Readonly<Record<string, TomlValue>> =
    split >= 0 && test !== undefined && 'where' in test ? { [test.where]: test.is } : {}
  const own: Pairs =
    whole && rest.length === 0
      ? pairs([], { ...named, ...(value as Readonly<Record<string, TomlValue>>) }, true)
      : [...pairs([], named, true), ...pairs(rest, value, whole)]
  const name = split < 0 ? `[${dotted(heads)}]` : `[[${dotted(heads)}]]`
  const item = places.findLastIndex((place) => typeof place === 'number')
  const around = found.form === 'tables' ? found : way[item + 1]
  const eol = eolOf(text)
  const body = [name, ...lines(text, own, undefined)].join(eol)
  const last =
    item < 0 && found.form !== 'tables'
      ? undefined
      : statementsIn(around ?? found).reduce((a, b) => (a.index > b.index ? a : b))
  if (last === undefined || last.to >= text.length) return atEnd(text, body, true)
  return { from: last.to, to: last.to, text: `${eol}${body}${eol}` }
}

function atEnd(text: string, body: string, apart = false): Splice {
  const eol = eolOf(text)
  const from = text.length
  const plain = text.replace('\uFEFF', '')
  const ended = plain === '' || plain.endsWith('\n') ? '' : eol
  const gap = apart && plain.trim() !== '' && !/\n[ \t]*\r?\n$/.test(plain) ? eol : ''
  // A line that had no end leaves the next one without.
  return { from, to: from, text: `${ended}${gap}${body}${ended === '' ? eol : ''}` }
}
