import { expect, test } from 'vitest'
import { hostsText, thingsOf } from '../../src/model/count.ts'

test.each([
  [[], [], '0 hosts'],
  [['a'], [], '1 host'],
  [['a', 'b', 'a'], [], '2 hosts'],
  [['db'], ['db'], '1 thing'],
  [['a', 'db', 'db2'], ['db', 'db2', 'db3'], '1 host, 2 things'],
])('%j with the things %j are %s', (names, things, text) => {
  expect(hostsText(names, thingsOf([{ things }, {}]))).toBe(text)
})
