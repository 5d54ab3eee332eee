import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { encode } from '../../../src/model/charset.ts'
import { editXml, type XmlEdit } from '../../../src/modules/edit/xml.ts'
import { files as made } from './generated/xml.ts'
import { pythonReaders, type Readers, sample } from './readers.ts'
import { inserted } from './support.ts'

let readers: Readers
beforeAll(() => {
  readers = pythonReaders()
})
afterAll(() => readers.stop())

/** As expat has it: name, attributes, text before the first child, the children with the text behind each. */
type Element = readonly [
  string,
  readonly (readonly [string, string])[],
  string,
  readonly (readonly [Element, string])[],
]
interface Spot {
  readonly path: string
  readonly at: readonly number[]
  readonly element: Element
}

const names = ['carbon', 'axis2', 'registry', 'user-mgt', 'master-datasources', 'api-manager']
const realistic = fc
  .tuple(
    fc.constantFrom(...names),
    fc.constantFrom('UTF-8', 'UTF-16LE', 'UTF-16BE', 'ISO-8859-1'),
    fc.boolean(),
  )
  .map(([name, charset, windows]) => {
    const wide = charset.startsWith('UTF-16')
    const head = `${wide ? '\uFEFF' : ''}<?xml version="1.0" encoding="${wide ? 'UTF-16' : charset}"?>\n`
    const text = head + sample(`${name}.xml`).replace(/^<\?xml.*\?>\n/, '')
    return { text: windows ? text.replaceAll('\n', '\r\n') : text, charset }
  })
const files = fc.oneof({ weight: 2, arbitrary: realistic }, { weight: 1, arbitrary: made })

