import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { reveal, secret, shownText } from '../../../src/model/secret.ts'
import { editProperties, type PropertiesEdit, readProperties } from '../../../src/modules/edit/properties.ts'
import { files } from './generated/properties.ts'

const source = `# log4j2
appenders = CARBON_CONSOLE, \\
    CARBON_LOGFILE,\\
    # not a comment
! another comment \\
rootLogger.level=INFO
appender.pattern:[%d] %5p {%c} - %m%ex%n
blank separated value
lone
path=C\\:\\\\logs\\u00e9\\tx
a\\ b\\=c = d
last\\
  .key=v`
const long = 'CARBON_CONSOLE, \\\n    CARBON_LOGFILE,\\\n    # not a comment'
const edit = (edits: PropertiesEdit | readonly PropertiesEdit[], text = source) =>
  editProperties(text, Array.isArray(edits) ? edits : [edits as PropertiesEdit], 'log4j2.properties')

describe('a properties file', () => {
  // What java.util.Properties of a JDK 17 read from this text.
  test.each([
    ['appenders', 'CARBON_CONSOLE, CARBON_LOGFILE,# not a comment'],
    ['rootLogger.level', 'INFO'],
    ['appender.pattern', '[%d] %5p {%c} - %m%ex%n'],
    ['blank', 'separated value'],
    ['lone', ''],
    ['path', 'C:\\logs\u00e9\tx'],
    ['a b=c', 'd'],
    ['last.key', 'v'],
    ['another', undefined],
  ])('is read as Java reads it: %s', (key, value) => {
    expect(readProperties(source, key)).toBe(value)
    expect(readProperties(source.replaceAll('\n', '\r\n'), key)).toBe(value)
    expect(readProperties(source.replaceAll('\n', '\r'), key)).toBe(value)
  })

  test.each<[string, PropertiesEdit, string, string]>([
    ['behind =', { key: 'rootLogger.level', text: 'DEBUG' }, 'level=INFO', 'level=DEBUG'],
    ['over lines', { key: 'appenders', text: 'A' }, long, 'A'],
    [
      'behind :',
      { key: 'appender.pattern', text: ' [é] \\ #' },
      '[%d] %5p {%c} - %m%ex%n',
      '\\ [\\u00e9] \\\\ #',
    ],
    ['behind a blank', { key: 'blank', text: 'x=y' }, 'separated value', 'x=y'],
    ['alone', { key: 'lone', text: 'x' }, 'lone', 'lone=x'],
    ['with escapes', { key: 'a b=c', text: 'a\tb\nc\u{1F600}' }, ' = d', ' = a\\tb\\nc\\ud83d\\ude00'],
    ['whose key goes on', { key: 'last.key', text: 'w' }, '.key=v', '.key=w'],
  ])('keeps every other byte when it sets one %s', (_, change, old, made) => {
    const edited = String(edit(change))
    expect(edited).toBe(source.replace(old, () => made))
    expect(edit(change, edited)).toBe(edited)
    expect('text' in change && readProperties(edited, change.key)).toBe('text' in change && change.text)
  })

  test('has a comment behind a line that is a backslash alone', () => {
    expect(readProperties('\\\r\n  !x\\\r\n  a=1', 'a')).toBe('1')
  })

  test('is left alone where it is so already, however it is written', () => {
    expect(edit({ key: 'path', text: 'C:\\logsé\tx' })).toBe(source)
    expect(edit({ key: 'appenders', text: 'CARBON_CONSOLE, CARBON_LOGFILE,# not a comment' })).toBe(source)
    expect(edit({ key: 'other', remove: true })).toBe(source)
  })

  test('gets a key at its end, and loses it with its lines', () => {
    const change = { key: 'a: é', text: 'v', create: true }
    expect(edit(change)).toBe(`${source}\na\\:\\ \\u00e9=v`)
    expect(edit(change, 'x : 1\r\n')).toBe('x : 1\r\na\\:\\ \\u00e9 : v\r\n')
    expect(edit(change, '')).toBe('a\\:\\ \\u00e9=v\n')
    expect(edit({ key: 'appenders', remove: true })).toBe(source.replace(`appenders = ${long}\n`, ''))
    expect(edit({ key: 'last.key', remove: true })).toBe(source.replace('last\\\n  .key=v', ''))
  })

  test.each<[PropertiesEdit, string, RegExp]>([
    [
      { key: 'rootLoger.level', text: 'x' },
      source,
      /^log4j2\.properties: there is no key "rootLoger\.level"; did you mean "rootLogger\.level"\?/,
    ],
    [{ key: 'a', text: 'x' }, 'a=1\nb=2\n\\u0061 : 3\n', /"a" is there 2 times: lines 1, 3\n/],
    [{ key: 'a', remove: true }, 'a=1\na=2\n', /"a" is there 2 times/],
    [
      { key: 'a', text: 'x' },
      'a=secret\\u00zz\n',
      /^log4j2\.properties:1:3: \\u is not followed(?!.*secret)/s,
    ],
    [{ key: 'a', text: 'x' }, 'a\\\r\n', /1:1: "a" ends with a backslash that leads nowhere/],
    [{ key: '', text: 'x' }, 'a=1', /names no key/],
    [{ key: 'b', text: 'x', create: true }, 'a=1\\', /1:5: its last line ends with a backslash/],
  ])('is refused: %j', (change, text, message) => {
    expect(() => edit(change, text)).toThrow(message)
  })

  test('holds a secret as what a reader finds', () => {
    const value = ' a\\b=c:#é\n\u{1F600} '
    const edited = edit({ key: 'lone', text: ['x', secret('env:P'), 'y'] })
    expect(shownText(edited)).toContain('lone=x***y\n')
    expect(
      readProperties(
        reveal(edited, () => value),
        'lone',
      ),
    ).toBe(`x${value}y`)
  })
})

test('what is set in any file is what its reader finds, and nothing else is touched', () => {
  fc.assert(
    fc.property(files, fc.string({ unit: 'binary' }), fc.nat(), ({ pieces, text }, value, which) => {
      const pairs = pieces.flatMap((piece, n) => ('key' in piece ? [{ key: piece.key, n }] : []))
      const { key, n } = pairs[which % pairs.length] ?? { key: '', n: 0 }
      const change = { key, text: value }
      const edited = String(editProperties(text, [change]))
      const join = (from: number, to?: number) =>
        pieces
          .slice(from, to)
          .map((piece) => piece.text)
          .join('')
      expect([edited.startsWith(join(0, n)), edited.endsWith(join(n + 1))]).toEqual([true, true])
      expect(readProperties(edited, key)).toBe(value)
      expect(editProperties(edited, [change])).toBe(edited)
      const added = { key: `new ${value}`, text: value, create: true }
      const more = String(editProperties(text, [added]))
      expect(more.startsWith(text)).toBe(true)
      expect(readProperties(more, added.key)).toBe(value)
      const less = String(editProperties(more, [{ key: added.key, remove: true }]))
      expect(less.trimEnd()).toBe(text.trimEnd())
    }),
    { numRuns: 1000 },
  )
})
