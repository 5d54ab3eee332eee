import { expect, test } from 'vitest'
import { amount, clean, cut, duration, names, taskPath } from '../../src/report/text.ts'

test('only the first two slashes of a task id part it', () => {
  expect(taskPath('stage/gw1/fetch[/opt/packs/a.zip]')).toBe('stage > gw1 > fetch[/opt/packs/a.zip]')
})

test.each([
  [0, '0.0 s'],
  [9.94, '9.9 s'],
  [9.96, '10 s'],
  [59.6, '1 min 0 s'],
  [182, '3 min 2 s'],
  [3840, '1 h 4 min'],
])('%d seconds are %s', (seconds, text) => {
  expect(duration(seconds)).toBe(text)
})

test.each([
  [0, 'bytes', '0 bytes'],
  [1536, 'bytes', '1.5 KiB'],
  [524288000, 'bytes', '500 MiB'],
  [12, 'rows', '12 rows'],
])('%d %s are %s', (count, unit, text) => {
  expect(amount(count, unit)).toBe(text)
})

test('text is cut by columns, never through a character', () => {
  expect(cut('abcdef', 6, '…')).toBe('abcdef')
  expect(cut('abcdefg', 6, '...')).toBe('abc...')
  expect(cut('日本語文字', 6, '…')).toBe('日本…')
  expect(cut('👩‍👩‍👧x', 2, '…')).toBe('…')
  expect(cut('abc', 0, '…')).toBe('')
})

test('what a terminal would obey is shown instead', () => {
  expect(clean('\u001b[31mred\u001b[0m\r\nback\b\u0000\u0007')).toBe('red\nback\\x08\\x00\\x07')
})

test('long lists say how many more there are', () => {
  expect(names(['a', 'b', 'c'], 2)).toBe('a, b and 1 more')
})
