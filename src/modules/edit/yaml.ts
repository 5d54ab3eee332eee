import { escapeFor, type Text } from '../../model/secret.ts'
import {
  type DataPath,
  type DataStep,
  entryFor,
  nowhere,
  parseDataPath,
  type Walk,
  walk,
} from './data-path.ts'
import { withoutItem } from './items.ts'
import { type DataEdit, dataOf } from './json.ts'
import { type Marks, marksFor } from './marks.ts'
import { checkData, type Makes, sameData, valueAt } from './same-data.ts'
import { eolOf, lineEnd, lineStart, placeOf, refused, type Splice, spliced } from './splice.ts'
import { notShared, scanYaml, type YamlNode, type YamlScan } from './yaml-scan.ts'

/**
 * The text with the edits made, one after the other. Secrets stay secrets: the result has parts. Comments, anchors, quotes and the
 * order stay. A plain text that YAML 1.1 and 1.2 read differently (`yes`, `012`) is not taken for the same text in quotes. Throws
 * {@link TaskError} with `file:line:column` where it is no YAML, a path matches none or two, or where an alias would change too.
 */
export function editYaml(source: string, edits: readonly DataEdit[], file = 'YAML file'): Text {
  const marks = marksFor(source)
  if (edits.length === 0) scanYaml(source, file)
  const edited = edits.reduce((text, edit) => {
    const scan = scanYaml(text, file)
    const root: YamlNode = scan.root ?? nothing
    const named = { file, text, path: edit.at }
    const way = walk(root, parseDataPath(edit.at), named)
    const change = changeOf(text, scan, way, edit, marks, () => nowhere(way, named), file)
    if (change === undefined) return text
    notShared(way.way, scan, text, file, edit.at)
    const next = spliced(text, change.splices)
    checkData(scan.data, scanYaml(next, `${file}, edited`).data, change.makes, `${file}: "${edit.at}"`)
    return next
  }, source)
  return marks.restore(edited, 'yaml')
}

/** What stands at a path; undefined where there is nothing. Two are refused. */
export function readYaml(source: string, at: DataPath, file = 'YAML file'): unknown {
  const { root = nothing, data } = scanYaml(source, file)
  const { missing, places } = walk(root, parseDataPath(at), { file, text: source, path: at })
  return missing.length > 0 ? undefined : valueAt(data, places)
}

const nothing: YamlNode = {
  kind: 'map',
  form: 'map',
  at: 0,
  from: 0,
  to: 0,
  tagged: false,
  entries: [],
  parts: [],
}

type Change = { readonly splices: readonly Splice[]; readonly makes: Makes }

function changeOf(
  text: string,
  scan: YamlScan,
  way: Walk<YamlNode>,
  edit: DataEdit,
  marks: Marks,
  lost: () => Error,
  file: string,
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
  const write = { text, marks, inline: false }
  if (first !== undefined) {
    if ((!('append' in edit) && edit.create !== true) || missing.some((step) => 'index' in step)) throw lost()
    return { splices: [added(write, scan, found, missing, data)], makes: { places, missing, data } }
  }
  if (sameData(valueAt(scan.data, places), data) && !ambiguous(found)) return undefined
  if (found.tagged || found.form === 'alone')
    throw refused(
      `${placeOf(file, text, found.at)}: "${edit.at}" has a tag, or no place for a value`,
      'Edit it by hand.',
    )
  const inline = way.way.some(({ form }) => form.startsWith('flow'))
  const splice = replaced(text, found, inlineText(data, { text, marks, inline }, found.form))
  return { splices: [splice], makes: { places, missing, data } }
}

// What is a text in one version of YAML and a number or a switch in the other.
const ambiguous = ({ form, value }: YamlNode): boolean =>
  form === 'plain' && typeof value === 'string' && !isSafe(value) && /^[\w.:+~-]+$/.test(value)

function replaced(text: string, { form, kind, from, to }: YamlNode, written: string): Splice {
  const start = form === 'empty' && !/\s/.test(text[from - 1] ?? ' ') ? ' ' : ''
  if (kind === 'map' && form === 'map')
    throw refused('a map over lines cannot be replaced', 'Set its keys one by one.')
  if (kind === 'list' && form === 'list')
    throw refused('a list over lines cannot be replaced', 'Add and remove its entries one by one.')
  // A text over lines has the last line end in it.
  const end = form === 'lines' && text[to - 1] === '\n' ? eolOf(text) : ''
  return { from, to, text: `${start}${written}${end}` }
}

function removed(text: string, { way, places, found }: Walk<YamlNode>, path: string): readonly Splice[] {
  const holder = way.at(-2)
  if (holder === undefined) throw refused(`"${path}" is the whole file`, 'Name something in it.')
  const at =
    holder.kind === 'list'
      ? Number(places.at(-1))
      : (holder.entries ?? []).findIndex(({ node }) => node === found)
  if (holder.form.startsWith('flow')) return withoutItem(text, holder.parts, at)
  const [part, next] = [holder.parts[at], holder.parts[at + 1]]
  if (part === undefined) return []
  const start = lineStart(text, part.from)
  const indent = text.slice(start, part.from).replace('\uFEFF', '')
  const end = text[part.to - 1] === '\n' ? part.to : lineEnd(text, part.to)
  if (holder.parts.length === 1) {
    // What is empty must still be something, and further in than the key that it belongs to.
    const deeper = way.length > 2 && indent.trim() === '' ? ' ' : ''
    const eol = text[part.to - 1] === '\n' ? eolOf(text) : ''
    return [{ from: part.from, to: part.to, text: `${deeper}${holder.kind === 'list' ? '[]' : '{}'}${eol}` }]
  }
  if (indent.trim() === '') {
    const before = holder.entries?.[at - 1]?.node ?? holder.items?.[at - 1]
    // Blank lines behind what is removed would become lines of a text that keeps all of its own.
    const blank = keepsLines(text, before) ? (/^(?:[ \t]*\r?\n)*/.exec(text.slice(end))?.[0].length ?? 0) : 0
    return [{ from: part.from - indent.length, to: end + blank, text: '' }]
  }
  return [{ from: part.from, to: next?.from ?? end, text: '' }]
}

