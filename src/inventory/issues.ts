import type { z } from 'zod'
import type { Json } from '../model/json.ts'
import { didYouMean } from '../model/nearest.ts'
import type { Secret } from '../model/secret.ts'
import { isEncryptedValue, plainSecret } from '../model/secret-schema.ts'
import { isTelling } from '../model/telling.ts'
import { shown } from './located.ts'

/** One thing that a schema found wrong: where in the value, and `expected ..., got ...`. */
export interface Finding {
  readonly path: readonly PropertyKey[]
  readonly message: string
}

type Issue = z.core.$ZodIssue

/**
 * What is wrong with a value by a schema, in our words. With `named`, a plain text where a secret is expected is the secret of the
 * name that it gives for the place.
 */
export function findings(
  schema: z.ZodType,
  value: Json,
  named?: (path: readonly PropertyKey[]) => Secret,
): { output: unknown } | { wrong: readonly Finding[] } {
  const parsed = schema.safeParse(value, { reportInput: true })
  if (parsed.success) return { output: parsed.data }
  const plain = named === undefined ? [] : plainPaths(parsed.error.issues)
  if (named !== undefined && plain.length > 0) {
    const put = (whole: Json, path: readonly PropertyKey[]) => replaced(whole, path, named(path))
    return findings(schema, plain.reduce(put, value))
  }
  return { wrong: parsed.error.issues.flatMap((issue) => describe(issue, value)) }
}

/** Where a plain text stands and a secret is expected, in alternatives of unions too. */
function plainPaths(issues: readonly Issue[], at: readonly PropertyKey[] = []): readonly PropertyKey[][] {
  return issues.flatMap((issue) => {
    const path = [...at, ...issue.path]
    if (issue.code === 'invalid_union') return issue.errors.flatMap((inner) => plainPaths(inner, path))
    const isPlain = issue.code === 'custom' && issue.params?.['plainSecret'] === plainSecret.plainSecret
    return isPlain ? [path] : []
  })
}

function replaced(whole: Json, [first, ...rest]: readonly PropertyKey[], by: Secret): Json {
  if (first === undefined) return by
  if (Array.isArray(whole))
    return whole.map((item: Json, at) => (at === Number(first) ? replaced(item, rest, by) : item))
  const map = whole as Readonly<Record<string, Json>>
  return { ...map, [String(first)]: replaced(map[String(first)], rest, by) }
}

const encrypted =
  'an encrypted value, and only what the fleet declares as a secret may be one: it would be shown and kept openly (move it out of the vault)'

/** A path as `databases[0].password`. */
export function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`
    return text === '' ? String(part) : `${text}.${String(part)}`
  }, '')
}

function describe(issue: Issue, whole: Json): readonly Finding[] {
  const path = issue.path
  const got = issue.path.reduce<unknown>(
    (at, part) => (at as Record<PropertyKey, unknown> | undefined)?.[part],
    whole,
  )
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...path, key], message: `no such key is known here` }))
  }
  if (issue.code === 'invalid_union' && issue.message.startsWith('Invalid')) {
    const [best] = issue.errors.toSorted((a, b) => distance(a) - distance(b))
    if (best !== undefined && best.length > 0) {
      return best.flatMap((inner) => describe({ ...inner, path: [...path, ...inner.path] } as Issue, whole))
    }
  }
  const message = expectation(issue)
  if (message.includes(', got ')) return [{ path, message }]
  if (isEncryptedValue(got)) return [{ path, message: `${message}, got ${encrypted}` }]
  // What stands under such a name may be a secret in the wrong place.
  if (isTelling(String(path.findLast((part) => typeof part === 'string'))) && typeof got !== 'object')
    return [{ path, message: `${message}, got ${got === undefined ? 'nothing' : `a ${typeof got}`}` }]
  return [{ path, message: `${message}, got ${shown(got)}${hint(issue, message, got)}` }]
}

// The alternative of a union that got furthest, then the one with least wrong.
const distance = (issues: readonly Issue[]) =>
  issues.length - 100 * Math.max(0, ...issues.map((issue) => issue.path.length))

function expectation(issue: Issue): string {
  if (!/^(Invalid|Too|Unrecognized)/.test(issue.message)) {
    return issue.message.startsWith('expected') ? issue.message : `expected ${issue.message}`
  }
  if (issue.code === 'invalid_type') return `expected ${typeNames[issue.expected] ?? issue.expected}`
  if (issue.code === 'invalid_value') {
    const values = issue.values.map((value) => JSON.stringify(value))
    return values.length === 1 ? `expected ${values[0]}` : `expected one of ${values.join(', ')}`
  }
  if (issue.code === 'too_small') return `expected at least ${issue.minimum} ${unit(issue.origin)}`.trimEnd()
  if (issue.code === 'too_big') return `expected at most ${issue.maximum} ${unit(issue.origin)}`.trimEnd()
  if (issue.code === 'invalid_format' && 'prefix' in issue)
    return `expected a text that starts with ${JSON.stringify(issue.prefix)}`
  if (issue.code === 'invalid_format') return `expected text of the form ${issue.pattern ?? issue.format}`
  return `expected another value (${issue.message})`
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  record: 'a map',
}

const unit = (origin: string) => ({ string: 'characters', array: 'items', set: 'items' })[origin] ?? ''

function hint(issue: Issue, message: string, got: unknown): string {
  const wantsText =
    issue.code === 'invalid_type' ? issue.expected === 'string' : /\bversion\b|"/.test(message)
  if ((typeof got === 'number' || typeof got === 'boolean') && wantsText) return ' (quote it)'
  if (issue.code === 'invalid_value' && typeof got === 'string') {
    return didYouMean(got, issue.values.map(String))
  }
  return ''
}
