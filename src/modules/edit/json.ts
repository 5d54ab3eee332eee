import type { Json } from '../../model/json.ts'
import { escapeFor, type Secret, type Text } from '../../model/secret.ts'
import {
  type DataPath,
  type DataStep,
  entryFor,
  nowhere,
  parseDataPath,
  type Walk,
  walk,
} from './data-path.ts'
import { type Item, withoutItem } from './items.ts'
import { type JsonNode, jsonData, scanJson } from './json-scan.ts'
import { hideIn, type Marks, marksFor } from './marks.ts'
import { checkData, type Makes, sameData, valueAt } from './same-data.ts'
import { eolOf, lineStart, refused, type Splice, spliced } from './splice.ts'

/** Data whose leaves may be secrets. */
export type DataValue =
  | string
  | number
  | boolean
  | null
  | Secret
  | readonly DataValue[]
  | { readonly [key: string]: DataValue }

/**
 * A change of a JSON or YAML file that leaves every other byte alone. `value` sets what stands at the path, and so does `text`, whose
 * parts may be secrets; with `create` a key that is missing is made, else a path that leads nowhere is refused. `remove` takes a key
 * or an entry of a list away. `append` adds something unless it is there: under its key, or for `a[name=x]` as a new entry of the list
 * `a` that has that name.
 */
export type DataEdit = { readonly at: DataPath } & (
  | { readonly value: DataValue; readonly create?: boolean }
  | { readonly text: Text; readonly create?: boolean }
  | { readonly remove: true }
  | { readonly append: DataValue }
)

/**
 * The text with the edits made, one after the other. Secrets stay secrets: the result has parts. Throws {@link TaskError} with
 * `file:line:column` where it is no JSON, or a path matches none or two. What is made is read again and is the old data but for the edit.
 */
export function editJson(source: string, edits: readonly DataEdit[], file = 'JSON file'): Text {
  const marks = marksFor(source)
  if (edits.length === 0) scanJson(source, file)
  const edited = edits.reduce((text, edit) => {
    const root = scanJson(text, file)
    const named = { file, text, path: edit.at }
    const way = walk(root, parseDataPath(edit.at), named)
    const change = changeOf(text, way, edit, marks, () => nowhere(way, named))
    if (change === undefined) return text
    const next = spliced(text, change.splices)
    checkData(jsonData(root), jsonData(scanJson(next, file)), change.makes, `${file}: "${edit.at}"`)
    return next
  }, source)
  return marks.restore(edited, 'json')
}

/** What stands at a path; undefined where there is nothing. Two are refused. */
export function readJson(source: string, at: DataPath, file = 'JSON file'): unknown {
  const root = scanJson(source, file)
  const { missing, places } = walk(root, parseDataPath(at), { file, text: source, path: at })
  return missing.length > 0 ? undefined : valueAt(jsonData(root), places)
}

type Change = { readonly splices: readonly Splice[]; readonly makes: Makes }

function changeOf(
  text: string,
  way: Walk<JsonNode>,
  edit: DataEdit,
  marks: Marks,
  lost: () => Error,
): Change | undefined {
  const { found, missing, places } = way
  const [first] = missing
  if (first !== undefined && !('key' in first ? found.kind === 'map' : found.kind === 'list')) throw lost()
  if ('remove' in edit) {
    if (missing.length > 1) throw lost()
    if (first !== undefined) return undefined
    return { splices: removed(text, way, edit.at), makes: { places, removed: true } }
  }
  if ('append' in edit && first === undefined) return undefined
  const data = dataOf(edit, marks)
  if (first === undefined) {
    if (sameData(valueAt(jsonData(way.way[0] ?? found), places), data)) return undefined
    const indent = indentAt(text, found.from)
    const written = render(data, text, indent, isLong(text, found))
    return { splices: [{ from: found.from, to: found.to, text: written }], makes: { places, missing, data } }
  }
  if (!('append' in edit) && edit.create !== true) throw lost()
  if (missing.some((step) => 'index' in step)) throw lost()
  return { splices: [added(text, found, missing, data)], makes: { places, missing, data } }
}

