import { type Charset, encode } from '../../model/charset.ts'
import { refused } from './splice.ts'

/**
 * The text of bytes. Its byte order mark stays as its first character, so that {@link encode} gives the same bytes again.
 * Throws, with line and column, at bytes that are no character of that charset.
 */
export function decode(bytes: Uint8Array, charset: Charset, file: string): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const text = textOf(buffer, charset)
  const again = encode(text, charset)
  if (buffer.equals(again)) return text
  const at = buffer.findIndex((byte, place) => byte !== again[place])
  const before = textOf(buffer.subarray(0, at < 0 ? again.length : at), charset)
  const line = before.split('\n').length
  const column = before.length - before.lastIndexOf('\n')
  throw refused(
    `${file}:${line}:${column}: not ${charset}: its bytes there are no character`,
    `Say which encoding it has, or put it right by hand.`,
  )
}

/** The charset that a byte order mark names. */
export function markedCharset(bytes: Uint8Array): Charset | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'UTF-8'
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'UTF-16LE'
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'UTF-16BE'
  return undefined
}

const names: Readonly<Record<string, Charset>> = {
  'utf-8': 'UTF-8',
  utf8: 'UTF-8',
  'utf-16le': 'UTF-16LE',
  'utf-16be': 'UTF-16BE',
  'iso-8859-1': 'ISO-8859-1',
  'iso_8859-1': 'ISO-8859-1',
  iso8859_1: 'ISO-8859-1',
  latin1: 'ISO-8859-1',
  'us-ascii': 'US-ASCII',
  ascii: 'US-ASCII',
}

/** The charset of an XML file: by its byte order mark, the two bytes of `<`, what it declares, else UTF-8 (XML 1.0, appendix F). */
export function xmlCharset(bytes: Uint8Array, file: string): Charset {
  const marked = markedCharset(bytes)
  const wide = bytes[0] === 0x3c && bytes[1] === 0 ? 'UTF-16LE' : bytes[0] === 0 ? 'UTF-16BE' : undefined
  const used = marked ?? wide
  const head = textOf(Buffer.from(bytes.subarray(0, 400)), used ?? 'ISO-8859-1')
  const declared = /^\uFEFF?(?:\xef\xbb\xbf)?<\?xml\s[^>]*?\sencoding\s*=\s*(["'])([\w.:-]+)\1/.exec(
    head,
  )?.[2]
  const named = declared === undefined ? undefined : names[declared.toLowerCase()]
  const utf16 = declared?.toLowerCase() === 'utf-16'
  if (declared !== undefined && named === undefined && !utf16)
    throw refused(
      `${file}:1:1: it declares the encoding ${declared}, which is not known here`,
      'Known are UTF-8, UTF-16, ISO-8859-1 and US-ASCII.',
    )
  const fits = used === undefined ? !utf16 : utf16 ? used !== 'UTF-8' : (named ?? used) === used
  if (!fits || (used === undefined && named?.startsWith('UTF-16')))
    throw refused(
      `${file}:1:1: it declares the encoding ${declared}, but its bytes are ${used ?? 'of one byte each'}`,
      'Correct the declaration by hand: a reader would refuse this file.',
    )
  return used ?? named ?? 'UTF-8'
}

function textOf(bytes: Buffer, charset: Charset): string {
  if (charset === 'UTF-8') return bytes.toString('utf8')
  if (charset === 'UTF-16LE') return bytes.toString('utf16le')
  if (charset === 'ISO-8859-1') return bytes.toString('latin1')
  // Node's own ASCII drops the high bit: a byte that has one must not be read as another character.
  if (charset === 'US-ASCII') return bytes.toString('latin1').replace(/[\u0080-\u00ff]/g, '?')
  const even = Buffer.from(bytes.subarray(0, bytes.length - (bytes.length % 2)))
  return even.swap16().toString('utf16le')
}
