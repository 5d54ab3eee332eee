import { parse } from 'smol-toml'
import { expect, test } from 'vitest'
import { isSecret, secret } from '../../src/model/secret.ts'
import { tomlText } from '../../src/modules/toml.ts'

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

test('a secret stands where nothing in it has a meaning', () => {
  const password = secret('env:P')
  const text = tomlText([{ head: 'database', values: { password } }])
  const parts = typeof text === 'string' ? [text] : text
  expect(parts).toContain(password)
  const joined = parts.map((part) => (isSecret(part) ? `p'"\\x # &<` : part)).join('')
  expect(parse(joined)).toEqual({ database: { password: `p'"\\x # &<` } })
})