/** What an edit wants there, as plain data with marks for its secrets. */
export const dataOf = (edit: DataEdit, marks: Marks): unknown =>
  hideIn(
    'append' in edit
      ? edit.append
      : 'value' in edit
        ? edit.value
        : marks.hide('text' in edit ? edit.text : ''),
    marks,
  )

function removed(text: string, { way, places, found }: Walk<JsonNode>, path: string): readonly Splice[] {
  const holder = way.at(-2)
  if (holder === undefined) throw refused(`"${path}" is the whole file`, 'Name something in it.')
  if (holder.kind === 'list') return withoutItem(text, holder.items ?? [], Number(places.at(-1)))
  const entries = holder.entries ?? []
  return withoutItem(
    text,
    entries,
    entries.findIndex(({ node }) => node === found),
  )
}

function added(text: string, holder: JsonNode, [first, ...rest]: readonly DataStep[], data: unknown): Splice {
  const parts: readonly Item[] = holder.entries ?? holder.items ?? []
  const last = parts.at(-1)
  const own = indentAt(text, holder.from)
  const long = last === undefined ? isLong(text, undefined) : isLong(text, holder)
  const indent = last === undefined ? own + unitOf(text) : indentAt(text, last.from)
  const inner = first === undefined ? data : nested(rest, data)
  const made =
    first !== undefined && 'key' in first
      ? `${quote(first.key)}${colonOf(text)}${render(inner, text, indent, long)}`
      : render(first !== undefined && 'where' in first ? entryFor(first, inner) : inner, text, indent, long)
  const eol = eolOf(text)
  if (last !== undefined) {
    const gap = long ? `,${eol}${indent}` : text.includes(', ') || !text.includes(',') ? ', ' : ','
    return { from: last.to, to: last.to, text: `${gap}${made}` }
  }
  const between = long ? `${eol}${indent}${made}${eol}${own}` : made
  return { from: holder.from + 1, to: holder.to - 1, text: between }
}

function nested(steps: readonly DataStep[], data: unknown): unknown {
  return steps.reduceRight(
    (inner, step) =>
      'key' in step ? { [step.key]: inner } : 'where' in step ? [entryFor(step, inner)] : inner,
    data,
  )
}

const quote = (text: string): string => `"${escapeFor('json', text)}"`

/** A value as JSON: over lines that begin as those of the file, or in one line. */
function render(data: unknown, text: string, indent: string, long: boolean): string {
  if (typeof data === 'string') return quote(data)
  if (typeof data === 'number' && !Number.isFinite(data))
    throw new TypeError(`${data} is no value for a file`)
  if (typeof data !== 'object' || data === null) return JSON.stringify(data as Json) ?? 'null'
  const inner = indent + unitOf(text)
  const list = Array.isArray(data)
  const parts = list
    ? data.map((each) => render(each, text, inner, long))
    : Object.entries(data).map(
        ([key, each]) => `${quote(key)}${colonOf(text)}${render(each, text, inner, long)}`,
      )
  const [open, close] = list ? ['[', ']'] : ['{', '}']
  if (parts.length === 0) return open + close
  const eol = eolOf(text)
  if (!long) return `${open}${parts.join(text.includes(', ') ? ', ' : ',')}${close}`
  return `${open}${eol}${parts.map((part) => inner + part).join(`,${eol}`)}${eol}${indent}${close}`
}

// The blanks at the beginning of the line of an offset.
const indentAt = (text: string, at: number): string =>
  /^\uFEFF?([ \t]*)/.exec(text.slice(lineStart(text, at), at))?.[1] ?? ''

// Whether what stands between brackets is on lines of its own; for what is new, whether the file is written so.
const isLong = (text: string, node: JsonNode | undefined): boolean =>
  node === undefined || node.kind === 'scalar'
    ? /[{[][ \t]*\r?\n/.test(text) || !/[{[]\s*[^\s\]}]/.test(text)
    : text.slice(node.from, (node.entries ?? node.items)?.[0]?.from ?? node.to).includes('\n')

const unitOf = (text: string): string => /[{[][ \t]*\r?\n([ \t]+)/.exec(text)?.[1] ?? '  '

const colonOf = (text: string): string => /"(?:[^"\\]|\\.)*"(\s*:[ \t]*)/.exec(text)?.[1] ?? ': '
