import { expect, test } from 'vitest'
import type { PlayOptions } from '../../src/model/play.ts'
import { healthyFloor, stopsAt } from '../../src/model/stop-rule.ts'

test.each<[PlayOptions, number, number, number | undefined]>([
  [{}, 4, 1, 1],
  [{ maxFailPercentage: 25 }, 4, 1, 2],
  [{ maxFailPercentage: 50 }, 4, 2, 3],
  [{ maxFailPercentage: 49 }, 4, 2, 2],
  [{ maxFailPercentage: 100 }, 4, 1, 4],
  [{ maxFailPercentage: 50 }, 1, 1, 1],
  [{ maxFailPercentage: 50, anyErrorsFatal: true }, 4, 1, 1],
  [{ maxFailPercentage: 50, canary: 2 }, 2, 1, 1],
  [{ maxFailPercentage: 50, canary: 2 }, 4, 2, 3],
  [{ maxFailures: { wave: 1 } }, 4, 1, 2],
  [{ maxFailures: { run: 2 }, maxFailPercentage: 25 }, 4, 1, 2],
  [{ maxFailures: { play: 0 } }, 4, 1, 1],
  [{ maxFailures: { run: 9 } }, 4, 1, 4],
  [{ collect: true }, 4, 1, undefined],
])('%j stops when of %i hosts in wave %i so many fail: %j', (options, size, wave, expected) => {
  expect(stopsAt(options, size, wave)).toBe(expected)
})

test.each<[PlayOptions['minHealthy'], number, number]>([
  [undefined, 10, 0],
  [3, 10, 3],
  ['50%', 5, 3],
  ['55%', 100, 55],
])('minHealthy %j of %i hosts keeps %i in service', (minHealthy, total, expected) => {
  expect(healthyFloor({ ...(minHealthy !== undefined && { minHealthy }) }, total)).toBe(expected)
})
