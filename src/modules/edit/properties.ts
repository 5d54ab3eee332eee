import { didYouMean } from '../../model/nearest.ts'
import { escapeFor, type Text } from '../../model/secret.ts'
import { type Marks, marksFor } from './marks.ts'
import { eolOf, linesText, placeOf, refused, type Splice, spliced } from './splice.ts'

/**
 * A change of a Java properties file that leaves every other byte alone. `text` sets what the key has; with `create` a key that is
 * missing is added, else it is refused. `remove` takes it away. A key that is there twice is refused: which one counts is the reader's choice.
 */
export type PropertiesEdit = { readonly key: string } & (
  | { readonly text: Text; readonly create?: boolean }
  | { readonly remove: true }
)

/** A key and its value where they stand, over as many lines as they go on. */
interface Pair {
  readonly key: string
  readonly value: string
  readonly from: number
  readonly keyTo: number
  readonly valueFrom: number
  /** Where the last of its lines ends, without and with its line end. */
  readonly valueTo: number
  readonly to: number
}

/**
 * The text with the edits made, one after the other. Secrets stay secrets: the result has parts. Signs beyond ASCII are written as
 * `\uXXXX`, which is right in ISO-8859-1 (what Java reads from a stream) and in UTF-8. Throws {@link TaskError} with `file:line:column`.
 */
export function editProperties(
  source: string,
  edits: readonly PropertiesEdit[],
  file = 'properties file',
): Text {
  const marks = marksFor(source)
  if (edits.length === 0) pairsOf(source, file)
  const edited = edits.reduce((text, edit) => {
    const next = spliced(text, splicesFor(text, edit, marks, file))
    checked(text, next, edit, file)
    return next
  }, source)
  return marks.restore(edited, 'properties')
}

/** What a key has; undefined where it is not there. Two are refused. */
export function readProperties(source: string, key: string, file = 'properties file'): string | undefined {
  return one(source, pairsOf(source, file), key, file)?.value
}

/** All keys with what they have, in the order of the text; one that is there twice comes twice. */
export function readAllProperties(
  source: string,
  file = 'properties file',
): readonly { readonly key: string; readonly value: string }[] {
  return pairsOf(source, file).map(({ key, value }) => ({ key, value }))
}

function splicesFor(text: string, edit: PropertiesEdit, marks: Marks, file: string): readonly Splice[] {
  const pairs = pairsOf(text, file)
  if (edit.key === '') throw refused(`${file}: an edit names no key`, 'Name one.')
  const found = one(text, pairs, edit.key, file)
  if ('remove' in edit) return found === undefined ? [] : [{ from: found.from, to: found.to, text: '' }]
  const value = marks.hide(edit.text)
  if (found !== undefined) {
    if (found.value === value) return []
    if (found.valueFrom === found.valueTo && dangling(text.slice(found.from, found.valueTo)))
      throw refused(
        `${placeOf(file, text, found.from)}: "${edit.key}" ends with a backslash that leads nowhere`,
        'Correct it by hand.',
      )
    const sign = found.valueFrom === found.keyTo ? signOf(text, pairs) : ''
    return [{ from: found.valueFrom, to: found.valueTo, text: `${sign}${escapedValue(value)}` }]
  }
  if (edit.create !== true)
    throw refused(
      `${file}: there is no key "${edit.key}"${didYouMean(
        edit.key,
        pairs.map(({ key }) => key),
      )}`,
      'Correct the key, or say create: true where it is to be added.',
    )
  const eol = eolOf(text)
  const line = `${escapedKey(edit.key)}${signOf(text, pairs)}${escapedValue(value)}`
  const ended = text === '' || /[\r\n]$/.test(text)
  // A last line that goes on nowhere would go on with ours.
  if (!ended && dangling(text))
    throw refused(
      `${placeOf(file, text, text.length)}: its last line ends with a backslash`,
      'Correct it by hand.',
    )
  return [{ from: text.length, to: text.length, text: ended ? `${line}${eol}` : `${eol}${line}` }]
}

function one(text: string, pairs: readonly Pair[], key: string, file: string): Pair | undefined {
  const [found, ...more] = pairs.filter((pair) => pair.key === key)
  if (found !== undefined && more.length > 0)
    throw refused(
      `${file}: "${key}" is there ${more.length + 1} times: ${linesText(
        text,
        [found, ...more].map(({ from }) => from),
      )}`,
      'Take all but one away by hand.',
    )
  return found
}

