import { expect, test } from 'vitest'
import { machineLock } from '../../src/connect/machine-lock.ts'
import type { LockHolder } from '../../src/model/lock.ts'

const holder: LockHolder = {
  run: 'r',
  user: 'u',
  machine: 'm',
  pid: 1,
  state: 's',
  since: 'now',
  token: 't',
  by: 'run',
}
const note = JSON.stringify({ held: true, holder: { ...holder, token: 'other' } })

/** A lock whose scripts are answered with these, the last one for ever. */
function answered(...said: readonly string[]) {
  let asked = 0
  const place = {
    given: '/w',
    find: async () => '/w',
    make: async () => '/w',
    made: () => undefined,
  }
  const script = async () => {
    const stdout = Buffer.from(said[Math.min(asked, said.length - 1)] ?? '')
    asked += 1
    return { end: { kind: 'exit', code: 0 } as const, stdout, stderr: '' }
  }
  return { lock: machineLock({ host: 'h', script }, place), asked: () => asked }
}

test('a note that is under way to its file is looked at again: it says who has the lock', async () => {
  const { lock, asked } = answered('/w\n7\n', '/w\n7\n', `/w\n7\n${note}\n`)
  expect(await lock.take(holder)).toEqual({ number: 7, held: true, holder: { ...holder, token: 'other' } })
  expect(asked()).toBe(3)
})

test('whoever left it without an end may be free again at the next look', async () => {
  const { lock } = answered('/w\n7\n', '/w\ntaken 8\n')
  expect(await lock.take(holder)).toEqual({ number: 8, held: true, holder })
})

test('a note that stays without its end counts as held by nobody knows whom', async () => {
  const { lock, asked } = answered('/w\n7\n')
  expect(await lock.take(holder)).toEqual({ number: 7, held: true, holder: undefined })
  expect(asked()).toBe(20)
})