/** Whether the last thing in a node is a text over lines with all its line ends (`|+`). */
function keepsLines(text: string, node: YamlNode | undefined): boolean {
  const last = node?.entries?.at(-1)?.node ?? node?.items?.at(-1)
  if (last !== undefined) return keepsLines(text, last)
  return node?.form === 'lines' && /^[|>]\d*\+/.test(text.slice(node.from, node.from + 4))
}

type Write = { readonly text: string; readonly marks: Marks; readonly inline: boolean }

function added(
  write: Write,
  scan: YamlScan,
  holder: YamlNode,
  steps: readonly DataStep[],
  data: unknown,
): Splice {
  const { text } = write
  const eol = eolOf(text)
  const last = holder.parts.at(-1)
  const [first, ...rest] = steps
  const inner = rest.reduceRight<unknown>(
    (made, step) => ('key' in step ? { [step.key]: made } : 'where' in step ? [entryFor(step, made)] : made),
    data,
  )
  const value = first !== undefined && 'where' in first ? entryFor(first, inner) : inner
  const key = first !== undefined && 'key' in first ? `${keyText(first.key)}: ` : ''
  if (holder.form.startsWith('flow')) {
    const made = `${key}${inlineText(value, { ...write, inline: true }, 'double')}`
    if (last === undefined) return { from: holder.from + 1, to: holder.to - 1, text: made }
    const at = last.comma === undefined ? last.to : last.comma + 1
    return { from: at, to: at, text: last.comma === undefined ? `, ${made}` : ` ${made}` }
  }
  if (scan.root === undefined || last === undefined) {
    const ended = text === '' || /[\n\uFEFF]$/.test(text) ? '' : eol
    const body = block(value, '', write, key)
    return { from: text.length, to: text.length, text: `${ended}${body}${eol}` }
  }
  const start = lineStart(text, last.from)
  const indent = ' '.repeat(text.slice(start, last.from).replace('\uFEFF', '').length)
  const body =
    holder.kind === 'list'
      ? `${indent}- ${block(value, `${indent}  `, write, '', true)}`
      : `${indent}${block(value, indent, write, key)}`
  const end = text[last.to - 1] === '\n' ? last.to : lineEnd(text, last.to)
  const ended = end === 0 || text[end - 1] === '\n'
  return { from: end, to: end, text: ended ? `${body}${eol}` : `${eol}${body}` }
}

/** A value behind its key, or behind the dash of a list; the keys of a map are on lines of their own, all deeper is in one line. */
function block(value: unknown, indent: string, write: Write, key: string, dash = false): string {
  const map =
    typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : []
  if (map.length === 0) return `${key}${inlineText(value, write, 'plain')}`
  const eol = eolOf(write.text)
  const inner = dash ? indent : `${indent}${unitOf(write.text)}`
  const lines = map.map(([name, each]) => block(each, inner, write, `${keyText(name)}: `))
  return dash ? lines.join(`${eol}${inner}`) : [key.trimEnd(), ...lines.map((line) => inner + line)].join(eol)
}

/** A value in one line, a text in quotes like those that were there if they can hold it. */
function inlineText(value: unknown, write: Write, form: YamlNode['form']): string {
  if (Array.isArray(value))
    return `[${value.map((each) => inlineText(each, { ...write, inline: true }, 'double')).join(', ')}]`
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .map(([key, each]) => `${keyText(key)}: ${inlineText(each, { ...write, inline: true }, 'double')}`)
      .join(', ')}}`
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new TypeError(`${value} is no value for a file`)
  if (typeof value !== 'string') return String(value)
  if (form === 'plain' && isSafe(value) && !write.marks.has(value)) return value
  // Only between double quotes can a secret be escaped.
  if (
    form === 'single' &&
    /^[ -~\u00a0-\ud7ff]*$/.test(value) &&
    !/[\u2028\u2029]/.test(value) &&
    !write.marks.has(value)
  )
    return `'${value.replaceAll("'", "''")}'`
  return `"${escapeFor('yaml', value)}"`
}

const keyText = (key: string): string => (isSafe(key) ? key : `"${escapeFor('yaml', key)}"`)

// A plain text that every version of YAML reads as that text.
const isSafe = (text: string): boolean =>
  /^[A-Za-z_][\w./-]*(?: [A-Za-z_][\w./-]*)*$/.test(text) &&
  !/^(?:y|n|yes|no|on|off|true|false|null)$/i.test(text)

// By how much keys are further in than the key that they belong to.
function unitOf(text: string): string {
  const nested = /^( *)[^\s#-][^\n]*:(?:[ \t]+[&!]\S*)*[ \t]*(?:#[^\n]*)?\r?\n( +)[^\s#]/gm
  for (const [, outer = '', inner = ''] of text.matchAll(nested))
    if (inner.length > outer.length) return ' '.repeat(inner.length - outer.length)
  return '  '
}
