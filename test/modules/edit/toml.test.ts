import fc from 'fast-check'
import { parse } from 'smol-toml'
import { describe, expect, test } from 'vitest'
import { reveal, secret, shownText } from '../../../src/model/secret.ts'
import { editToml, readToml, type TomlEdit } from '../../../src/modules/edit/toml.ts'
import { files, pathOf, values } from './generated/toml.ts'
import { inserted } from './support.ts'

const source = `# deployment
title = 'x' # what it is

[server]
hostname = "localhost"
  node_ip="127.0.0.1"   # mine
#offset = 1
base_path = """\\
   https://\${carbon.host} # no comment
   """

# The database
[database.apim_db]
type = "h2"
url = "jdbc:h2:a;b=c" # 'quoted' "here"
pool_options.maxActive = 50
pool_options."a.b" = true

[[apim.gateway.environment]]
name = "Production and Sandbox"
type = "hybrid"
[apim.gateway.environment.more]
x = 1

[[apim.gateway.environment]]
name = 'Other'
endpoints = [
  "http://a", # first
  "https://b"  # last
]

[apim.cors]
allow = { origins = ["*"], methods = { get = true } }
`
const edit = (edits: TomlEdit | readonly TomlEdit[], text = source) =>
  editToml(text, Array.isArray(edits) ? edits : [edits as TomlEdit], 'deployment.toml')
const cases: readonly [string, TomlEdit, string | RegExp, string][] = [
  ['a string', { at: 'server.hostname', value: 'gw-1' }, '"localhost"', '"gw-1"'],
  ['a key of the root', { at: 'title', value: 'a "b"\n' }, `'x'`, '"a \\"b\\"\\n"'],
  ['one of several lines', { at: 'server.base_path', value: 1 }, /"""[\s\S]*?"""/, '1'],
  ['a dotted key', { at: 'database.apim_db.pool_options.maxActive', value: 5 }, '= 50', '= 5'],
  ['an odd key', { at: 'database.apim_db.pool_options."a.b"', value: false }, 'b" = true', 'b" = false'],
  [
    'one in a list of tables',
    { at: 'apim.gateway.environment[name=Other].name', value: 'X' },
    `'Other'`,
    '"X"',
  ],
  ['one by its place', { at: 'apim.gateway.environment[0].type', value: 'y' }, '"hybrid"', '"y"'],
  ['under a list of tables', { at: 'apim.gateway.environment[0].more.x', value: 2 }, 'x = 1', 'x = 2'],
  [
    'an entry of a list',
    { at: 'apim.gateway.environment[1].endpoints[1]', value: 'c' },
    '"https://b"',
    '"c"',
  ],
  ['one between braces', { at: 'apim.cors.allow.methods.get', value: false }, 'get = true', 'get = false'],
  ['a list', { at: 'apim.cors.allow.origins', value: ['a', { b: 1 }] }, '["*"]', '["a", { b = 1 }]'],
]

