import type { Text } from '../../model/secret.ts'
import { type DataPath, nowhere, parseDataPath, type Walk, walk } from './data-path.ts'
import { hideIn, type Marks, marksFor } from './marks.ts'
import { checkData, type Makes, sameData, valueAt } from './same-data.ts'
import { refused, type Splice, spliced } from './splice.ts'
import { added, removed } from './toml-lines.ts'
import { parseToml, scanToml, type TomlNode, type TomlScan } from './toml-scan.ts'
import { type TomlValue, tomlValue } from './toml-text.ts'

/**
 * A change of a TOML file that leaves every other byte alone. `value` sets what stands at the path, and so does `text`, whose
 * parts may be secrets; with `create` a key or table that is missing is made, else a path that leads nowhere is refused. `remove`
 * takes a pair, a table with all that is in it, or an entry of a list away. `append` adds a table unless it is there: `[a.b]` for
 * `a.b`, and `[[a.b]]` with that name for `a.b[name=x]`.
 */
export type TomlEdit = { readonly at: DataPath } & (
  | { readonly value: TomlValue; readonly create?: boolean }
  | { readonly text: Text; readonly create?: boolean }
  | { readonly remove: true }
  | { readonly append: Readonly<Record<string, TomlValue>> }
)

/**
 * The text with the edits made, one after the other. Secrets stay secrets: the result has parts. Throws {@link TaskError} with
 * `file:line:column` where it is no TOML, or a path matches none or two. What is made is read again and is the old data but for the edit.
 */
export function editToml(source: string, edits: readonly TomlEdit[], file = 'TOML file'): Text {
  const marks = marksFor(source)
  if (edits.length === 0) scanToml(source, file)
  const edited = edits.reduce((text, edit) => editOnce(text, edit, marks, file), source)
  return marks.restore(edited, 'toml')
}

/** What stands at a path; undefined where there is nothing. Two are refused. */
export function readToml(source: string, at: DataPath, file = 'TOML file'): unknown {
  const { root, data } = scanToml(source, file)
  const { missing, places } = walk(root, parseDataPath(at), { file, text: source, path: at })
  return missing.length > 0 ? undefined : valueAt(data, places)
}

function editOnce(text: string, edit: TomlEdit, marks: Marks, file: string): string {
  const scan = scanToml(text, file)
  const named = { file, text, path: edit.at }
  const way = walk(scan.root, parseDataPath(edit.at), named)
  const change = changeOf(text, scan, way, edit, marks, () => nowhere(way, named))
  if (change === undefined) return text
  const next = spliced(text, change.splices)
  checkData(scan.data, parseToml(next, `${file}, edited`), change.makes, `${file}: "${edit.at}"`)
  return next
}

function changeOf(
  text: string,
  scan: TomlScan,
  way: Walk<TomlNode>,
  edit: TomlEdit,
  marks: Marks,
  lost: () => Error,
): { readonly splices: readonly Splice[]; readonly makes: Makes } | undefined {
  const { found, missing, places } = way
  const [first] = missing
  if (first !== undefined && !('key' in first ? found.kind === 'map' : found.kind === 'list')) throw lost()
  if ('remove' in edit) {
    if (missing.length > 1) throw lost()
    if (first !== undefined) return undefined
    return { splices: removed(text, scan, way, edit.at), makes: { places, removed: true } }
  }
  if ('append' in edit && first === undefined) return undefined
  const data = hideIn(
    'append' in edit ? edit.append : 'value' in edit ? edit.value : marks.hide(edit.text),
    marks,
  )
  const value = data as TomlValue
  if (first !== undefined) {
    const whole = 'append' in edit
    if ((!whole && edit.create !== true) || missing.some((step) => 'index' in step)) throw lost()
    return { splices: [added(text, scan, way, value, whole, edit.at)], makes: { places, missing, data } }
  }
  const written = tomlValue(value).join('')
  const read = parseToml(`k = ${written}`, 'the value')['k']
  if (sameData(valueAt(scan.data, places), read)) return undefined
  if (!['scalar', 'array', 'inline'].includes(found.form))
    throw refused(
      `"${edit.at}" is a table of its own, which a value cannot take the place of`,
      'Set the keys in it one by one, or remove it first.',
    )
  return {
    splices: [{ from: found.from, to: found.to, text: written }],
    makes: { places, missing, data: read },
  }
}
