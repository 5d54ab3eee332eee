import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { reveal, secret, shownText } from '../../../src/model/secret.ts'
import type { DataEdit } from '../../../src/modules/edit/json.ts'
import { editYaml, readYaml } from '../../../src/modules/edit/yaml.ts'
import { files, pathOf, values } from './generated/yaml.ts'
import { inserted } from './support.ts'

const source = `# as shipped
migrationEnable: "false"   # on or off
currentVersion: '5.x.x'
plain: some text
odd: yes
number: 012
none:
text: |
  first
  second

shared: &all
  a: 1
versions:
  -
    version: "5.3.0"
    migratorConfigs:
      -
        name: "SchemaMigrator" # first
        order: 1
        parameters:
          location: "step1"
      # about the next
      -
        name: "ChallengeQuestionDataMigrator"
        order: 6
  - version: "5.7.0"
    migratorConfigs:
      - {name: "OAuthDataMigrator", order: 2}
      - {name: "Other", "order": 3,}
uses: *all
list:
- a   # one
- b
`
const edit = (edits: DataEdit | readonly DataEdit[], text = source) =>
  editYaml(text, Array.isArray(edits) ? edits : [edits as DataEdit], 'migration-config.yaml')
const dos = (text: string) => text.replaceAll('\n', '\r\n')

