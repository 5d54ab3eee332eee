import { type Encoding, encoded, isSecret, type Secret, type Text } from '../../model/secret.ts'

/**
 * Secrets on their way through an edit: each is a word of letters and digits that the file does not have, which no format
 * escapes, until the text is done.
 */
export interface Marks {
  /** The text with a mark for each secret. */
  hide(text: Text): string
  /** Whether a text has one. */
  has(text: string): boolean
  /** The text with its secrets again, each to be escaped in that way where it is put in; a string when there are none. */
  restore(text: string, encoding: Encoding): Text
}

/** Marks that do not occur in this file. */
export function marksFor(source: string): Marks {
  const secrets: Secret[] = []
  let word = 'UpgradeFleetSecret'
  for (let n = 0; source.includes(word); n++) word = `UpgradeFleet${n}Secret`
  const mark = new RegExp(`${word}x(\\d+)x`)
  return {
    hide: (text) =>
      (typeof text === 'string' ? [text] : text)
        .map((part) => (isSecret(part) ? `${word}x${secrets.push(part) - 1}x` : part))
        .join(''),
    has: (text) => mark.test(text),
    restore(text, encoding) {
      const parts = text.split(mark)
      if (parts.length === 1) return text
      return parts.flatMap((part, at): (string | Secret)[] => {
        const secret = at % 2 === 1 ? secrets[Number(part)] : undefined
        return secret ? [encoded(encoding, secret)] : part === '' ? [] : [part]
      })
    },
  }
}

/** A value with a mark for each secret in it: plain data. */
export function hideIn(value: unknown, marks: Pick<Marks, 'hide'>): unknown {
  if (isSecret(value)) return marks.hide([value])
  if (Array.isArray(value)) return value.map((each) => hideIn(each, marks))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, hideIn(each, marks)]))
}
