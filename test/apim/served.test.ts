import { expect, test } from 'vitest'
import { pathsIn } from '../../src/apim/served.ts'

test.each([
  ['<api name="a" context="/weather/1.0.0" version="1.0.0" version-type="context">', '/weather/1.0.0'],
  ['<api name="admin--w" context="/weather" version="1.0.0" version-type="url">', '/weather/1.0.0'],
  ['<api name="a" context="/t/acme.com/orders/1.0.0" version="1.0.0">', '/t/acme.com/orders/1.0.0'],
  ['<api name="a" context="/x/">', '/x'],
])('%s is called at %s', (tag, path) => {
  expect(pathsIn([tag, tag])).toEqual([path])
})

test('a tag without a context is called nowhere', () => {
  expect(pathsIn(['<api name="a">', '<api name="a" context="">'])).toEqual([])
})
