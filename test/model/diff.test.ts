import fc from 'fast-check'
import { expect, test } from 'vitest'
import { unifiedDiff } from '../../src/model/diff.ts'

const diff = (before: string, after: string) => unifiedDiff({ path: '/f', before, after })

test('nothing differs', () => {
  expect(diff('a\n', 'a\n')).toEqual([])
})

test('a new file, a file that goes, and one line among many', () => {
  expect(diff('', 'a\nb\n').slice(2)).toEqual(['@@ -0,0 +1,2 @@', '+a', '+b'])
  expect(diff('a\n', '').slice(2)).toEqual(['@@ -1,1 +0,0 @@', '-a'])
  const many = Array.from({ length: 20 }, (_, n) => `line ${n}`)
  expect(diff(many.join('\n'), many.with(10, 'other').join('\n')).slice(2)).toEqual([
    '@@ -8,7 +8,7 @@',
    ' line 7',
    ' line 8',
    ' line 9',
    '-line 10',
    '+other',
    ' line 11',
    ' line 12',
    ' line 13',
  ])
})

/** Does to a text what a diff of it says, and expects what it says of the old lines. */
function patched(before: readonly string[], lines: readonly string[]): readonly string[] {
  const after: string[] = []
  let at = 0
  for (const line of lines.slice(2)) {
    const [, first, size] = /^@@ -(\d+),(\d+) \+\d+,\d+ @@$/.exec(line) ?? []
    if (first !== undefined) {
      const start = Number(first) - (size === '0' ? 0 : 1)
      after.push(...before.slice(at, start))
      at = start
    } else {
      if (!line.startsWith('+')) expect(before[at++]).toBe(line.slice(1))
      if (!line.startsWith('-')) after.push(line.slice(1))
    }
  }
  return [...after, ...before.slice(at)]
}

test('it is a diff: it makes the new file of the old one', () => {
  const text = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 24 })
  fc.assert(
    fc.property(text, text, (before, after) => {
      const made = diff(`${before.join('\n')}\n`, `${after.join('\n')}\n`)
      expect(patched(before, made)).toEqual(after)
    }),
  )
})

test.each([
  ['a value under a telling name', 'db_password = hunter1\n', 'db_password = hunter2\n', 'hunter'],
  ['in a property of XML', '<Property name="ConnectionPassword">hunter1</Property>\n', '', 'hunter'],
  ['in an attribute of XML', '', '<Property name="password" value="hunter2"/>\n', 'hunter'],
  ['of a shell variable', 'export DB_PASSWORD=hunter1\n', 'export DB_PASSWORD=hunter2\n', 'hunter'],
  ['of a Java option', '', 'JAVA_OPTS="-Djavax.net.ssl.keyStorePassword=hunter2"\n', 'hunter'],
  ['in a URL', '<url>jdbc:mysql://h/db?user=a&amp;password=hunter1</url>\n', '', 'hunter'],
  ['in XML', '<Password>hunter1</Password>\n', '<Password>hunter2</Password>\n', 'hunter'],
  ['in JSON', '"apiKey": "hunter1"\n', '"apiKey": "hunter2"\n', 'hunter'],
  ['after a dotted name', 'keystore.password=hunter1\n', 'keystore.password=hunter2\n', 'hunter'],
  ['what stood where a secret is put in', 'listen hunter1\n', 'listen ***\n', 'hunter'],
  ['beside other lines that go with it', 'x hunter1\ny hunter1\n', 'x ***\nz\n', 'hunter'],
])('a secret is hidden: %s', (_what, before, after, secret) => {
  const shown = diff(before, after).join('\n')
  expect(shown).toContain('***')
  expect(shown).not.toContain(secret)
})

test('two great files that share nothing cost no great table', () => {
  const great = (word: string) => Array.from({ length: 20_000 }, (_, n) => `${word} ${n}`).join('\n')
  expect(diff(great('a'), great('b'))).toHaveLength(40_003)
})
