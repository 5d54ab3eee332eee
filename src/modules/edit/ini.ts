import { didYouMean } from '../../model/nearest.ts'
import type { Text } from '../../model/secret.ts'
import { type Marks, marksFor } from './marks.ts'
import { eolOf, linesText, placeOf, refused, type Splice, spliced } from './splice.ts'

/**
 * A change of an INI file that leaves every other byte alone. `section` is left out for what stands before the first one. `text`
 * sets what the option has; with `create` an option or section that is missing is added, else it is refused. `remove` takes an option
 * away, or the whole section when no option is named. What is there twice is refused. To many readers of INI files `Port` is
 * `port` (Python's, git's, Windows'), to others not (systemd's, PHP's): a name that is there in other capitals alone is refused,
 * unless `caseSensitive` says that these are two.
 */
export type IniEdit = { readonly caseSensitive?: boolean } & (
  | { readonly section?: string; readonly option: string; readonly text: Text; readonly create?: boolean }
  | { readonly section?: string; readonly option: string; readonly remove: true }
  | { readonly section: string; readonly remove: true }
)

interface Line {
  readonly from: number
  /** Without and with its line end. */
  readonly end: number
  readonly to: number
  readonly section: number
  readonly head?: string
  readonly option?: string
  readonly value?: string
  readonly keyFrom: number
  readonly keyTo: number
  readonly valueFrom: number
  readonly valueTo: number
}

/**
 * The text with the edits made, one after the other. Secrets stay secrets: the result has parts. A line is blank, a comment (`;` or `#`
 * first), a section, or `option = value` (also with `:`, or the option alone); a `;` or `#` behind a value is part of it, as most
 * readers have it. Throws {@link TaskError} with `file:line:column`.
 */
export function editIni(source: string, edits: readonly IniEdit[], file = 'INI file'): Text {
  const marks = marksFor(source)
  if (edits.length === 0) linesOf(source, file)
  const edited = edits.reduce((text, edit) => spliced(text, splicesFor(text, edit, marks, file)), source)
  return marks.restore(edited, 'ini')
}

/** What an option has ('' for one that stands alone); undefined where it is not there. Two are refused. */
export function readIni(
  source: string,
  section: string | undefined,
  option: string,
  file = 'INI file',
): string | undefined {
  const lines = linesOf(source, file)
  const within = sectionOf(source, lines, section, file)
  const found = within && optionIn(source, lines, within, option, file)
  return found && (found.value ?? '')
}

