import type { Json } from '../model/json.ts'
import { isForbidden } from './located.ts'

/**
 * What Python's `ast.literal_eval` makes of a text: numbers, quoted texts, True, False, None, lists, tuples and dicts. Undefined
 * when it is none of these; Ansible then takes the text as it stands.
 */
export function pythonLiteral(text: string): Json | undefined {
  const at: Cursor = { text, index: 0 }
  const first = literal(at)
  if (first === undefined) return undefined
  blanks(at)
  const value = at.text.charAt(at.index) === ',' ? bareTuple(at, first) : first
  if (value === undefined) return undefined
  blanks(at)
  const rest = text.slice(at.index)
  return rest === '' || rest.startsWith('#') ? value : undefined
}

interface Cursor {
  readonly text: string
  index: number
}

const word = /(True|False|None)(?!\w)/y
const number =
  /0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|(?:(?:\d(?:_?\d)*)?\.\d(?:_?\d)*|\d(?:_?\d)*\.?)(?:[eE][-+]?\d(?:_?\d)*)?/y
const quoted = /([bB][rR]?|[rR][bB]?|[uU]?)('''|"""|'|")/y

function literal(at: Cursor): Json | undefined {
  blanks(at)
  const name = eat(at, word)?.[1]
  if (name !== undefined) return name === 'None' ? null : name === 'True'
  const sign = eat(at, /[-+] */y)?.[0]
  if (sign !== undefined && eat(at, /\(/y)) {
    const inner = literal(at)
    blanks(at)
    if (typeof inner !== 'number' || !eat(at, /\)/y)) return undefined
    return sign.startsWith('-') ? 0 - inner : inner
  }
  const digits = eat(at, number)?.[0]
  if (digits !== undefined) return numeric(digits, sign)
  if (sign !== undefined) return undefined
  if (quoted.test(at.text.slice(at.index, at.index + 5)) || /["']/.test(at.text.charAt(at.index)))
    return strings(at)
  quoted.lastIndex = 0
  if (eat(at, /\[/y)) return items(at, ']')
  if (eat(at, /\(/y)) return tuple(at)
  if (eat(at, /\{/y)) return dict(at)
  return undefined
}

function eat(at: Cursor, pattern: RegExp): RegExpExecArray | undefined {
  pattern.lastIndex = at.index
  const found = pattern.exec(at.text)
  if (found === null) return undefined
  at.index = pattern.lastIndex
  return found
}

const blanks = (at: Cursor) => void eat(at, /[ \t\f]*/y)

// `0644` is no number in Python, and neither is `1a`. What JavaScript cannot hold exactly stays text.
function numeric(digits: string, sign: string | undefined): number | undefined {
  const plain = digits.replaceAll('_', '')
  if (/^0\d*[1-9]\d*$/.test(plain)) return undefined
  const value = Number(plain) * (sign?.startsWith('-') ? -1 : 1) + 0
  return Number.isFinite(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER ? value : undefined
}

// Neighbouring strings are one.
function strings(at: Cursor): string | undefined {
  let value: string | undefined
  for (let open = eat(at, quoted); open !== undefined; open = eat(at, quoted)) {
    const [, prefix = '', quote = ''] = open
    const end = closing(at, quote)
    if (end < 0) return undefined
    const raw = at.text.slice(at.index, end)
    value = (value ?? '') + (/r/i.test(prefix) ? raw : unescaped(raw))
    at.index = end + quote.length
    blanks(at)
  }
  return value
}

function closing(at: Cursor, quote: string): number {
  for (let index = at.index; index < at.text.length; index++) {
    if (at.text.charAt(index) === '\\') index++
    else if (at.text.startsWith(quote, index)) return index
  }
  return -1
}

const escapes: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\n': '',
}

const unescaped = (raw: string) =>
  raw.replace(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3})|(.))/gs,
    (whole, x?: string, u?: string, long?: string, octal?: string, char?: string) => {
      const hex = x ?? u ?? long
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16))
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8))
      if (char === undefined) return whole
      return escapes[char] ?? (/["'\\]/.test(char) ? char : whole)
    },
  )

function items(at: Cursor, close: ']' | ')'): Json[] | undefined {
  const list: Json[] = []
  for (;;) {
    blanks(at)
    if (eat(at, close === ']' ? /\]/y : /\)/y)) return list
    const value = literal(at)
    if (value === undefined) return undefined
    list.push(value)
    blanks(at)
    if (!eat(at, /,/y) && at.text.charAt(at.index) !== close) return undefined
  }
}

// `(1)` is 1, `(1,)` and `()` are tuples.
function tuple(at: Cursor): Json | undefined {
  const start = at.index
  const list = items(at, ')')
  const single = list?.length === 1 && !/,\s*\)$/.test(at.text.slice(start, at.index))
  return single ? list[0] : list
}

// `1, 2` is a tuple without its parentheses.
function bareTuple(at: Cursor, first: Json): Json | undefined {
  const list = [first]
  while (eat(at, /,/y)) {
    blanks(at)
    if (at.index >= at.text.length || at.text.charAt(at.index) === '#') return list
    const value = literal(at)
    if (value === undefined) return undefined
    list.push(value)
    blanks(at)
  }
  return list
}

function dict(at: Cursor): Json | undefined {
  const entries: [string, Json][] = []
  for (;;) {
    blanks(at)
    if (eat(at, /\}/y)) return Object.fromEntries(entries)
    const key = literal(at)
    blanks(at)
    if (key === undefined || typeof key === 'object' || !eat(at, /:/y)) return undefined
    if (isForbidden(String(key))) return undefined
    const value = literal(at)
    if (value === undefined) return undefined
    entries.push([String(key), value])
    blanks(at)
    if (!eat(at, /,/y) && at.text.charAt(at.index) !== '}') return undefined
  }
}
