import { afterEach, expect, test, vi } from 'vitest'
import { fail, observe, type PlayOptions, play } from '../../src/index.ts'
import type { Event, Stamped } from '../../src/model/event.ts'
import type { Host } from '../../src/model/host.ts'
import type { Part } from '../../src/model/playbook.ts'
import { hosts, type Trial, type Tried, tryRun } from '../support/engine.ts'

afterEach(() => void vi.useRealTimers())

const look = observe('look', async () => null)
const sick =
  (...names: string[]) =>
  ({ host }: { readonly host: Host<{}> }) =>
    names.includes(host.name) ? fail('sick') : look(null)

/** A play on these hosts of one look, which some of them fail. */
const roll = (names: string, options: PlayOptions, failing = '') =>
  play('roll', hosts(...names.split(' ')), options).task('t', sick(...failing.split(' ')))

const done = ({ events }: Tried) =>
  events.flatMap((event) =>
    event.type === 'task.ended' ? [`${event.task.split('/')[1]} ${event.result}`] : [],
  )
const reason = ({ events }: Tried) =>
  events.flatMap((event) => (event.type === 'stopped' ? [event.reason] : []))[0]

test('an unreachable host under maxFailPercentage 0 stops the run, where Ansible goes on', async () => {
  const run = await tryRun([roll('a gone b c', { serial: 2, maxFailPercentage: 0 })], { down: ['gone'] })
  expect(run.outcome).toBe('unreachable')
  expect(done(run)).toEqual(['gone unreachable', 'a ok'])
  expect(reason(run)).toBe('1 of 2 hosts of this wave failed, 0 % are allowed to: gone (unreachable)')
})

test('serial 1 with anyErrorsFatal and an unreachable host stops the run, where Ansible goes on', async () => {
  const run = await tryRun([roll('a gone b', { serial: 1, anyErrorsFatal: true })], { down: ['gone'] })
  expect(run.outcome).toBe('unreachable')
  expect(done(run)).toEqual(['a ok', 'gone unreachable'])
  expect(reason(run)).toBe('1 of 1 hosts of this wave failed, and any error is fatal: gone (unreachable)')
})

test.each<[string, Part[], readonly string[], string]>([
  [
    'no host of the same wave begins after a breach',
    [roll('a b c d', {}, 'b')],
    ['a ok', 'b failed'],
    '1 of 4 hosts of this wave failed, 0 % are allowed to: b (failed)',
  ],
  [
    'a canary that fails is enough, whatever may fail',
    [roll('a b c', { canary: 1, maxFailPercentage: 50 }, 'a')],
    ['a failed'],
    '1 of 1 canary hosts failed: a (failed)',
  ],
  [
    'a wave of which all hosts failed stops the run, whatever may fail',
    [roll('a b c', { serial: 1, maxFailPercentage: 100 }, 'b')],
    ['a ok', 'b failed'],
    'no host of this wave ended well: b (failed)',
  ],
  [
    'a window stops at the failure that is one too many',
    [roll('a b c d e', { window: 1, maxFailPercentage: 20 }, 'a c')],
    ['a failed', 'b ok', 'c failed'],
    '2 of 5 hosts of this wave failed, 20 % are allowed to: a (failed), c (failed)',
  ],
  [
    'failures are counted over the waves of a play',
    [roll('a b c d e f', { serial: 2, maxFailures: { wave: 1, play: 1 } }, 'a d')],
    ['a failed', 'b ok', 'c ok', 'd failed'],
    '2 failed in this play, 1 may: a (failed), d (failed)',
  ],
  [
    'failures are counted over the run',
    [
      play('before', hosts('x', 'y'), { maxFailPercentage: 50 }).task('t', sick('x')),
      roll('a b c d', { serial: 2, maxFailures: { run: 1 } }, 'a'),
    ],
    ['x failed', 'y ok', 'a failed'],
    '2 failed in this run, 1 may: a (failed)',
  ],
  [
    'hosts that failed are out of service',
    [roll('a b c d', { serial: 2, minHealthy: 3, maxFailPercentage: 50 }, 'b')],
    ['a ok', 'b failed'],
    '3 hosts of this play are in service, and 3 must be (minHealthy): no other can be worked on: b (failed)',
  ],
  [
    'hosts that an earlier play lost are out of service',
    [
      play('before', hosts('a', 'b'), { maxFailPercentage: 50 }).task('t', sick('a')),
      roll('a b', { minHealthy: 1 }),
    ],
    ['a failed', 'b ok'],
    '1 hosts of this play are in service, and 1 must be (minHealthy): no other can be worked on',
  ],
])('%s', async (_name, parts, expected, why) => {
  const run = await tryRun(parts, { forks: 1 })
  expect(done(run)).toEqual(expected)
  expect(reason(run)).toBe(why)
  expect(run.outcome).toBe('failed')
})

/** A play of two tasks per host that end when they are told to. */
function controlled(names: string, options: PlayOptions, trial: Trial = {}) {
  const open = new Map<string, (error?: Error) => void>()
  const task = observe(
    'task',
    (_on, id: string) =>
      new Promise<null>((resolve, reject) => {
        open.set(id, (error) => (error === undefined ? resolve(null) : reject(error)))
      }),
  )
  const part = play('roll', hosts(...names.split(' ')), options)
    .task('one', ({ host }) => task(`${host.name}1`))
    .task('two', ({ host }) => task(`${host.name}2`))
  const run = tryRun([part], trial)
  const quiet = () => new Promise((resolve) => setImmediate(resolve))
  return {
    run,
    atWork: async () => {
      await quiet()
      return [...open.keys()].join(' ')
    },
    end: (ids: string, error?: Error) => {
      for (const id of ids.split(' ')) {
        open.get(id)?.(error)
        open.delete(id)
      }
    },
  }
}