describe('a YAML file', () => {
  test.each<[string, DataEdit, string, string]>([
    ['text in double quotes', { at: 'migrationEnable', value: 'true' }, '"false"', '"true"'],
    ['text in single quotes', { at: 'currentVersion', value: "5.2'0" }, `'5.x.x'`, `'5.2''0'`],
    ['a plain text', { at: 'plain', value: 'other words' }, 'some text', 'other words'],
    ['a plain text that another version reads otherwise', { at: 'plain', value: 'no' }, 'some text', '"no"'],
    [
      'one that another version reads otherwise already',
      { at: 'odd', value: 'yes' },
      'odd: yes',
      'odd: "yes"',
    ],
    ['a number', { at: 'number', value: 9 }, '012', '9'],
    ['what has no value', { at: 'none', value: true }, 'none:', 'none: true'],
    ['lines', { at: 'text', value: 'one\n' }, '|\n  first\n  second\n', '"one\\n"\n'],
    [
      'one chosen by its keys',
      { at: 'versions[version=5.3.0].migratorConfigs[name=SchemaMigrator].order', value: 3 },
      'order: 1',
      'order: 3',
    ],
    ['one between braces', { at: 'versions[1].migratorConfigs[0].order', value: 7 }, 'order: 2', 'order: 7'],
    ['an alias', { at: 'uses', value: 1 }, '*all', '1'],
    ['an entry', { at: 'list[0]', value: 'c' }, '- a ', '- c '],
    [
      'a whole between braces',
      { at: 'versions[1].migratorConfigs[0]', value: { a: ['x'] } },
      '{name: "OAuthDataMigrator", order: 2}',
      '{a: ["x"]}',
    ],
  ])('keeps every other byte when it sets %s', (_, change, old, made) => {
    const edited = String(edit(change))
    expect(edited).toBe(source.replace(old, () => made))
    expect(edit(change, edited)).toBe(edited)
    const windows = `\uFEFF${dos(source)}`
    expect(edit(change, windows)).toBe(windows.replace(dos(old), () => dos(made)))
  })

  test.each<[string, DataEdit]>([
    ['other quotes', { at: 'currentVersion', value: '5.x.x' }],
    ['none at all', { at: 'plain', value: 'some text' }],
    ['lines', { at: 'text', value: 'first\nsecond\n' }],
    ['a whole', { at: 'versions[1].migratorConfigs[1]', value: { order: 3, name: 'Other' } }],
    ['what is not there', { at: 'versions[0].migratorConfigs[name=X]', remove: true }],
    ['an entry that is there', { at: 'versions[version=5.7.0]', append: { migratorConfigs: [] } }],
  ])('is left alone where it is so already: %s', (_, change) => {
    expect(edit(change)).toBe(source)
  })

  test.each<[string, DataEdit, string, string]>([
    ['a key', { at: 'batchUpdate', value: 'true', create: true }, '- b\n', '- b\nbatchUpdate: "true"\n'],
    [
      'a key in a list',
      { at: 'versions[0].flag', value: false, create: true },
      'order: 6\n',
      'order: 6\n    flag: false\n',
    ],
    [
      'keys in keys',
      { at: 'versions[0].migratorConfigs[0].more.deep.x', value: 'y z', create: true },
      '"step1"\n',
      '"step1"\n        more:\n          deep:\n            x: y z\n',
    ],
    [
      'a key between braces',
      { at: 'versions[1].migratorConfigs[0].flag', value: 'a', create: true },
      'order: 2}',
      'order: 2, flag: "a"}',
    ],
    [
      'an entry',
      { at: 'versions[version="5.9.0"]', append: { migratorConfigs: [{ name: 'X', order: 1 }] } },
      '3,}\n',
      '3,}\n  - version: "5.9.0"\n    migratorConfigs: [{name: "X", order: 1}]\n',
    ],
    ['a map', { at: 'fresh', append: { a: { b: 1 } } }, '- b\n', '- b\nfresh:\n  a:\n    b: 1\n'],
  ])('gets %s', (_, change, old, made) => {
    const edited = String(edit(change))
    expect(edited).toBe(source.replace(old, () => made))
    expect(edit(change, edited)).toBe(edited)
    const windows = dos(source)
    expect(edit(change, windows)).toBe(windows.replace(dos(old), () => dos(made)))
  })

  test.each<[string, DataEdit, string, string]>([
    [
      'a key with its comment',
      { at: 'migrationEnable', remove: true },
      'migrationEnable: "false"   # on or off\n',
      '',
    ],
    ['lines', { at: 'text', remove: true }, 'text: |\n  first\n  second\n', ''],
    ['a key without a value', { at: 'none', remove: true }, 'none:\n', ''],
    [
      'an entry by its name',
      { at: 'versions[0].migratorConfigs[name=ChallengeQuestionDataMigrator]', remove: true },
      '      -\n        name: "ChallengeQuestionDataMigrator"\n        order: 6\n',
      '',
    ],
    ['a key right behind a dash', { at: 'versions[1].version', remove: true }, 'version: "5.7.0"\n    ', ''],
    ['an entry of a list at the left', { at: 'list[0]', remove: true }, '- a   # one\n', ''],
    [
      'between braces',
      { at: 'versions[1].migratorConfigs[0].name', remove: true },
      'name: "OAuthDataMigrator", ',
      '',
    ],
    [
      'the last between braces',
      { at: 'versions[1].migratorConfigs[1].order', remove: true },
      ' "order": 3,',
      '',
    ],
    [
      'the only key of a map',
      { at: 'versions[0].migratorConfigs[0].parameters.location', remove: true },
      ' location: "step1"',
      '  {}',
    ],
  ])('loses %s', (_, change, old, made) => {
    const edited = String(edit(change))
    expect(edited).toBe(source.replace(old, () => made))
    const windows = dos(source)
    expect(edit(change, windows)).toBe(windows.replace(dos(old), () => dos(made)))
  })

  test('keeps a list that lost its only entry a list', () => {
    expect(edit({ at: 'a[0]', remove: true }, 'a:\n- x\nb: 1\n')).toBe('a:\n []\nb: 1\n')
    expect(edit({ at: 'a[0]', remove: true }, 'a:\n  - x # c\n')).toBe('a:\n   [] # c\n')
    expect(edit({ at: 'a.b', remove: true }, 'a:\n  b: |\n    x\nc: 1\n')).toBe('a:\n   {}\nc: 1\n')
    expect(edit({ at: 'a', remove: true }, 'a: 1\n')).toBe('{}\n')
  })

  test.each<[DataEdit, RegExp]>([
    [
      { at: 'migrateEnable', value: 1 },
      /^migration-config\.yaml:2:1: .*there is no "migrateEnable" here; did you mean "migrationEnable"\?/,
    ],
    [{ at: 'versions[version=5.4.0].x', value: 1 }, /15:3: .*none of the 2 entries is \[version=5\.4\.0\]/],
    [{ at: 'plain.x', value: 1, create: true }, /4:8: .*here is a value/],
    [{ at: 'uses.a', value: 1 }, /here is a value/],
    [{ at: 'shared.a', value: 2 }, /13:3: "shared\.a" is in what &all names, which line 31 uses too/],
    [{ at: 'shared', remove: true }, /&all names/],
    [{ at: 'versions', value: [] }, /list over lines cannot be replaced/],
    [{ at: 'versions[0]', value: {} }, /map over lines cannot be replaced/],
  ])('is refused: %j', (change, message) => {
    expect(() => edit(change)).toThrow(message)
  })

  test.each([
    ['a: 1\na: 2\n', /x\.yaml:2:1: not a YAML file: Map keys must be unique/],
    ['a: "secret\n', /^x\.yaml:\d+:\d+: not a YAML file: (?!.*secret)/s],
    ['a: 1\n---\nb: 2\n', /multiple documents/],
    ['a: !x 1\n', /has a tag/],
    ['a: *b\n', /nresolved alias/],
  ])('is refused when it is %j', (text, message) => {
    expect(() => editYaml(text, [{ at: 'a', value: 'n' }], 'x.yaml')).toThrow(message)
  })

  test('holds a secret as what a reader finds', () => {
    const value = `a"b'c\\d\n\u0085é: #\u{1F600} `
    const edited = edit([
      { at: 'currentVersion', text: ['<', secret('env:P'), ">'"] },
      { at: 'plain', value: secret('env:P') },
      { at: 'new', append: { key: [secret('env:P')] } },
    ])
    expect(shownText(edited)).toContain(`currentVersion: "<***>'"\nplain: "***"\n`)
    expect(parse(reveal(edited, () => value))).toMatchObject({
      currentVersion: `<${value}>'`,
      plain: value,
      new: { key: [value] },
    })
  })

  test('that is empty gets its first key', () => {
    expect(edit({ at: 'a.b', value: 1, create: true }, '')).toBe('a:\n  b: 1\n')
    expect(edit({ at: 'a', value: 1, create: true }, '# c')).toBe('# c\na: 1\n')
    expect(edit({ at: 'b', value: 1, create: true }, 'a: 1')).toBe('a: 1\nb: 1')
    expect(edit({ at: 'b', value: 1, create: true }, '{}')).toBe('{b: 1}')
  })
})

