import { isSecret } from './secret.ts'

/** Replaces secret values in text by `***`, whole and in the forms in which they travel (base64, URL-, XML- and shell-quoted). */
export function redactor(values: () => Iterable<string>): (text: string) => string {
  const made = new Map<string, readonly string[]>()
  const knownForms = (value: string): readonly string[] => {
    const known = made.get(value) ?? allForms(value)
    made.set(value, known)
    return known
  }
  return (text) => {
    let out = text
    // The longest first: one secret may begin with another, and its rest is not to be left standing.
    const all = new Set([...values()].flatMap((value) => knownForms(value)))
    for (const form of [...all].sort((a, b) => b.length - a.length)) out = out.replaceAll(form, '***')
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

function allForms(value: string): readonly string[] {
  // Output comes line by line, so a secret of several lines must be known by each of them.
  const lines = value.split(/\r?\n/).filter((line) => line !== value)
  return [value, ...lines].filter((part) => part.length >= 4).flatMap(forms)
}

function forms(value: string): readonly string[] {
  const xml = value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  const shell = value.replaceAll("'", `'\\''`)
  const json = JSON.stringify(value).slice(1, -1)
  const base64 = Buffer.from(value).toString('base64')
  const url = Buffer.from(value).toString('base64url')
  return [...new Set([value, base64, url, encodeURIComponent(value), xml, shell, json])]
}
