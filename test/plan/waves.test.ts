import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type PlayOptions, play } from '../../src/index.ts'
import { InputError } from '../../src/model/errors.ts'
import { spreadOver, wavesOfPlay } from '../../src/plan/waves.ts'
import { hosts, scheduleOf } from '../support/engine.ts'

const zoneOf = ({ name }: { readonly name: string }) => name.charAt(0)
const wavesOf = (names: readonly string[], options: PlayOptions) => {
  const one = play('p', hosts(...names), options)
  return wavesOfPlay(one, one.hosts).map((wave) => wave.map(({ name }) => name).join(' '))
}

test.each<[string, PlayOptions, readonly string[]]>([
  ['a canary, then the rest', { canary: 1 }, ['c', 'a e b d']],
  ['a canary, then waves of a share of all', { canary: 1, serial: '40%' }, ['c', 'a e', 'b d']],
  ['a canary of a share', { canary: '50%', serial: 2 }, ['c a', 'e b', 'd']],
  ['a canary that is all', { canary: 9 }, ['c a e b d']],
  ['a window is one wave', { window: 2 }, ['c a e b d']],
  ['a canary before a window', { canary: 2, window: 2 }, ['c a', 'e b d']],
  ['sorted', { order: 'sorted', serial: 3 }, ['a b c', 'd e']],
  ['reverse_sorted', { order: 'reverse_sorted', serial: 3 }, ['e d c', 'b a']],
  ['reverse_inventory', { order: 'reverse_inventory', serial: 3 }, ['d b e', 'a c']],
])('%s', (_name, options, expected) => {
  expect(wavesOf(['c', 'a', 'e', 'b', 'd'], options)).toEqual(expected)
})

test('a shuffle is the same for the same names, another for another play, and moves nobody else when a host is added', () => {
  const names = Array.from({ length: 20 }, (_, n) => `h${n}`)
  const shuffled = (name: string, list: readonly string[]) => {
    const one = play(name, hosts(...list), { order: 'shuffle' })
    return wavesOfPlay(one, one.hosts)
      .flat()
      .map((host) => host.name)
  }
  const first = shuffled('p', names)
  expect(shuffled('p', names.toReversed())).toEqual(first)
  expect(first).not.toEqual(names)
  expect(first.toSorted()).toEqual(names.toSorted())
  expect(shuffled('q', names)).not.toEqual(first)
  expect(shuffled('p', [...names, 'new']).filter((name) => name !== 'new')).toEqual(first)
})

test('spread takes from every zone in turn, as many as its share', () => {
  const names = ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1', 'c2']
  expect(wavesOf(names, { serial: 4, spread: zoneOf })).toEqual(['a1 b1 a2 c1', 'a3 b2 a4 c2'])
})

test('spread sees the variables of the hosts, with their types', () => {
  const zoned = hosts('x', 'y', 'z', 'w').map((host, at) => ({
    ...host,
    vars: { zone: at < 2 ? 'one' : 'two' },
  }))
  const one = play('p', zoned, { serial: 2, spread: ({ vars }) => vars.zone })
  // @ts-expect-error: there is no such variable
  play('p', zoned, { serial: 2, spread: ({ vars }) => vars.rack })
  expect(wavesOfPlay(one, one.hosts).map((wave) => wave.map(({ name }) => name))).toEqual([
    ['x', 'z'],
    ['y', 'w'],
  ])
})

test('any part of a spread list has of each zone its share, give or take less than two', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 6 }),
      fc.nat(60),
      fc.nat(60),
      (sizes, from, length) => {
        const list = sizes.flatMap((size, zone) => Array.from({ length: size }, () => zone))
        const part = spreadOver(list, String).slice(from, from + length)
        for (const [zone, size] of sizes.entries()) {
          const share = (part.length * size) / list.length
          expect(part).toHaveLength(Math.min(length, Math.max(0, list.length - from)))
          const found = part.filter((one) => one === zone).length
          expect(Math.abs(found - share)).toBeLessThan(2)
        }
      },
    ),
    { numRuns: 500, examples: [[[12, 1, 1, 1, 1, 1], 6, 5]] },
  )
})

const refusal = (options: PlayOptions, names = ['a1', 'a2', 'b1', 'b2']): string => {
  try {
    scheduleOf([play('roll', hosts(...names), options)])
  } catch (error) {
    if (error instanceof InputError) return error.message
    throw error
  }
  return ''
}

test.each<[PlayOptions, RegExp]>([
  [{ window: 0 }, /play "roll" has window 0: expected a number of hosts from 1/],
  [{ window: '0%' }, /has window "0%"/],
  [{ canary: -1 }, /has canary -1/],
  [{ canary: 1.5 }, /has canary 1\.5/],
  [{ minHealthy: -1 }, /has minHealthy -1: expected a number of hosts from 0/],
  [{ maxFailPercentage: 101 }, /has maxFailPercentage 101: expected a number from 0 to 100/],
  [{ maxFailures: { run: -1 } }, /has maxFailures\.run -1/],
  [{ maxFailures: { all: 1 } as {} }, /has maxFailures "all": expected wave, play or run/],
  [{ soak: -5 }, /has soak -5: expected seconds/],
  [{ soak: 'long' as '1s' }, /has soak "long"/],
  [{ order: 'random' as 'shuffle' }, /has order "random": expected one of inventory/],
  [{ strategy: 'fast' as 'free' }, /has strategy "fast": expected one of free, linear/],
  [{ serial: 1, window: 2 }, /has both serial and window/],
  [{ window: 2, strategy: 'linear' }, /has both window and the linear strategy/],
  [{ collect: true, minHealthy: 1 }, /collects, so nothing stops it, and has minHealthy/],
  [{ minHealthy: 4 }, /keeps 4 of its 4 hosts in service \(minHealthy\), so none could be worked on/],
  [{ minHealthy: '80%' }, /keeps 4 of its 4/],
  [{ minHealthy: 3, strategy: 'linear', serial: 2 }, /linear with waves of 2 hosts.*make its waves smaller/],
  [{ spread: zoneOf }, /works on all its hosts at once: it needs serial, window or canary/],
  [{ spread: zoneOf, serial: 3 }, /all 2 hosts of "a" \(spread\) out of service in its wave 1/],
  [
    {
      serial: 1,
      spread: () => {
        throw new Error('no zone')
      },
    },
    /cannot be spread: its function threw for a1: no zone/,
  ],
])('%j is refused', (options, expected) => {
  expect(refusal(options)).toMatch(expected)
})

test.each<[PlayOptions, (readonly string[])?]>([
  [{ spread: zoneOf, serial: 2 }],
  [{ spread: zoneOf, serial: 4 }, ['a1', 'a2', 'a3', 'a4']],
  [{ spread: zoneOf, window: 3 }],
  [{ minHealthy: 3, serial: 2 }],
  [{ minHealthy: 2, strategy: 'linear', serial: 2 }],
  [{ canary: 9, minHealthy: '75%', soak: '10m', maxFailures: { wave: 0 } }],
])('%j is fine', (options, names) => {
  expect(refusal(options, names?.slice())).toBe('')
})
