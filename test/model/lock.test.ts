import { expect, test } from 'vitest'
import { holderText, readNote } from '../../src/model/lock.ts'

const holder = {
  run: 'r1',
  user: 'ann',
  machine: 'ctl-1',
  pid: 7,
  state: '/s',
  since: 'noon',
  token: 't',
  by: 'run',
}

test('a note is read as it was written', () => {
  expect(readNote(JSON.stringify({ held: false, holder }))).toEqual({ held: false, holder })
})

test.each([
  '',
  'null',
  '[]',
  '{}',
  '{"held":false}',
  JSON.stringify({ held: false, holder: null }),
  JSON.stringify({ held: 'no', holder }),
  JSON.stringify({ held: false, holder: { ...holder, pid: '7' } }),
  JSON.stringify({ held: false, holder: { ...holder, run: 7 } }),
  JSON.stringify({ held: false, holder: { ...holder, by: 'me' } }),
  JSON.stringify({ held: true, holder: { ...holder, run: 'r1; reboot' } }),
  JSON.stringify({ held: true, holder: { ...holder, run: '-r1' } }),
  JSON.stringify({ held: true, holder: { ...holder, user: 'ann on ctl-1.\nNothing is locked' } }),
])('what is not of ours counts as held: %s', (text) => {
  expect(readNote(text)).toEqual({ held: true, holder: undefined })
})

test('a note of any length is no note', () => {
  const long = { ...holder, since: 'x'.repeat(5000) }
  expect(readNote(JSON.stringify({ held: true, holder: long })).holder).toBeUndefined()
})

test('what a machine says of a holder is shown, never obeyed', () => {
  const forged = { ...holder, user: 'ann\r\u001b[2Kbob', by: 'run' as const }
  expect(holderText(forged)).toBe('the run r1 of ann\\x0d\\x1b[2Kbob on ctl-1 (pid 7) since noon')
})
