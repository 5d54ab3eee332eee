import { parse } from 'smol-toml'
import { expect, test } from 'vitest'
import { reveal, secret } from '../../../src/model/secret.ts'
import { tomlText } from '../../../src/modules/edit/toml-text.ts'

const odd = "a\"b\\c\n\t\u0000\u007f é 'quoted' #no"

test('what was written is what a TOML reader finds, odd characters too', () => {
  const values = { text: odd, number: 3, yes: true, list: ['a', odd] }
  const text = tomlText([
    { head: 'a.b', values },
    { head: '[a.c]', values: { n: 1 } },
    { head: '[a.c]', values: { n: 2 } },
  ])
  const joined = typeof text === 'string' ? text : text.join('')
  expect(parse(joined)).toEqual({ a: { b: values, c: [{ n: 1 }, { n: 2 }] } })
})

const passwords = [odd, `a&b<c>d"e'f\\g]]>h `, `'''`, `'`, '"', '\\', ' both ends ']

test.each(passwords)('a secret is what a TOML reader finds: %j', (value) => {
  const text = tomlText([{ head: 'database', values: { password: secret('env:P') } }])
  expect(parse(reveal(text, () => value))).toEqual({ database: { password: value } })
})
