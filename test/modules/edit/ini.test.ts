import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { reveal, secret, shownText } from '../../../src/model/secret.ts'
import { editIni, type IniEdit, readIni } from '../../../src/modules/edit/ini.ts'
import { files, values } from './generated/ini.ts'

const source = `; my.cnf
top=1

[mysqld]
# where
port = 3306
datadir=/var/lib/mysql  
skip-networking
log : a;b # c

; of the client
[client]
  port=3307
[empty]
[twice]
x=1
[twice]
`
const edit = (edits: IniEdit | readonly IniEdit[], text = source) =>
  editIni(text, Array.isArray(edits) ? edits : [edits as IniEdit], 'my.cnf')
const dos = (text: string) => text.replaceAll('\n', '\r\n')

describe('an INI file', () => {
  test.each<[string, IniEdit, string, string]>([
    ['an option', { section: 'mysqld', option: 'port', text: '1' }, 'port = 3306', 'port = 1'],
    ['one of another section', { section: 'client', option: 'port', text: '1' }, '  port=3307', '  port=1'],
    ['one of no section', { option: 'top', text: 'a b' }, 'top=1', 'top=a b'],
    [
      'one with blanks behind it',
      { section: 'mysqld', option: 'datadir', text: '/x' },
      '=/var/lib/mysql  ',
      '=/x  ',
    ],
    [
      'one that stands alone',
      { section: 'mysqld', option: 'skip-networking', text: '1' },
      'skip-networking',
      'skip-networking=1',
    ],
    ['one with what may be a comment', { section: 'mysqld', option: 'log', text: 'z' }, 'a;b # c', 'z'],
    [
      'a new option',
      { section: 'mysqld', option: 'user', text: 'm', create: true },
      '# c\n',
      '# c\nuser : m\n',
    ],
    [
      'a new one as those there',
      { section: 'client', option: 'user', text: 'm', create: true },
      '=3307\n',
      '=3307\n  user=m\n',
    ],
    [
      'the first of a section',
      { section: 'empty', option: 'a', text: '', create: true },
      '[empty]\n',
      '[empty]\na=\n',
    ],
    [
      'a new section',
      { section: 'a b', option: 'x', text: 'y', create: true },
      'x=1\n[twice]\n',
      'x=1\n[twice]\n\n[a b]\nx=y\n',
    ],
    ['one more of no section', { option: 'more', text: 'y', create: true }, 'top=1\n', 'top=1\nmore=y\n'],
    [
      'one option less',
      { section: 'mysqld', option: 'skip-networking', remove: true },
      'skip-networking\n',
      '',
    ],
    [
      'one section less',
      { section: 'mysqld', remove: true },
      source.slice(source.indexOf('[mysqld'), source.indexOf('; of')),
      '',
    ],
  ])('keeps every other byte when it gets %s', (_, change, old, made) => {
    const edited = String(edit(change))
    expect(edited).toBe(source.replace(old, () => made))
    expect(edit(change, edited)).toBe(edited)
    const windows = `\uFEFF${dos(source)}`
    expect(edit(change, windows)).toBe(windows.replace(dos(old), () => dos(made)))
  })

  test('takes names in other capitals for others where it is told so, or where both are there', () => {
    const both = '[client]\nport = 2\nPort = 1\n'
    const other: IniEdit = { section: 'client', option: 'Port', text: '1', create: true, caseSensitive: true }
    expect(edit(other, '[client]\nport = 2\n')).toBe(both)
    expect(edit({ section: 'client', option: 'Port', text: '3' }, both)).toBe(both.replace('1', '3'))
    expect(edit({ section: 'Client', remove: true, caseSensitive: true }, both)).toBe(both)
  })

  test('is left alone where it is so already', () => {
    expect(edit({ option: 'a', text: 'b\u2028c' }, 'a = b\u2028c')).toBe('a = b\u2028c')
    expect(edit({ section: 'mysqld', option: 'datadir', text: '/var/lib/mysql' })).toBe(source)
    expect(edit({ section: 'client', option: 'x', remove: true })).toBe(source)
    expect(edit({ section: 'none', remove: true })).toBe(source)
  })

  test.each<[IniEdit, string, RegExp]>([
    [
      { section: 'mysqld', option: 'prot', text: 'x' },
      source,
      /^my\.cnf: \[mysqld\] has no option "prot"; did you mean "port"\?/,
    ],
    [
      { section: 'mysql', option: 'port', text: 'x' },
      source,
      /no section \[mysql\]; did you mean "mysqld"\?/,
    ],
    [{ section: 'mysql', option: 'port', remove: true }, source, /no section \[mysql\]/],
    [{ section: 'twice', option: 'x', text: '1' }, source, /\[twice\] is there 2 times: lines 15, 17\n/],
    [{ section: 'a', option: 'x', text: '1' }, '[a]\nx=1\nx = 2\n', /"x" is there 2 times: lines 2, 3\n/],
    [{ section: 'a', option: 'x', text: '1' }, '[a]\nx=0\n  more\n', /my\.cnf:3:1: this line may go on with/],
    [
      { section: 'a', option: 'x', text: '1' },
      '[a]\n=secret\n',
      /^my\.cnf:2:1: neither a section nor an option(?!.*secret)/s,
    ],
    [{ section: 'mysqld', option: 'port', text: 'a\n[x]' }, source, /has a line end in it/],
    [
      { section: 'mysqld', option: 'a=b', text: 'a', create: true },
      source,
      /cannot be the name of an option/,
    ],
    [{ section: 'a]', option: 'b', text: 'a', create: true }, source, /cannot be the name of a section/],
    [
      { section: 'client', option: 'Port', text: '1', create: true },
      '[client]\nport = 2\n',
      /"Port" is not there, but "port" is, .*\n.*caseSensitive: true/,
    ],
    [{ section: 'client', option: 'PORT', remove: true }, '[client]\nport = 2\n', /but "port" is/],
    [
      { section: 'Client', option: 'x', text: '1', create: true },
      '[client]\n',
      /\[Client\] is not there, but \[client\] is/,
    ],
    [{ section: 'Client', remove: true }, '[client]\n', /but \[client\] is/],
  ])('is refused: %j', (change, text, message) => {
    expect(() => edit(change, text)).toThrow(message)
  })

  test('holds a secret, unless it has lines', () => {
    const edited = edit({ section: 'client', option: 'port', text: ['<', secret('env:P'), '>'] })
    expect(shownText(edited)).toContain('  port=<***>\n')
    expect(
      readIni(
        reveal(edited, () => 'p"#;é'),
        'client',
        'port',
      ),
    ).toBe('<p"#;é>')
    expect(() => reveal(edited, () => 'a\n[x]')).toThrow(/The secret "env:P" has a line end/)
  })
})

