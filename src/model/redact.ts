import { isSecret } from './secret.ts'

/** Replaces secret values in text by `***`, whole and in the forms in which they travel (base64, URL-, XML- and shell-quoted). */
export function redactor(values: () => Iterable<string>): (text: string) => string {
  return (text) => {
    let out = text
    for (const value of values()) {
      if (value.length < 4) continue
      for (const form of forms(value)) out = out.replaceAll(form, '***')
    }
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

function forms(value: string): readonly string[] {
  const xml = value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  const shell = value.replaceAll("'", `'\\''`)
  return [...new Set([value, Buffer.from(value).toString('base64'), encodeURIComponent(value), xml, shell])]
}
