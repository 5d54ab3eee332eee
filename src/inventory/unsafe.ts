import type { Json } from '../model/json.ts'

/** The key that Ansible prints a text of `!unsafe` under, and reads one from in JSON. */
export const unsafeKey = '__ansible_unsafe'

/** The text of a value that was said with `!unsafe`, which never is a template; undefined for any other value. */
export function unsafeText(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, unsafeKey)) return undefined
  const text = (value as Readonly<Record<string, unknown>>)[unsafeKey]
  return typeof text === 'string' && Object.keys(value).length === 1 ? text : undefined
}

/** A value in which what was said with `!unsafe` is text like any other: for whoever resolves no templates. */
export function withoutUnsafe(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value
  const text = unsafeText(value)
  if (text !== undefined) return text
  if (Array.isArray(value)) return value.map((item: Json) => withoutUnsafe(item) ?? null)
  return Object.fromEntries(
    Object.entries(value as Readonly<Record<string, Json>>).map(([key, item]) => [key, withoutUnsafe(item)]),
  )
}
