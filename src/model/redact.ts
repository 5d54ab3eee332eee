import type { Event } from './event.ts'
import { type Json, stableText } from './json.ts'
import { isSecret } from './secret.ts'
import { formsOf, shortSecret } from './secret-forms.ts'
import type { Failure } from './task-options.ts'

/** Hides secret values in a text. */
export interface Redact {
  (text: string): string
  /** The same for a piece that was cut out of a longer text: the beginning of a secret at its end, or an end at its beginning, goes too. */
  readonly cut?: (text: string) => string
}

/**
 * Replaces secret values in text by `***`, whole and in the forms in which they travel (base64, URL-, XML-, JSON-, TOML-, SQL- and
 * shell-quoted). One of fewer than four characters is replaced where it stands as a word of its own; one of a single character is
 * not, since nothing would be left to read.
 */
export function redactor(values: () => Iterable<string>): Redact {
  let made: { readonly of: readonly string[]; readonly forms: readonly (string | RegExp)[] } = {
    of: [],
    forms: [],
  }
  const forms = () => {
    const all = [...values()]
    if (all.length !== made.of.length || all.some((value, at) => value !== made.of[at]))
      made = { of: all, forms: formsOf(all) }
    return made.forms
  }
  const whole = (text: string) => {
    let out = text
    for (const form of forms()) out = out.replaceAll(form, '***')
    return out
  }
  const cut = (text: string) => {
    const known = forms().filter((form) => typeof form === 'string')
    const first = Math.max(0, ...known.map((form) => overlap(form, text)))
    const rest = text.slice(first)
    const last = Math.max(0, ...known.map((form) => overlap(rest, form)))
    const kept = whole(last === 0 ? rest : rest.slice(0, -last))
    return `${first === 0 ? '' : '***'}${kept}${last === 0 ? '' : '***'}`
  }
  return Object.assign(whole, { cut })
}

/** How many characters the end of the one and the beginning of the other have in common, from four up. */
function overlap(left: string, right: string): number {
  for (let length = Math.min(left.length, right.length); length >= shortSecret; length -= 1)
    if (left.endsWith(right.slice(0, length))) return length
  return 0
}

/** The same value with every text in it redacted; itself, and what is in it, where nothing was. */
export function redactDeep<T>(value: T, redact: (text: string) => string): T {
  if (typeof value === 'string') return redact(value) as T
  if (typeof value !== 'object' || value === null || isSecret(value)) return value
  if (Array.isArray(value)) {
    const items = value.map((item) => redactDeep(item, redact))
    return (items.some((item, at) => item !== value[at]) ? items : value) as T
  }
  const entries = Object.entries(value).map(([key, item]) => [key, redactDeep(item, redact), item] as const)
  return entries.every(([, hidden, item]) => hidden === item)
    ? value
    : (Object.fromEntries(entries.map(([key, hidden]) => [key, hidden])) as T)
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
  const hidden: Record<string, unknown> = {}
  let any = false
  for (const [key, value] of Object.entries(event)) {
    if (exact.has(key)) continue
    const hide = key === 'output' ? unlessOpen(input, redact) : redact
    const shown = key === 'failure' ? redactFailure(value as Failure, redact) : redactDeep(value, hide)
    if (shown === value) continue
    hidden[key] = shown
    any = true
  }
  return any ? ({ ...event, ...hidden } as Event) : event
}

/** What a failure says is redacted; which task failed, and how, stays. */
const redactFailure = ({ message, ...names }: Failure, redact: (text: string) => string): Failure => ({
  ...names,
  message: redact(message),
})

/** Redacts texts but those all of whose secrets stand in the input. */
const unlessOpen =
  (input: Json, redact: (text: string) => string) =>
  (text: string): string => {
    const hidden = redact(text)
    if (hidden === text) return text
    const said = stableText(input) ?? ''
    return hiddenIn(text, hidden).every((secret) => said.includes(secret)) ? text : hidden
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
