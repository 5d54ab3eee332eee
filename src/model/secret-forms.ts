import { sanitize } from './sanitize.ts'
import { encodedForms } from './secret.ts'

/** A secret shorter than this is hidden only where it stands as a word of its own: it is part of too many words. */
export const shortSecret = 4

/** So many characters of base64 are no accident any more. */
const tellingBase64 = 8

/**
 * All texts in which one of these values shows: itself, each line of it, and how base64, URLs, XML, JSON, TOML, SQL, shells and our
 * own logs write it; the longest first. Values of one character are left out, since nothing would be left to read.
 */
export function formsOf(values: Iterable<string>): readonly (string | RegExp)[] {
  // Output comes line by line, so a secret of several lines must be known by each of them.
  const parts = [...values].flatMap((value) => [
    value,
    ...value.split(/\r?\n/).filter((line) => line !== value),
  ])
  const long = parts.filter((part) => part.length >= shortSecret)
  const all = long.flatMap((part) => forms(part).map((form) => ({ form, length: lengthOf(form, part) })))
  const short = parts.filter((part) => part.length > 1 && part.length < shortSecret)
  // The longest first: one secret may begin with another, and its rest is not to be left standing.
  return [
    ...new Set(all.sort((a, b) => b.length - a.length).map(({ form }) => form)),
    ...[...new Set(short)].map(asWord),
  ]
}

const lengthOf = (form: string | RegExp, value: string): number =>
  typeof form === 'string' ? form.length : value.length

function forms(value: string): readonly (string | RegExp)[] {
  const written = [value, ...encodedForms(value), ...encodedForms(value).flatMap(encodedForms)]
  return [...new Set([...written, sanitize(value), ...base64(value)]), ...escaped(value)]
}

const named: Readonly<Record<string, readonly string[]>> = {
  '&': ['&amp;'],
  '<': ['&lt;'],
  '>': ['&gt;'],
  '"': ['&quot;'],
  // SQL doubles it; shells end their quotes for it.
  "'": ["''", "'\\''", `'"'"'`, '&apos;'],
  ' ': ['+'],
  '\n': ['\\n'],
  '\r': ['\\r'],
  '\t': ['\\t'],
  '\b': ['\\b'],
  '\f': ['\\f'],
  '\u001b': ['\\e', '\\E'],
}

/** More of these in one value could be divided among their doubles in too many ways. */
const mostDoubled = 12

/**
 * The value with each sign as it is or as URLs, XML, JSON, SQL or a shell write it, whichever of them they leave alone; nothing
 * for a value that all of them leave alone.
 */
function escaped(value: string): readonly RegExp[] {
  if (/^[\w.-]*$/.test(value) || (value.match(/[\\']/g)?.length ?? 0) > mostDoubled) return []
  return [new RegExp([...value].map(anyOf).join(''), 'g')]
}

function anyOf(sign: string): string {
  if (/[\w.-]/.test(sign)) return literal(sign)
  const bytes = [...Buffer.from(sign)]
  const code = (sign.codePointAt(0) ?? 0).toString(16)
  const units = Array.from({ length: sign.length }, (_, at) =>
    sign.charCodeAt(at).toString(16).padStart(4, '0'),
  )
  const ways = [
    ...(named[sign] ?? []).map(literal),
    literal(`\\${sign}`),
    bytes.map((byte) => `%${anyCase(hex(byte))}`).join(''),
    bytes.map((byte) => `\\\\x${anyCase(hex(byte))}`).join(''),
    bytes.map((byte) => `\\\\0?${byte.toString(8).padStart(3, '0')}`).join(''),
    units.map((unit) => `\\\\u${anyCase(unit)}`).join(''),
    `&#0*${sign.codePointAt(0)};`,
    `&#[xX]0*${anyCase(code)};`,
    literal(sign),
  ]
  return `(?:${ways.join('|')})`
}

const hex = (byte: number): string => byte.toString(16).padStart(2, '0')

const anyCase = (digits: string): string =>
  digits.replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`)

/** As a whole, and as it shows in the middle of a longer text that was encoded (`user:password`): at each of three places of a group. */
function base64(value: string): readonly string[] {
  const bytes = Buffer.from(value)
  const inner = [0, 1, 2].flatMap((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64')
    const whole = Math.floor(((before + bytes.length) * 8) / 6)
    const part = text.slice(Math.ceil((before * 8) / 6), whole)
    return part.length >= tellingBase64 ? [part] : []
  })
  const all = [bytes.toString('base64'), ...inner]
  return [...all, bytes.toString('base64url'), ...inner.map(urlSafe)]
}

const urlSafe = (text: string): string => text.replaceAll('+', '-').replaceAll('/', '_')

const literal = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')

const asWord = (value: string): RegExp =>
  new RegExp(`(?<![\\p{L}\\p{N}])${literal(value)}(?![\\p{L}\\p{N}])`, 'gu')