test('what is set in any file is what its reader finds, and nothing else is touched', () => {
  fc.assert(
    fc.property(files, values, fc.nat(), ({ pieces, text }, value, which) => {
      const options = pieces.flatMap((piece, n) => ('at' in piece ? [{ at: piece.at, n }] : []))
      const chosen = options[which % Math.max(1, options.length)]
      const join = (from: number, to?: number) =>
        pieces
          .slice(from, to)
          .map((piece) => piece.text)
          .join('')
      if (chosen !== undefined) {
        const change = { ...chosen.at, text: value }
        const edited = String(editIni(text, [change]))
        expect([edited.startsWith(join(0, chosen.n)), edited.endsWith(join(chosen.n + 1))]).toEqual([
          true,
          true,
        ])
        expect(readIni(edited, chosen.at.section, chosen.at.option)).toBe(value)
        expect(editIni(edited, [change])).toBe(edited)
      }
      const section = which % 2 === 0 ? `s${which % 5}` : undefined
      const added = { ...(section !== undefined && { section }), option: 'new', text: value, create: true }
      const more = String(editIni(text, [added]))
      expect(readIni(more, section, 'new')).toBe(value)
      expect(editIni(more, [added])).toBe(more)
      const less = String(
        editIni(
          more,
          [{ ...added, remove: true }].map(({ text: _, create: __, ...rest }) => rest as IniEdit),
        ),
      )
      if (section === undefined || text.includes(`[${section}]`)) expect(less.trimEnd()).toBe(text.trimEnd())
    }),
    { numRuns: 1000 },
  )
})
