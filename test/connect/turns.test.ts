import { expect, test } from 'vitest'
import { keepTurns } from '../../src/connect/turns.ts'

/** Takes many turns at once; says how many were under way for each key at most. */
async function most(turns = keepTurns(), keys = ['a', 'b'], count = 40): Promise<Record<string, number>> {
  const running: Record<string, number> = {}
  const highest: Record<string, number> = {}
  const work = (key: string) => async () => {
    running[key] = (running[key] ?? 0) + 1
    highest[key] = Math.max(highest[key] ?? 0, running[key])
    await new Promise(setImmediate)
    running[key] -= 1
  }
  const all = keys.flatMap((key) => Array.from({ length: count }, () => turns.take(key, work(key))))
  await Promise.all(all)
  return highest
}

test('at most 8 handshakes go through one machine at a time, another has its own 8', async () => {
  expect(await most()).toEqual({ a: 8, b: 8 })
})
test('fewer once it dropped some, at least one, and slowly more again', async () => {
  const turns = keepTurns()
  for (const _drop of [1, 2]) turns.dropped('a')
  expect(await most(turns, ['a', 'b'], 2)).toEqual({ a: 2, b: 2 })
  for (let drop = 0; drop < 20; drop += 1) turns.dropped('a')
  expect(await most(turns, ['a'], 1)).toEqual({ a: 1 })
  expect(await most(turns, ['a'], 100)).toEqual({ a: 8 })
})
test('one that fails lets the next one in', async () => {
  const turns = keepTurns(1)
  const fails = turns.take('a', () => Promise.reject(new Error('no')))
  await expect(fails).rejects.toThrow('no')
  expect(await turns.take('a', async () => 'done')).toBe('done')
})