// As the last pair that has one writes it.
function signOf(text: string, pairs: readonly Pair[]): string {
  const last = pairs.findLast(({ keyTo, valueFrom }) => /[=:]/.test(text.slice(keyTo, valueFrom)))
  const sign = last && text.slice(last.keyTo, last.valueFrom)
  return sign === undefined || /[\r\n\\]/.test(sign) ? '=' : sign.replace(/\s+$/, (blanks) => blanks[0] ?? '')
}

// Whether a line goes on: an odd number of backslashes ends it.
const dangling = (line: string): boolean => (/\\*$/.exec(line)?.[0].length ?? 0) % 2 === 1

const lineAt = /([ \t\f]*)([^\r\n]*)(\r\n|\r|\n|$)/y

/** All pairs, as `java.util.Properties` finds them: comments, lines that go on behind a backslash, the first sign or blank ends a key. */
function pairsOf(text: string, file: string): readonly Pair[] {
  const pairs: Pair[] = []
  let at = text.startsWith('\uFEFF') ? 1 : 0
  while (at < text.length) {
    const from = at
    lineAt.lastIndex = at
    const first = lineAt.exec(text)
    const [, indent = '', body = '', end = ''] = first ?? []
    at = lineAt.lastIndex
    // A backslash alone begins nothing: what follows is a line of its own, a comment even.
    if (body === '' || body === '\\' || /^[#!]/.test(body)) continue
    let valueTo = from + indent.length + body.length
    let ended = end !== ''
    for (let last = body; dangling(last) && at < text.length && ended; ) {
      lineAt.lastIndex = at
      const [, more = '', rest = '', next = ''] = lineAt.exec(text) ?? []
      valueTo = at + more.length + rest.length
      at = lineAt.lastIndex
      ended = next !== ''
      last = rest
    }
    pairs.push(pairAt(text, from, from + indent.length, valueTo, at, file))
  }
  return pairs
}

const keyAt = /(?:\\(?:\r\n|\r|\n)[ \t\f]*|\\[\s\S]|[^\\ \t\f\r\n=:])*/y
const goesOn = String.raw`(?:[ \t\f]|\\(?:\r\n|\r|\n))*`
const signAt = new RegExp(`${goesOn}[=:]?${goesOn}`, 'y')

function pairAt(
  text: string,
  from: number,
  keyFrom: number,
  valueTo: number,
  to: number,
  file: string,
): Pair {
  keyAt.lastIndex = keyFrom
  keyAt.test(text)
  const keyTo = Math.min(keyAt.lastIndex, valueTo)
  signAt.lastIndex = keyTo
  signAt.test(text)
  const valueFrom = Math.min(signAt.lastIndex, valueTo)
  const plain = (start: number, end: number) =>
    unescaped(text.slice(start, end), () => placeOf(file, text, start))
  return {
    key: plain(keyFrom, keyTo),
    value: plain(valueFrom, valueTo),
    from,
    keyTo,
    valueFrom,
    valueTo,
    to,
  }
}

const letters: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' }

function unescaped(text: string, place: () => string): string {
  return text.replace(
    /\\(?:(?:\r\n|\r|\n)[ \t\f]*|u([\da-fA-F]{4})|([\s\S])|$)/g,
    (all, code?: string, sign?: string) => {
      if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16))
      if (sign === 'u')
        throw refused(`${place()}: \\u is not followed by four hexadecimal digits`, 'Correct it by hand.')
      return sign === undefined || /[\r\n]/.test(all) ? '' : (letters[sign] ?? sign)
    },
  )
}

function escapedValue(value: string): string {
  const escaped = value
    .replaceAll('\\', '\\\\')
    .replaceAll('\t', '\\t')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\f', '\\f')
    .replace(/[^ -~]+/g, (signs) => escapeFor('properties', signs))
  return escaped.replace(/^ /, '\\ ')
}

const escapedKey = (key: string): string =>
  escapeFor('properties', key).replace(/[=:]/g, '\\$&').replace(/^[#!]/, '\\$&')

// A reader must find what was set, and all else as it was.
function checked(before: string, after: string, edit: PropertiesEdit, file: string): void {
  if (before === after) return
  const others = (text: string) =>
    JSON.stringify(pairsOf(text, file).flatMap(({ key, value }) => (key === edit.key ? [] : [[key, value]])))
  if (others(before) === others(after)) return
  throw new TypeError(
    `${file}: the edit of "${edit.key}" would change more than it should; nothing was written. This is a defect of this program.`,
  )
}