// The path of each element that a test of an attribute or of a child tells from its neighbours.
function spots([, , , children]: Element, path: string, at: readonly number[]): readonly Spot[] {
  return children.flatMap(([child], n) => {
    const alike = children.filter(([other]) => other[0] === child[0])
    const tests = [
      '',
      ...child[1].map(([name, value]) => (/["{]/.test(name + value) ? '' : `[@${name}="${value}"]`)),
      ...child[3].map(([{ 0: name, 2: text, 3: inner }]) =>
        inner.length > 0 || /["{]/.test(name + text) ? '' : `[${name}="${text}"]`,
      ),
    ]
    const is = (test: string) => (element: Element) =>
      test === '' ||
      element[1].some(([name, value]) => test === `[@${name}="${value}"]`) ||
      element[3].some(([inner]) => test === `[${inner[0]}="${inner[2]}"]`)
    const test = tests.find((each) => alike.filter(([other]) => is(each)(other)).length === 1)
    if (test === undefined) return []
    const own = `${path}${path === '' ? '' : '/'}${child[0]}${test}`
    const place = [...at, n]
    return [{ path: own, at: place, element: child }, ...spots(child, own, place)]
  })
}
type Children = Element[3]
function put(
  element: Element,
  [first, ...rest]: readonly number[],
  change: (children: Children, n: number) => Children,
): Element {
  const [name, attributes, text, children] = element
  if (first === undefined) return element
  if (rest.length === 0) return [name, attributes, text, change(children, first)]
  return [
    name,
    attributes,
    text,
    children.map((each, n) => (n === first ? [put(each[0], rest, change), each[1]] : each)),
  ]
}
const gone: Element = ['', [], '', []]
/** Without the blanks that lay elements out; with `exact` an element without others keeps those that it holds. */
const laid = ([name, attributes, text, children]: Element, exact: boolean): unknown => {
  const kept = children.filter(([child]) => child !== gone)
  const said = [text, ...children.map(([, tail]) => tail)].join('')
  return [
    name,
    attributes,
    exact && children.length === 0 && text.trim() !== '' ? said : said.replaceAll(/\s+/g, ''),
    kept.map(([child]) => laid(child, exact)),
  ]
}
const values = fc
  .string({ unit: 'binary' })
  .map((text) => text.replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, ''))
const comments = (text: string) => text.match(/<!--[\s\S]*?-->/g) ?? []
const runs = 1000

test(`${runs} texts, attributes and elements set, added and removed in generated and realistic XML files are what expat finds, and all other bytes stay`, async () => {
  const done = { text: 0, attribute: 0, 'attribute less': 0, less: 0, append: 0, before: 0, after: 0 }
  await fc.assert(
    fc.asyncProperty(
      files,
      fc.constantFrom(...Object.keys(done)),
      fc.nat(),
      values,
      async ({ text, charset }, op, which, value) => {
        const read = async (source: string) =>
          (await readers.read('xml', encode(source, charset as 'UTF-8'))) as unknown as Element
        const before = await read(text)
        const all = spots(before, '', [])
        const chosen = all[which % Math.max(1, all.length)]
        if (chosen === undefined) return
        const { path, at, element } = chosen
        const edit = (change: XmlEdit) => {
          const edited = String(editXml(text, [change], { charset: charset as 'UTF-8' }))
          expect(editXml(edited, [change], { charset: charset as 'UTF-8' })).toBe(edited)
          return edited
        }
        const outer = path.slice(
          0,
          path.length - (path.split(/\/(?=(?:\{[^}]*\})?[^/{}]+$)/).at(-1) ?? '').length,
        )
        const child = '<zz k="1"><y>é</y></zz>'
        const fresh: Element = ['zz', [['k', '1']], '', [[['y', [], 'é', []], '']]]
        const changes: Readonly<
          Record<string, readonly [XmlEdit, (children: Children, n: number) => Children]>
        > = {
          text: [
            { at: path, text: value },
            (children, n) => children.with(n, [[element[0], element[1], value, []], children[n]?.[1] ?? '']),
          ],
          attribute: [
            { at: path, attribute: 'zz', text: value },
            (children, n) =>
              children.with(n, [
                [
                  element[0],
                  [...element[1], ['zz', value] as const].sort(([a], [b]) => (a < b ? -1 : 1)),
                  element[2],
                  element[3],
                ],
                children[n]?.[1] ?? '',
              ]),
          ],
          'attribute less': [
            { at: path, attribute: element[1][0]?.[0] ?? 'none', remove: true },
            (children, n) =>
              children.with(n, [
                [element[0], element[1].slice(1), element[2], element[3]],
                children[n]?.[1] ?? '',
              ]),
          ],
          less: [
            { at: path, remove: true },
            (children, n) => children.with(n, [gone, children[n]?.[1] ?? '']),
          ],
          append: [
            { at: `${path}/zz`, append: child },
            (children, n) =>
              children.with(n, [
                [element[0], element[1], element[2], [...element[3], [fresh, '']]],
                children[n]?.[1] ?? '',
              ]),
          ],
          before: [
            { at: `${outer}zz`, insert: child, before: path },
            (children, n) => children.toSpliced(n, 0, [fresh, '']),
          ],
          after: [
            { at: `${outer}zz`, insert: child, after: path },
            (children, n) => children.toSpliced(n + 1, 0, [fresh, '']),
          ],
        }
        const [change, expected] = changes[op] as (typeof changes)[string]
        if (op === 'text' && element[3].length > 0) return
        // What tells the element from others must stay, or the path would not name it any more.
        if (op === 'attribute less' && (element[1].length === 0 || path.endsWith(']'))) return
        // Without a namespace of its own the new element is in that of its parent.
        const scope = /^\{.*\}/.exec(before[0])?.[0]
        if (scope !== undefined && ['append', 'before', 'after'].includes(op)) return
        let edited: string
        try {
          edited = edit(change)
        } catch (error) {
          // What tells it from others is what is set, or goes.
          expect(['text', 'append', 'less']).toContain(op)
          expect((error as Error).message).toMatch(
            /would not name it any more|the XML to insert is not what|none is as its tests say/,
          )
          return
        }
        expect(laid(await read(edited), op === 'text')).toEqual(
          laid(put(before, at, expected), op === 'text'),
        )
        const removed = inserted(edited, text)
        if (op === 'less') {
          expect(removed).toBeDefined()
          expect([...comments(edited), ...comments(removed ?? '')].length).toBe(comments(text).length)
        } else {
          expect(comments(edited)).toEqual(comments(text))
          if (op === 'attribute') expect(inserted(text, edited)?.trim()).toMatch(/^zz="[^"]*"$/)
          else if (op !== 'text' && op !== 'attribute less') {
            const ends = text.replaceAll(/\s*\/>/g, '/>')
            expect(
              inserted(text, edited) ??
                inserted(ends.replaceAll('/>', ''), edited.replaceAll(/\s*\/>/g, '')) ??
                'closed itself',
            ).toBeDefined()
          }
        }
        done[op as 'text']++
      },
    ),
    { numRuns: runs * 2 },
  )
  expect(
    Object.values(done).reduce((sum, each) => sum + each, 0),
    JSON.stringify(done),
  ).toBeGreaterThanOrEqual(runs)
})
