import type { Event } from './event.ts'
import { type Json, stableText } from './json.ts'
import { encodedForms, isSecret } from './secret.ts'
import type { Failure } from './task-options.ts'

/**
 * Replaces secret values in text by `***`, whole and in the forms in which they travel (base64, URL-, XML-, TOML- and
 * shell-quoted). One of fewer than four characters is replaced where it stands as a word of its own; one of a single character is
 * not, since nothing would be left to read.
 */
export function redactor(values: () => Iterable<string>): (text: string) => string {
  let made: { readonly count: number; readonly forms: readonly (string | RegExp)[] } = { count: 0, forms: [] }
  return (text) => {
    const all = [...values()]
    if (all.length !== made.count) made = { count: all.length, forms: formsOf(all) }
    let out = text
    for (const form of made.forms) out = out.replaceAll(form, '***')
    return out
  }
}

/** The same value with every text in it redacted. */
export function redactDeep<T>(value: T, redact: (text: string) => string): T {
  if (typeof value === 'string') return redact(value) as T
  if (typeof value !== 'object' || value === null || isSecret(value)) return value
  if (Array.isArray(value)) return value.map((item) => redactDeep(item, redact)) as T
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, redactDeep(item, redact)])) as T
}

/** What events are found again and undone by. A password that is a word of them (`wso2carbon` in a path) must not change them. */
const exact: ReadonlySet<string> = new Set(
  'type run kind of playbook digest task tasks module input remembered play wave waves gate by result outcome purpose undo host hosts handler handlers notify on block blocks name accepted machines'.split(
    ' ',
  ),
)

/**
 * An event with secret values hidden in what people and machines said. Names, inputs and memories stay as they are: undo and
 * resume go by them, and they hold secrets by name. So does a text of an output whose secrets the task's own input says
 * openly: they are none there, and later tasks read the output.
 */
export function redactEvent(event: Event, redact: (text: string) => string, input: Json): Event {
  const shown: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(event)) {
    const hide = key === 'output' ? unlessOpen(stableText(input) ?? '', redact) : redact
    shown[key] = exact.has(key) ? value : redactDeep(value, hide)
  }
  if (event.type === 'block.failed') shown['failure'] = redactFailure(event.failure, redact)
  return shown as Event
}

/** What a failure says is redacted; which task failed, and how, stays. */
const redactFailure = ({ message, ...names }: Failure, redact: (text: string) => string): Failure => ({
  ...names,
  message: redact(message),
})

/** Redacts texts but those all of whose secrets stand in the input. */
const unlessOpen =
  (input: string, redact: (text: string) => string) =>
  (text: string): string => {
    const hidden = redact(text)
    return hiddenIn(text, hidden).every((secret) => input.includes(secret)) ? text : hidden
  }

/** What a redacted text hides, piece by piece. */
function hiddenIn(text: string, hidden: string): readonly string[] {
  const [first = '', ...rest] = hidden.split('***')
  let from = first.length
  return rest.map((piece, at) => {
    const to = at === rest.length - 1 ? text.length - piece.length : text.indexOf(piece, from + 1)
    const secret = text.slice(from, to)
    from = to + piece.length
    return secret
  })
}

function formsOf(values: readonly string[]): readonly (string | RegExp)[] {
  // Output comes line by line, so a secret of several lines must be known by each of them.
  const parts = values.flatMap((value) => [value, ...value.split(/\r?\n/).filter((line) => line !== value)])
  const long = parts.filter((part) => part.length >= 4).flatMap(forms)
  const short = parts.filter((part) => part.length === 2 || part.length === 3)
  // The longest first: one secret may begin with another, and its rest is not to be left standing.
  return [...[...new Set(long)].sort((a, b) => b.length - a.length), ...[...new Set(short)].map(asWord)]
}

function forms(value: string): readonly string[] {
  const xml = value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  const shell = value.replaceAll("'", `'\\''`)
  const json = JSON.stringify(value).slice(1, -1)
  const base64 = Buffer.from(value).toString('base64')
  const url = Buffer.from(value).toString('base64url')
  return [value, base64, url, encodeURIComponent(value), xml, shell, json, ...encodedForms(value)]
}

const asWord = (value: string): RegExp =>
  new RegExp(`(?<![\\p{L}\\p{N}])${value.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')}(?![\\p{L}\\p{N}])`, 'gu')