function splicesFor(text: string, edit: IniEdit, marks: Marks, file: string): readonly Splice[] {
  const lines = linesOf(text, file)
  const within = sectionOf(text, lines, edit.section, file)
  if (edit.caseSensitive !== true) mustBeNoTwin(lines, within, edit, file)
  if (!('option' in edit)) return within === undefined ? [] : [sectionRemoved(text, lines, within)]
  const found = within && optionIn(text, lines, within, edit.option, file)
  if ('remove' in edit) {
    if (within === undefined) throw noSection(lines, edit.section, file)
    return found === undefined ? [] : [{ from: found.from, to: found.to, text: '' }]
  }
  const value = fitting(marks.hide(edit.text), `"${edit.option}"`, file)
  if (found !== undefined) {
    if (found.value === value) return []
    const next = lines[lines.indexOf(found) + 1]
    if (
      next !== undefined &&
      next.option !== undefined &&
      next.value === undefined &&
      next.keyFrom > next.from
    )
      throw refused(
        `${placeOf(file, text, next.from)}: this line may go on with the value of "${edit.option}", or be an option of its own`,
        'Edit it by hand.',
      )
    const sign = found.value === undefined ? signOf(text, lines, found) : ''
    return [{ from: found.valueFrom, to: found.valueTo, text: `${sign}${value}` }]
  }
  if (edit.create !== true) {
    if (within === undefined) throw noSection(lines, edit.section, file)
    const options = lines.flatMap(({ section, option }) =>
      section === within.index && option !== undefined ? [option] : [],
    )
    throw refused(
      `${file}: ${named(edit.section)} has no option "${edit.option}"${didYouMean(edit.option, options)}`,
      'Correct it, or say create: true where it is to be added.',
    )
  }
  if (!/^[^\s=:;#[][^=:\r\n]*$/.test(edit.option) || edit.option !== edit.option.trim())
    throw refused(`"${edit.option}" cannot be the name of an option`, 'Take another name.')
  const eol = eolOf(text)
  if (within !== undefined) return [lineAdded(text, lines, within, edit.option, value)]
  if (!/^[^\]\r\n]+$/.test(edit.section ?? ''))
    throw refused(`"${edit.section}" cannot be the name of a section`, 'Take another name.')
  const plain = text.replace('\uFEFF', '')
  const gap = plain.trim() === '' || /\n[ \t]*\r?\n$/.test(plain) ? '' : eol
  const ended = plain === '' || plain.endsWith('\n')
  const line = `${edit.option}${signOf(text, lines, undefined)}${value}`
  const body = `${gap}[${edit.section}]${eol}${line}`
  return [{ from: text.length, to: text.length, text: ended ? `${body}${eol}` : `${eol}${body}` }]
}

type Within = { readonly index: number; readonly head: Line | undefined }

function sectionOf(
  text: string,
  lines: readonly Line[],
  section: string | undefined,
  file: string,
): Within | undefined {
  if (section === undefined) return { index: 0, head: undefined }
  const [found, ...more] = lines.filter(({ head }) => head === section)
  if (found === undefined) return undefined
  if (more.length > 0)
    throw refused(
      `${file}: [${section}] is there ${more.length + 1} times: ${linesText(
        text,
        [found, ...more].map(({ from }) => from),
      )}`,
      'Make one section of them by hand.',
    )
  return { index: found.section, head: found }
}

function optionIn(
  text: string,
  lines: readonly Line[],
  { index }: Within,
  option: string,
  file: string,
): Line | undefined {
  const [found, ...more] = lines.filter((line) => line.section === index && line.option === option)
  if (found !== undefined && more.length > 0)
    throw refused(
      `${file}: "${option}" is there ${more.length + 1} times: ${linesText(
        text,
        [found, ...more].map(({ from }) => from),
      )}`,
      'Take all but one away by hand.',
    )
  return found
}

/** Throws where what is not there is there in other capitals. */
function mustBeNoTwin(lines: readonly Line[], within: Within | undefined, edit: IniEdit, file: string): void {
  const twin = (names: readonly (string | undefined)[], wanted: string) =>
    names.includes(wanted) ? undefined : names.find((name) => name?.toLowerCase() === wanted.toLowerCase())
  const { section } = edit
  const head =
    section === undefined
      ? undefined
      : twin(
          lines.map((line) => line.head),
          section,
        )
  const own = lines.filter((line) => line.section === within?.index).map(({ option }) => option)
  const option = 'option' in edit ? twin(own, edit.option) : undefined
  if (head === undefined && option === undefined) return
  const [is, wanted] =
    head === undefined
      ? [`"${option}"`, `"${'option' in edit && edit.option}"`]
      : [`[${head}]`, `[${section}]`]
  throw refused(
    `${file}: ${wanted} is not there, but ${is} is, which many readers take for the same`,
    'Write it as it stands there, or say caseSensitive: true where these are two.',
  )
}

const named = (section: string | undefined): string =>
  section === undefined ? 'the part before the first section' : `[${section}]`

function noSection(lines: readonly Line[], section: string | undefined, file: string): Error {
  const heads = lines.flatMap(({ head }) => (head === undefined ? [] : [head]))
  return refused(
    `${file}: there is no section [${section}]${didYouMean(section ?? '', heads)}`,
    'Correct it, or say create: true where it is to be added.',
  )
}

function lineAdded(
  text: string,
  lines: readonly Line[],
  { index, head }: Within,
  option: string,
  value: string,
): Splice {
  const eol = eolOf(text)
  const own = lines.filter((line) => line.section === index && line.option !== undefined)
  const last = own.at(-1) ?? head
  const indent = own.at(-1) === undefined ? '' : text.slice(own.at(-1)?.from, own.at(-1)?.keyFrom)
  const line = `${indent}${option}${signOf(text, lines, own.at(-1))}${value}`
  if (last === undefined) {
    const at = text.startsWith('\uFEFF') ? 1 : 0
    const comments = lines.findLast(({ section, to }) => section === 0 && to > 0)
    const from = lines.some((each) => each.head !== undefined) ? at : (comments?.to ?? at)
    return {
      from,
      to: from,
      text: from === 0 || text[from - 1] === '\n' || at === from ? `${line}${eol}` : `${eol}${line}`,
    }
  }
  const ended = last.end < last.to
  return { from: last.to, to: last.to, text: ended ? `${line}${eol}` : `${eol}${line}` }
}

// From its head to its last line that is not blank; a comment right above the next head is that one's.
function sectionRemoved(text: string, lines: readonly Line[], { index, head }: Within): Splice {
  const own = lines.filter(({ section }) => section === index)
  const last = own.findLast(({ option }) => option !== undefined) ?? head
  const from = head?.from ?? 0
  const to = last?.to ?? from
  const blank = /^[ \t]*\r?\n/.exec(text.slice(to))?.[0] ?? ''
  const apart = /(^|\n)[ \t]*\r?\n$|^\uFEFF?$/.test(text.slice(0, from))
  return { from, to: apart ? to + blank.length : to, text: '' }
}

function signOf(text: string, lines: readonly Line[], like: Line | undefined): string {
  const model = like?.value === undefined ? lines.findLast(({ value }) => value !== undefined) : like
  if (model === undefined) return ' = '
  const sign = text.slice(model.keyTo, model.valueFrom)
  return model.value === '' && /[=:]$/.test(sign) && /^\s/.test(sign) ? `${sign} ` : sign
}

function fitting(value: string, what: string, file: string): string {
  if (!/[\r\n\0]|^\s|\s$/.test(value)) return value
  throw refused(
    `${file}: the value for ${what} has a line end in it, or blanks around it: no INI file can hold it`,
    'Take them out of the value.',
  )
}

const lineAt = /([^\r\n]*)(\r\n|\n|\r|$)/y

function linesOf(text: string, file: string): readonly Line[] {
  const lines: Line[] = []
  let at = text.startsWith('\uFEFF') ? 1 : 0
  let section = 0
  while (at < text.length) {
    const from = at
    lineAt.lastIndex = at
    const body = lineAt.exec(text)?.[1] ?? ''
    at = lineAt.lastIndex
    const base = {
      from,
      end: from + body.length,
      to: at,
      keyFrom: from,
      keyTo: from,
      valueFrom: from,
      valueTo: from,
    }
    const head = /^\s*\[([^\]]+)\]\s*(?:[;#][\s\S]*)?$/.exec(body)?.[1]
    if (head !== undefined) section++
    if (head !== undefined) lines.push({ ...base, section, head: head.trim() })
    else if (/^\s*(?:[;#]|$)/.test(body)) lines.push({ ...base, section })
    else lines.push({ ...base, section, ...optionAt(body, from, text, file) })
  }
  return lines
}

function optionAt(body: string, from: number, text: string, file: string) {
  const [, indent = '', option = '', sign, value = ''] =
    /^(\s*)([^=:\s][^=:]*?|)((?:\s*)[=:][ \t]*|\s*$)([\s\S]*?)\s*$/.exec(body) ?? []
  const keyFrom = from + indent.length
  if (option === '' || option.startsWith('['))
    throw refused(`${placeOf(file, text, keyFrom)}: neither a section nor an option`, 'Correct it by hand.')
  const keyTo = keyFrom + option.length
  if (sign === undefined || sign.trim() === '')
    return { option, keyFrom, keyTo, valueFrom: keyTo, valueTo: keyTo }
  const valueFrom = keyTo + sign.length
  return { option, value, keyFrom, keyTo, valueFrom, valueTo: valueFrom + value.length }
}
