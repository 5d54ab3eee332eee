import { encoded, isSecret, type Text } from '../../model/secret.ts'

/** A string as XML content or as an attribute's value between quotes of either kind. */
export function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&apos;')
    .replaceAll('\r', '&#13;')
}

/** Text as XML content; a secret's value is escaped where it is put in. */
export function xmlText(text: Text): Exclude<Text, string> {
  const parts = typeof text === 'string' ? [text] : text
  return parts.map((part) => (isSecret(part) ? encoded('xml', part) : escapeXml(part)))
}

/** As content of an element: only what must be escaped is. A reader would make a line end of a carriage return. */
export const escapeContent = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('\r', '&#13;')

/** As an attribute's value between such quotes; a reader would make blanks of tabs and line ends. */
export const escapeAttribute = (text: string, quote: string): string =>
  escapeContent(text)
    .replaceAll('\t', '&#9;')
    .replaceAll('\n', '&#10;')
    .replaceAll(quote, quote === '"' ? '&quot;' : '&apos;')

/** Characters above the last that an encoding has, as references. */
export const escapeAbove = (text: string, last: number): string =>
  [...text].map((sign) => ((sign.codePointAt(0) ?? 0) > last ? `&#${sign.codePointAt(0)};` : sign)).join('')

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** Content as a reader finds it: line ends made one, references put in. The text must be well-formed. */
export function unescapeXml(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/&(?:#x([\da-fA-F]+)|#(\d+)|(\w+));/g, (all, hex?: string, decimal?: string, name?: string) => {
      if (name !== undefined) return named[name] ?? all
      return String.fromCodePoint(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16))
    })
}

/** An attribute's value as a reader finds it. */
export const unescapeAttribute = (text: string): string => unescapeXml(text.replace(/\r\n|[\r\n\t]/g, ' '))

/** The first sign that no XML file can hold, not even as a reference. */
export const unwritable = (text: string): string | undefined =>
  /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u.exec(text)?.[0]