test('a window slides: as one host ends, the next begins', async () => {
  const { run, atWork, end } = controlled('a b c', { window: 2 })
  expect(await atWork()).toBe('a1 b1')
  end('b1')
  expect(await atWork()).toBe('a1 b2')
  end('b2')
  expect(await atWork()).toBe('a1 c1')
  end('a1')
  end('c1')
  expect(await atWork()).toBe('a2 c2')
  end('a2 c2')
  const { outcome, events } = await run
  expect(outcome).toBe('ok')
  expect(events.filter(({ type }) => type === 'wave.started' || type === 'wave.ended')).toHaveLength(2)
})

test('linear: no host begins a task before all of the wave ended the one before it, with fewer forks too', async () => {
  const { run, atWork, end } = controlled('a b c', { strategy: 'linear' }, { forks: 2 })
  expect(await atWork()).toBe('a1 b1')
  end('a1')
  expect(await atWork()).toBe('b1 c1')
  end('b1')
  expect(await atWork()).toBe('c1')
  end('c1')
  expect(await atWork()).toBe('a2 b2')
  end('a2')
  expect(await atWork()).toBe('b2 c2')
  end('b2 c2')
  expect((await run).outcome).toBe('ok')
})

test('linear: the rule is asked after each task, and the others stop there', async () => {
  const { run, atWork, end } = controlled('a b', { strategy: 'linear', maxFailPercentage: 49 })
  await atWork()
  end('a1', new Error('no'))
  expect(await atWork()).toBe('b1')
  end('b1')
  const tried = await run
  expect(tried.outcome).toBe('failed')
  expect(reason(tried)).toBe(
    '1 of 2 hosts of this wave failed, 49 % are allowed to: a (failed); stopped on their way: b',
  )
})

test('linear: an interrupt lets go whom the others hold', async () => {
  const interrupt = new AbortController()
  const { run, atWork, end } = controlled('a b', { strategy: 'linear' }, { interrupted: interrupt.signal })
  await atWork()
  end('a1')
  expect(await atWork()).toBe('b1')
  interrupt.abort()
  end('b1')
  expect((await run).outcome).toBe('interrupted')
})

test('minHealthy caps how many are worked on together', async () => {
  const { run, atWork, end } = controlled('a b c d', { minHealthy: '50%' })
  expect(await atWork()).toBe('a1 b1')
  end('a1')
  expect(await atWork()).toBe('b1 a2')
  end('a2')
  expect(await atWork()).toBe('b1 c1')
  end('b1 c1')
  await atWork()
  end('b2 c2')
  expect(await atWork()).toBe('d1')
  end('d1')
  await atWork()
  end('d2')
  expect((await run).outcome).toBe('ok')
})

const waves = (events: readonly (Event & { readonly seq?: number })[]) =>
  events.flatMap((event) => (event.type === 'wave.started' ? [event.wave] : []))

test('between two waves is the soak time; an interrupt ends it, and a resumed run waits again', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const told: Stamped[] = []
  const interrupt = new AbortController()
  const parts = [roll('a b', { serial: 1, soak: '10m' })]
  const run = tryRun(parts, { onEvent: (event) => told.push(event), interrupted: interrupt.signal })
  await vi.advanceTimersByTimeAsync(599_000)
  expect(waves(told)).toEqual([1])
  expect(told.at(-1)).toMatchObject({ type: 'wave.soaking', play: 'roll', wave: 2, seconds: 600 })
  interrupt.abort()
  const { outcome, events: before } = await run
  expect(outcome).toBe('interrupted')
  const resumed = tryRun(parts, { before, onEvent: (event) => told.push(event) })
  await vi.advanceTimersByTimeAsync(599_000)
  expect(waves(told)).toEqual([1])
  await vi.advanceTimersByTimeAsync(1000)
  expect((await resumed).outcome).toBe('ok')
  expect(waves(told)).toEqual([1, 2])
})

test('check mode does not wait between waves', async () => {
  const run = await tryRun([roll('a b', { serial: 1, soak: '10m' })], { check: true })
  expect(waves(run.events)).toEqual([1, 2])
})

test('a resumed run goes on with a wave that failed, and leaves out what is done', async () => {
  let isSick = true
  const parts = [
    play('roll', hosts('a', 'b', 'c', 'd'), { serial: 2 }).task('t', ({ host }) =>
      observe('look', async () => {
        if (isSick && host.name === 'd') throw new Error('sick')
        return null
      })(null),
    ),
  ]
  const run = await tryRun(parts)
  expect(run.outcome).toBe('failed')
  isSick = false
  const resumed = await tryRun(parts, { before: run.events })
  expect(resumed.outcome).toBe('ok')
  const since = { ...resumed, events: resumed.events.slice(run.events.length) }
  expect(done(since)).toEqual(['d ok'])
  expect(waves(since.events)).toEqual([2])
})
