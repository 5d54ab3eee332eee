import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { reveal, secret, shownText } from '../../../src/model/secret.ts'
import { type DataEdit, editJson, readJson } from '../../../src/modules/edit/json.ts'
import { pathOf, places, values } from './generated/json.ts'
import { inserted } from './support.ts'

const source = `{
    "name" : "a",
    "on": true, "list": [1, 2],
    "deep": {
        "a.b": {"x":1},
        "none": {},
        "long": [
            { "id": "one", "v": 1 },
            { "id": "two", "v": 2 }
        ]
    }
}
`
const edit = (edits: DataEdit | readonly DataEdit[], text = source) =>
  editJson(text, Array.isArray(edits) ? edits : [edits as DataEdit], 'site.json')
const dos = (text: string) => text.replaceAll('\n', '\r\n')

describe('a JSON file', () => {
  test.each<[string, DataEdit, string, string]>([
    ['a text', { at: 'name', value: 'b"\n' }, '"a"', '"b\\"\\n"'],
    ['an odd key', { at: 'deep."a.b".x', value: null }, '"x":1', '"x":null'],
    ['one of a list', { at: 'deep.long[id=two].v', value: 3 }, '"v": 2', '"v": 3'],
    ['a list', { at: 'list', value: ['x', {}] }, '[1, 2]', '["x", {}]'],
    [
      'one key more',
      { at: 'new', value: { k: [1] }, create: true },
      '        ]\n    }\n',
      '        ]\n    },\n    "new" : {\n        "k" : [\n            1\n        ]\n    }\n',
    ],
    ['one in a line', { at: 'deep."a.b".y', value: 2, create: true }, '"x":1', '"x":1, "y" : 2'],
    [
      'one where none is',
      { at: 'deep.none.y', value: 2, create: true },
      '{}',
      '{\n            "y" : 2\n        }',
    ],
    [
      'one entry more',
      { at: 'deep.long[id=three]', append: { v: 3 } },
      '"v": 2 }',
      '"v": 2 },\n            {\n                "id" : "three",\n                "v" : 3\n            }',
    ],
    [
      'one entry less',
      { at: 'deep.long[id=one]', remove: true },
      '            { "id": "one", "v": 1 },\n',
      '',
    ],
    [
      'the last less',
      { at: 'deep.long[id=two]', remove: true },
      ',\n            { "id": "two", "v": 2 }',
      '',
    ],
    ['one key less in a line', { at: 'on', remove: true }, '"on": true, ', ''],
    ['the last key less', { at: 'deep', remove: true }, source.slice(source.indexOf(',\n    "deep'), -3), ''],
  ])('keeps every other byte when it gets %s', (_, change, old, made) => {
    const edited = String(edit(change))
    expect(edited).toBe(source.replace(old, () => made))
    if (!('remove' in change) || !/\[/.test(change.at)) expect(edit(change, edited)).toBe(edited)
    const windows = `\uFEFF${dos(source)}`
    expect(edit(change, windows)).toBe(windows.replace(dos(old), () => dos(made)))
  })

  test('is left alone where it is so already', () => {
    expect(edit({ at: 'n', value: -0 }, '{"n":0}')).toBe('{"n":0}')
    expect(edit({ at: 'name', value: 'a' }, '{"name":"\\u0061"}')).toBe('{"name":"\\u0061"}')
    expect(edit({ at: 'n', value: 100 }, '{"n":1e2}')).toBe('{"n":1e2}')
    expect(edit({ at: 'n', value: 9007199254740992 }, '{"n":9007199254740993}')).toBe(
      '{"n":9007199254740992}',
    )
    expect(edit({ at: 'deep', append: {} })).toBe(source)
    expect(edit({ at: 'other', remove: true })).toBe(source)
  })

  test.each<[DataEdit, string, RegExp]>([
    [{ at: 'nam', value: 1 }, source, /^site\.json:1:1: "nam" matches nothing: .*did you mean "name"\?/],
    [{ at: 'a', value: 1 }, '{"a": 1,\n "a": 2}', /"a" matches 2: lines 1, 2\n/],
    [{ at: 'a', value: 1 }, '{"a": "secret}', /^site\.json:1:7: not a JSON file: (?!.*secret)/s],
    [{ at: 'a', value: 1 }, '{"a": 1,}', /^site\.json:1:9: /],
    [{ at: 'a', value: 1 }, '// x\n{}', /^site\.json:1:1: /],
    [{ at: 'a', value: 1 }, '{} {}', /^site\.json:1:4: .*something follows/],
    [{ at: 'a', value: 1 }, '', /it ends too early/],
    [{ at: 'a', value: 1 }, '['.repeat(5000), /nested too deeply/],
    [{ at: 'a', value: 1 }, '{"a": "\t"}', /a sign or an escape/],
  ])('is refused: %#', (change, text, message) => {
    expect(() => edit(change, text)).toThrow(message)
  })

  test('holds a secret as what a reader finds', () => {
    const value = 'a"\\\n\u2028é'
    const edited = edit([
      { at: 'name', text: ['<', secret('env:P'), '>'] },
      { at: 'deep.none', append: 1 },
      { at: 'more', append: [secret('env:P')] },
    ])
    expect(shownText(edited)).toContain('"name" : "<***>"')
    expect(JSON.parse(reveal(edited, () => value))).toMatchObject({ name: `<${value}>`, more: [value] })
  })
})

test('what is set, added and removed in any file is what its reader finds, and nothing else is touched', () => {
  let edits = 0
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), values, { maxKeys: 5, noNullPrototype: true }),
      fc.constantFrom(undefined, 0, 1, 2, 4, '\t'),
      fc.constantFrom('\n', '\r\n'),
      values,
      fc.nat(),
      (data, indent, eol, value, which) => {
        const text = JSON.stringify(data, null, indent).replaceAll('\n', eol)
        const all = places(JSON.parse(text)).filter((steps) => !steps.includes('__proto__'))
        const chosen = all[which % Math.max(1, all.length)]
        if (chosen === undefined) return
        edits++
        const at = pathOf(chosen)
        const edited = String(editJson(text, [{ at, value }]))
        expect(readJson(edited, at)).toEqual(JSON.parse(JSON.stringify(value)))
        expect(editJson(edited, [{ at, value }])).toBe(edited)
        const marked = String(editJson(text, [{ at, value: 'MARK' }]))
        const [before = '', after = ''] = marked.split('"MARK"')
        expect([edited.startsWith(before), edited.endsWith(after)]).toEqual([true, true])
        const holder = chosen
          .slice(0, -1)
          .reduce<unknown>((now, step) => (now as Record<string | number, unknown>)[step], data)
        if (Array.isArray(holder)) return
        const fresh = pathOf([...chosen.slice(0, -1), 'new key'])
        const more = String(editJson(text, [{ at: fresh, value, create: true }]))
        expect(inserted(text, more)).toBeDefined()
        expect(editJson(more, [{ at: fresh, remove: true }])).toBe(text)
        expect(readJson(String(editJson(text, [{ at, remove: true }])), at)).toBeUndefined()
      },
    ),
    { numRuns: 1000 },
  )
  expect(edits).toBeGreaterThan(600)
})
