import type { PlayOptions } from '../../src/model/play.ts'
import { shareOf } from '../../src/model/stop-rule.ts'
import { wavesOf } from '../../src/plan/waves.ts'
import type { Case } from './world.ts'

const shapes: readonly PlayOptions[] = [
  {},
  { serial: 1 },
  { serial: 2 },
  { serial: [1, 2] },
  { window: 1 },
  { window: 2 },
  { canary: 1 },
  { canary: 1, window: 2 },
  { canary: 2, serial: 1 },
  { strategy: 'linear' },
  { strategy: 'linear', serial: 2 },
  { strategy: 'linear', canary: 1, serial: 2 },
]
const stops: readonly PlayOptions[] = [
  {},
  { maxFailPercentage: 25 },
  { maxFailPercentage: 50 },
  { maxFailPercentage: 100 },
  { anyErrorsFatal: true },
  { anyErrorsFatal: true, maxFailPercentage: 100 },
  { maxFailures: { wave: 1 } },
  { maxFailures: { play: 1 } },
  { maxFailures: { run: 1 } },
  { maxFailPercentage: 34, maxFailures: { run: 2 } },
  { maxFailPercentage: 50, maxFailures: { play: 1 }, soak: 1 },
]

/** All that is explored for so many hosts: every shape with every rule, and the rest with each of these in turn. */
export function casesOf(hosts: number): readonly Case[] {
  const others = [0, 1, 2, 3].flatMap((minHealthy) =>
    [hosts, 1, 2].flatMap((forks) => [0, 1].map((absent) => ({ minHealthy, forks, absent }))),
  )
  const taken = hosts < 3 ? 2 : 1
  let turn = 0
  return shapes.flatMap((shape) =>
    stops.flatMap((stop) => {
      const found: Case[] = []
      for (let tried = 0; tried < others.length && found.length < taken; tried++) {
        const { minHealthy = 0, forks = 1, absent = 0 } = others[turn++ % others.length] ?? {}
        const options: PlayOptions = { ...shape, ...stop, ...(minHealthy > 0 && { minHealthy }) }
        const waves = sizes(options, hosts)
        const fits = options.strategy !== 'linear' || Math.max(...waves) <= hosts - minHealthy
        if (minHealthy < hosts && fits) found.push({ options, waves, forks, absent })
      }
      return found
    }),
  )
}

function sizes({ canary, serial }: PlayOptions, hosts: number): readonly number[] {
  const first = canary === undefined ? 0 : Math.min(hosts, shareOf(canary, hosts))
  const rest = wavesOf(Array.from({ length: hosts - first }), serial, hosts).map((wave) => wave.length)
  return first > 0 ? [first, ...rest] : rest
}
