import { parseXml, XmlCdata, XmlComment, XmlElement, type XmlNode, XmlText } from '@rgrove/parse-xml'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encode } from '../../../src/model/charset.ts'
import { decode, xmlCharset } from '../../../src/modules/edit/charset.ts'
import { editXml, readXml, type XmlEdit } from '../../../src/modules/edit/xml.ts'
import { files } from './generated/xml.ts'
import { inserted } from './support.ts'

/** What a reader finds, from another parser; `skip` leaves out the text of that element and what stands between elements. */
function view(node: XmlNode, change: (element: XmlElement) => unknown): unknown {
  if (node instanceof XmlElement) {
    const made = change(node)
    if (made !== undefined) return made
    const children = node.children.map((child) => view(child, change)).filter((child) => child !== '')
    const joined: unknown[] = []
    for (const child of children)
      if (typeof child === 'string' && typeof joined.at(-1) === 'string')
        joined.push(`${joined.pop()}${child}`)
      else joined.push(child)
    return [node.name, Object.entries(node.attributes).sort(), joined]
  }
  if (node instanceof XmlComment) return { comment: node.content }
  if (node instanceof XmlText || node instanceof XmlCdata) return node.text
  return {}
}
const seen = (text: string, change: (element: XmlElement) => unknown = () => undefined) => {
  const { root } = parseXml(text, { preserveComments: true })
  return root && view(root, change)
}
const values = fc
  .string({ unit: 'binary' })
  .filter((text) => /^[\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]*$/u.test(text))
const idOf = (path: string) => /e\d+(?=\]$)/.exec(path)?.[0]

test('what is edited in any file is what another reader finds, all other bytes being as they were', () => {
  let edits = 0
  fc.assert(
    fc.property(files, values, fc.nat(), ({ text, paths, charset }, value, which) => {
      const bytes = encode(text, charset)
      expect([xmlCharset(bytes, 'x'), decode(bytes, charset, 'x')]).toEqual([charset, text])
      const at = paths[which % Math.max(1, paths.length)]
      const id = at && idOf(at)
      if (at === undefined) return
      const { root } = parseXml(text, { includeOffsets: true })
      const found = all(root as XmlElement).find((element) => element.attributes['id'] === id) as XmlElement
      const run = (change: XmlEdit): string => {
        edits++
        const edited = String(editXml(text, [change], { charset }))
        expect(editXml(edited, [change], { charset })).toBe(edited)
        expect(decode(encode(edited, charset), charset, 'x')).toBe(edited)
        return edited
      }
      const attribute = run({ at, attribute: 'q', text: value })
      expect(readXml(attribute, `${at}/@q`)).toBe(value)
      const gap = inserted(text, attribute) ?? ''
      expect(gap).toMatch(/^(?: q="[^"]*"|q="[^"]*" )$/)
      expect(run({ at, attribute: 'a', remove: true })).toBe(
        text.slice(0, found.start) +
          text.slice(found.start, found.end).replace(/^(<\S+ id="e\d+")\s+a\s*=\s*('[^']*'|"[^"]*")/, '$1') +
          text.slice(found.end),
      )
      const removed = run({ at, remove: true })
      const line = [text.lastIndexOf('\n', found.start - 1) + 1, text.indexOf('\n', found.end) + 1] as const
      const rest = (from: number, to: number) => text.slice(0, from) + text.slice(to)
      expect([rest(found.start, found.end), rest(...line)]).toContain(removed)
      if (!found.children.some((child) => child instanceof XmlElement)) {
        const set = run({ at, text: value })
        expect(readXml(set, at)).toBe(value)
        expect(set.startsWith(text.slice(0, found.start))).toBe(true)
        expect(set.endsWith(text.slice(found.end))).toBe(true)
        const other = (element: XmlElement) => (element.attributes['id'] === id ? { id } : undefined)
        expect(seen(set, other)).toEqual(seen(text, other))
        expect(set.match(/<!--.*?-->/gs)).toEqual(text.match(/<!--.*?-->/gs))
      }
      for (const change of [
        { at: `${at}/new`, append: '<new>\n<x y="é">é</x>\n</new>' },
        { at: `${at.replace(/[^/]*$/, '')}new[@k=1]`, insert: '<new k="1"/>', after: at },
        { at: `${at.replace(/[^/]*$/, '')}new[@k=1]`, insert: '<new k="1"/>', before: at },
      ] satisfies XmlEdit[]) {
        const more = run(change)
        const without = (element: XmlElement) => (element.name === 'new' ? '' : undefined)
        const plain = (data: unknown) =>
          JSON.stringify(data)
            .replaceAll(/\\n|[ ]/g, '')
            .replaceAll('"",', '')
            .replaceAll(',""', '')
            .replaceAll('""', '')
        expect(plain(seen(more, without))).toBe(plain(seen(text, without)))
        const letters = (part = '') => [...part.replaceAll(/\s/g, '')].sort().join('')
        const made =
          'append' in change
            ? charset === 'US-ASCII'
              ? change.append.replaceAll('é', '&#233;')
              : change.append
            : change.insert
        if (!('append' in change) || !text.slice(found.start, found.end).endsWith('/>'))
          expect(letters(inserted(text, more))).toBe(letters(made))
      }
    }),
    { numRuns: 200 },
  )
  expect(edits).toBeGreaterThan(700)
})

function all(element: XmlElement): readonly XmlElement[] {
  return [element, ...element.children.flatMap((child) => (child instanceof XmlElement ? all(child) : []))]
}

test('an encoding that is not what the bytes are, or that is not known, is refused with the place', () => {
  const head = (name: string) => `<?xml version="1.0" encoding="${name}"?><a/>`
  expect(() => xmlCharset(Buffer.from(head('EBCDIC-CP-US')), 'x.xml')).toThrow(
    /^x\.xml:1:1: it declares the encoding EBCDIC/,
  )
  expect(() => xmlCharset(Buffer.from(head('UTF-16')), 'x.xml')).toThrow(/its bytes are of one byte each/)
  expect(() => xmlCharset(encode(`\uFEFF${head('UTF-8')}`, 'UTF-16LE'), 'x.xml')).toThrow(
    /its bytes are UTF-16LE/,
  )
  expect(() => decode(Buffer.from('<a>\n  \xe9</a>', 'latin1'), 'UTF-8', 'x.xml')).toThrow(
    /^x\.xml:2:3: not UTF-8/,
  )
  expect(() => decode(Buffer.from('<a>\xe9</a>', 'latin1'), 'US-ASCII', 'x.xml')).toThrow(
    /^x\.xml:1:4: not US-ASCII/,
  )
  expect(() => decode(Buffer.from([0x3c, 0, 0x61]), 'UTF-16LE', 'x.xml')).toThrow(/not UTF-16LE/)
  expect(xmlCharset(Buffer.from('<a/>'), 'x')).toBe('UTF-8')
  expect(xmlCharset(encode('<a/>', 'UTF-16BE'), 'x')).toBe('UTF-16BE')
})