test('what is set in any file is what its reader finds, and nothing else is touched', () => {
  let edits = 0
  fc.assert(
    fc.property(files, values, fc.nat(), ({ pieces, text }, value, which) => {
      const leaves = pieces.flatMap(({ at }, n) => (at === undefined ? [] : [{ at, n }]))
      const chosen = leaves[which % Math.max(1, leaves.length)]
      if (chosen === undefined) return
      const change: DataEdit = { at: pathOf(chosen.at), value }
      const edited = String(editYaml(text, [change]))
      const before = pieces
        .slice(0, chosen.n)
        .map((piece) => piece.text)
        .join('')
      const after = pieces
        .slice(chosen.n + 1)
        .map((piece) => piece.text)
        .join('')
      expect([edited.startsWith(before), edited.endsWith(after)]).toEqual([true, true])
      expect(readYaml(edited, change.at)).toEqual(value)
      expect(editYaml(edited, [change])).toBe(edited)
      edits++
    }),
    { numRuns: 150 },
  )
  expect(edits).toBeGreaterThan(130)
})

test('what is added to any file is inserted, and can be taken away again', () => {
  fc.assert(
    fc.property(files, values, fc.nat(), ({ pieces, text }, value, which) => {
      const maps = pieces.flatMap(({ at }) =>
        at === undefined
          ? []
          : [
              at.slice(
                0,
                at.findLastIndex((step) => typeof step === 'string'),
              ),
            ],
      )
      const map = maps[which % Math.max(1, maps.length)] ?? []
      const at = pathOf([...map, 'new'])
      const edited = String(editYaml(text, [{ at, value, create: true }]))
      expect(inserted(text, edited)).toBeDefined()
      expect(readYaml(edited, at)).toEqual(value)
      expect(editYaml(edited, [{ at, value, create: true }])).toBe(edited)
      const back = String(editYaml(edited, [{ at, remove: true }]))
      expect(back.trimEnd()).toBe(text.trimEnd())
    }),
    { numRuns: 100 },
  )
})

test('blank lines behind what is removed do not become part of a text that keeps all of its lines', () => {
  const text = 'k0:\n  - k0: |+\n      keep\n\nk1: plain\n\nk2: plain\n'
  expect(editYaml(text, [{ at: 'k1', remove: true }])).toEqual('k0:\n  - k0: |+\n      keep\n\nk2: plain\n')
  const clipped = 'k0: |\n  a\nk1: plain\n\nk2: plain\n'
  expect(editYaml(clipped, [{ at: 'k1', remove: true }])).toEqual('k0: |\n  a\n\nk2: plain\n')
})

test('what is removed from any file is gone, and the rest says what it said', () => {
  fc.assert(
    fc.property(files, fc.nat(), ({ pieces, text }, which) => {
      const leaves = pieces.flatMap(({ at }) => (at === undefined ? [] : [at]))
      const chosen = leaves[which % Math.max(1, leaves.length)]
      if (chosen === undefined) return
      const at = pathOf(chosen.slice(0, 1 + (which % chosen.length)))
      const edited = String(editYaml(text, [{ at, remove: true }]))
      expect(edited.length).toBeLessThan(text.length + 3)
      const end = chosen[which % chosen.length]
      if (typeof end === 'string') expect(readYaml(edited, at)).toBeUndefined()
    }),
    { numRuns: 100 },
  )
})
