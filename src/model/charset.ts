/** How a file's characters are written as bytes; names as IANA's. */
export type Charset = 'UTF-8' | 'UTF-16LE' | 'UTF-16BE' | 'ISO-8859-1' | 'US-ASCII'

/** The last character that a charset has. */
export const lastOf = (charset: Charset): number =>
  charset === 'US-ASCII' ? 0x7f : charset === 'ISO-8859-1' ? 0xff : 0x10ffff

/** The offset of the first character that a charset lacks. */
export function lacking(text: string, charset: Charset): number | undefined {
  const last = lastOf(charset)
  for (let at = 0; last < 0x10ffff && at < text.length; at++) if (text.charCodeAt(at) > last) return at
  return undefined
}

/** The bytes of a text. Throws a RangeError at a character that the charset lacks. */
export function encode(text: string, charset: Charset): Buffer {
  if (charset === 'UTF-8') return Buffer.from(text)
  if (charset === 'UTF-16LE') return Buffer.from(text, 'utf16le')
  if (charset === 'UTF-16BE') return Buffer.from(text, 'utf16le').swap16()
  if (lacking(text, charset) !== undefined)
    throw new RangeError(`a character above ${lastOf(charset)} cannot be written in ${charset}`)
  return Buffer.from(text, 'latin1')
}