describe('a TOML file', () => {
  test.each(cases)('keeps every other byte when it sets %s', (_, change, old, made) => {
    const edited = String(edit(change))
    expect(edited).toBe(source.replace(old, () => made))
    expect(edit(change.at.includes('Other') ? [] : change, edited)).toBe(edited)
    const windows = `\uFEFF${source.replaceAll('\n', '\r\n')}`
    expect(edit(change, windows)).toBe(windows.replace(old, () => made))
  })

  test.each<[string, TomlEdit]>([
    ['\'x\' for "x"', { at: 'title', value: 'x' }],
    ['the folded lines', { at: 'server.base_path', value: `https://\${carbon.host} # no comment\n   ` }],
    ['a list over lines', { at: 'apim.gateway.environment[1].endpoints', value: ['http://a', 'https://b'] }],
    ['a table between braces', { at: 'apim.cors.allow', value: { methods: { get: true }, origins: ['*'] } }],
    ['what is not there', { at: 'server.offset', remove: true }],
    ['a table that is there', { at: 'database.apim_db', append: { type: 'mysql' } }],
    ['one of a list', { at: 'apim.gateway.environment[name=Other]', append: { type: 'x' } }],
  ])('is left alone where it is so already: %s', (_, change) => {
    expect(edit(change)).toBe(source)
  })

  test.each<[string, TomlEdit, string, string]>([
    ['a pair', { at: 'server.offset', value: 3, create: true }, '   """\n', '   """\noffset = 3\n'],
    ['in the root', { at: 'mode', value: 'x', create: true }, 'it is\n', 'it is\nmode = "x"\n'],
    [
      'a dotted one',
      { at: 'database.apim_db.pool_options.x', value: 1, create: true },
      '"a.b" = true\n',
      '"a.b" = true\npool_options.x = 1\n',
    ],
    [
      'between braces',
      { at: 'apim.cors.allow.methods.put', value: true, create: true },
      'get = true }',
      'get = true, put = true }',
    ],
    [
      'into one of a list of tables',
      { at: 'apim.gateway.environment[0].url', value: 'u', create: true },
      'type = "hybrid"\n',
      'type = "hybrid"\nurl = "u"\n',
    ],
    [
      'a table under one of a list',
      { at: 'apim.gateway.environment[0].extra.y', value: 2, create: true },
      'x = 1\n',
      'x = 1\n\n[apim.gateway.environment.extra]\ny = 2\n',
    ],
    [
      'one more of a list',
      { at: 'apim.gateway.environment[name=New]', append: { type: 'z', a: { b: [1] } } },
      '# last\n]\n',
      '# last\n]\n\n[[apim.gateway.environment]]\nname = "New"\ntype = "z"\na = { b = [1] }\n',
    ],
    [
      'a table',
      { at: 'indexing.re_indexing', value: 1, create: true },
      '= true } }\n',
      '= true } }\n\n[indexing]\nre_indexing = 1\n',
    ],
    ['a table that heads imply', { at: 'database', append: { x: 1 } }, 'x', 'x'],
    [
      'a list of tables',
      { at: 'event_handler[name="a b"]', append: { on: true } },
      '= true } }\n',
      '= true } }\n\n[[event_handler]]\nname = "a b"\non = true\n',
    ],
  ])('gets %s', (_, change, old, made) => {
    const edited = String(edit(change))
    expect(edited).toBe(source.replace(old, () => made))
    expect(edit(change, edited)).toBe(edited)
    const windows = source.replaceAll('\n', '\r\n')
    const dos = (text: string) => text.replaceAll('\n', '\r\n')
    expect(edit(change, windows)).toBe(windows.replace(dos(old), () => dos(made)))
  })

  test.each<[string, TomlEdit, string | RegExp, string]>([
    [
      'a pair with its comment',
      { at: 'server.node_ip', remove: true },
      '  node_ip="127.0.0.1"   # mine\n',
      '',
    ],
    ['several lines', { at: 'server.base_path', remove: true }, /base_path[\s\S]*?\n {3}"""\n/, ''],
    [
      'an entry of a list',
      { at: 'apim.gateway.environment[1].endpoints[0]', remove: true },
      '  "http://a", # first\n',
      '',
    ],
    ['between braces', { at: 'apim.cors.allow.origins', remove: true }, 'origins = ["*"], ', ''],
    [
      'the last between braces',
      { at: 'apim.cors.allow.methods', remove: true },
      ', methods = { get = true }',
      '',
    ],
    [
      'the only one between braces',
      { at: 'apim.cors.allow.methods.get', remove: true },
      ' get = true ',
      '  ',
    ],
    [
      'a table with its dotted keys',
      { at: 'database.apim_db.pool_options', remove: true },
      'pool_options.maxActive = 50\npool_options."a.b" = true\n',
      '',
    ],
    [
      'one of a list of tables with what is under it',
      { at: 'apim.gateway.environment[0]', remove: true },
      /\[\[apim[\s\S]*?x = 1\n\n/,
      '',
    ],
    ['a table that heads imply', { at: 'apim.gateway', remove: true }, /\[\[apim[\s\S]*?last\n\]\n\n/, ''],
    ['the last table', { at: 'apim.cors', remove: true }, /\[apim\.cors[\s\S]*$/, ''],
  ])('loses %s', (_, change, old, made) => {
    const edited = String(edit(change))
    expect(edited).toBe(source.replace(old, made))
    if (!/\[\d\]/.test(change.at)) expect(edit(change, edited)).toBe(edited)
  })

  test('loses the comma with the last entry of a list that has lines', () => {
    expect(edit({ at: 'apim.gateway.environment[1].endpoints[1]', remove: true })).toBe(
      source.replace('"http://a", # first', '"http://a" # first').replace('  "https://b"  # last\n', ''),
    )
  })

  test.each<[TomlEdit, RegExp]>([
    [
      { at: 'server.hostnam', value: 'x' },
      /^deployment\.toml:4:1: "server\.hostnam" matches nothing: there is no "hostnam" here; did you mean "hostname"\?\n/,
    ],
    [{ at: 'title.x', value: 1, create: true }, /^deployment\.toml:2:9: .*here is a value/],
    [{ at: 'apim.gateway.environment[name=X].type', value: 1 }, /none of the 2 entries is \[name=X\]/],
    [{ at: 'apim.gateway.environment[7]', value: 1, create: true }, /none of the 2 entries is \[7\]/],
    [{ at: 'sever.hostname', remove: true }, /did you mean "server"/],
    [{ at: 'server', value: 1 }, /is a table of its own/],
    [{ at: 'apim.gateway.environment.name', value: 1 }, /here is a list/],
    [{ at: 'a..b', value: 1 }, /no step of a path/],
  ])('is refused where a path matches none: %j', (change, message) => {
    expect(() => edit(change)).toThrow(message)
  })

  test('is refused where a path matches two', () => {
    const text = '[[a]]\nn = 1\n[[a]]\nn = 1\n'
    expect(() => edit({ at: 'a[n=1].x', value: 1, create: true }, text)).toThrow(
      /deployment\.toml: "a\[n=1\]\.x" matches 2: lines 1, 3\n/,
    )
  })

  test('that is none is refused with its place, and nothing of it is quoted', () => {
    expect(() => edit({ at: 'a', value: 1 }, 'a = 1\npassword = "secret\n')).toThrow(
      /^deployment\.toml:2:\d+: (?!.*secret)/s,
    )
  })

  test('holds a secret as what a reader finds, and keeps it a secret', () => {
    const edited = edit([
      { at: 'server.hostname', text: ['$ref{', secret('env:P'), '"}'] },
      { at: 'super_admin', append: { password: secret('env:P'), list: [secret('env:P')] } },
    ])
    expect(shownText(edited)).toContain('hostname = "$ref{***\\"}"')
    const value = 'a"b\\c\n\u007fé\u{1F600}'
    expect(parse(reveal(edited, () => value))).toMatchObject({
      server: { hostname: `$ref{${value}"}` },
      super_admin: { password: value, list: [value] },
    })
  })

  test('that is empty, or without an end of its last line, gets lines all the same', () => {
    expect(edit({ at: 'a.b', value: 1, create: true }, '')).toBe('[a]\nb = 1\n')
    expect(edit({ at: 'b', value: 1, create: true }, '')).toBe('b = 1\n')
    expect(edit({ at: 'b', value: 1, create: true }, 'a=1')).toBe('a=1\nb=1')
    expect(edit({ at: 'b', value: 1, create: true }, '# c\n\n# of t\n[t]\n')).toBe(
      '# c\n\nb = 1\n\n# of t\n[t]\n',
    )
    expect(edit({ at: 't.b', value: 1, create: true }, '[t]')).toBe('[t]\nb = 1')
    expect(edit({ at: 'u.b', value: 1, create: true }, '[t]')).toBe('[t]\n\n[u]\nb = 1')
  })
})

test('what is set in any file is what its reader finds, and nothing else is touched', () => {
  let edits = 0
  fc.assert(
    fc.property(files, values, fc.nat(), ({ pieces, text }, value, which) => {
      const pairs = pieces.flatMap(({ at }, n) => (at === undefined ? [] : [{ at, n }]))
      const chosen = pairs[which % Math.max(1, pairs.length)]
      if (chosen === undefined) return
      const change: TomlEdit = { at: pathOf(chosen.at), value }
      const edited = String(editToml(text, [change]))
      edits++
      const before = pieces
        .slice(0, chosen.n)
        .map((piece) => piece.text)
        .join('')
      const after = pieces
        .slice(chosen.n + 1)
        .map((piece) => piece.text)
        .join('')
      expect([edited.startsWith(before), edited.endsWith(after)]).toEqual([true, true])
      const made = edited.slice(before.length, edited.length - after.length)
      expect(parse(`k = ${made}`)['k']).toEqual(value)
      expect(readToml(edited, change.at)).toEqual(value)
      expect(editToml(edited, [change])).toBe(edited)
    }),
    { numRuns: 1000 },
  )
  expect(edits).toBeGreaterThan(700)
})

test('what is added to any file is inserted, and what is removed again leaves the file as it was', () => {
  fc.assert(
    fc.property(
      files,
      fc.constantFrom('new', 'a.new', 'fresh.x.new', 'list[0].new', 'list[name=n].new'),
      values,
      (file, at, value) => {
        const { text } = file
        if (
          at.includes('[0]') &&
          !('list' in parse(text.replace('\uFEFF', ''), { integersAsBigInt: 'asNeeded' }))
        )
          return
        const edited = String(editToml(text, [{ at, value, create: true }]))
        expect(inserted(text, edited)).toBeDefined()
        expect(readToml(edited, at)).toEqual(value)
        expect(editToml(edited, [{ at, value, create: true }])).toBe(edited)
        if (at !== 'list[0].new' && at !== 'new') return
        const back = String(editToml(edited, [{ at, remove: true }]))
        expect(back.trim().replaceAll(/\s+/g, ' ')).toBe(text.trim().replaceAll(/\s+/g, ' '))
      },
    ),
    { numRuns: 500 },
  )
})

test('what is removed from any file is gone, with its line', () => {
  fc.assert(
    fc.property(files, fc.nat(), ({ pieces, text }, which) => {
      const pairs = pieces.flatMap(({ at }, n) => (at === undefined ? [] : [{ at, n }]))
      const chosen = pairs[which % Math.max(1, pairs.length)]
      if (chosen === undefined) return
      const edited = String(editToml(text, [{ at: pathOf(chosen.at), remove: true }]))
      const join = (from: number, to?: number) =>
        pieces
          .slice(from, to)
          .map((piece) => piece.text)
          .join('')
      const key = pieces[chosen.n - 1]?.text ?? ''
      // What stands before the key on other lines stays.
      const kept = key.slice(0, key.lastIndexOf('\n') + 1)
      expect(edited).toBe(join(0, chosen.n - 1) + kept + join(chosen.n + 2))
    }),
    { numRuns: 500 },
  )
})
