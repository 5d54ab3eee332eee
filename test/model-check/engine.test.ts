import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { change, fail, observe, play, TaskError, UnknownOutcome } from '../../src/index.ts'
import { ConnectionError } from '../../src/model/errors.ts'
import type { Stamped } from '../../src/model/event.ts'
import type { PlayOptions } from '../../src/model/play.ts'
import { playsOf } from '../../src/model/schedule.ts'
import { rulesOf, type Stage } from '../../src/run/rollout.ts'
import { hosts, scheduleOf, tryRun } from '../support/engine.ts'
import { type Shadow, shadowOf } from './shadow.ts'

type Fate = 'ok' | 'failed' | 'unknown' | 'unreachable'
const steps = 3

/** What one attempt meets: which of the hosts at work ends its task next, and how; at which turn somebody presses Ctrl-C. */
const attempts = fc.record({
  turns: fc.array(
    fc.record({
      which: fc.nat(10),
      fate: fc.constantFrom<Fate>('ok', 'ok', 'ok', 'ok', 'ok', 'ok', 'failed', 'unknown', 'unreachable'),
    }),
    { minLength: 24, maxLength: 24 },
  ),
  interrupt: fc.option(fc.nat(8), { freq: 4 }),
})
const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
const rollouts = fc
  .record({
    serial: some(fc.constantFrom<PlayOptions['serial']>(1, 2, '50%', [1, 2])),
    window: some(fc.constantFrom<PlayOptions['window']>(1, 2, '50%')),
    canary: some(fc.constantFrom<PlayOptions['canary']>(1, 2)),
    order: some(fc.constantFrom<PlayOptions['order']>('sorted', 'reverse_inventory', 'shuffle')),
    strategy: some(fc.constantFrom<PlayOptions['strategy']>('linear', 'free')),
    minHealthy: some(fc.constantFrom<PlayOptions['minHealthy']>(1, 2, '50%')),
    soak: some(fc.constant<PlayOptions['soak']>('1ms')),
    maxFailPercentage: some(fc.constantFrom(0, 25, 50, 100)),
    maxFailures: some(fc.constantFrom<PlayOptions['maxFailures']>({ wave: 1 }, { play: 1 }, { run: 2 })),
    anyErrorsFatal: some(fc.boolean()),
  })
  .map((wish): PlayOptions => {
    const { serial, strategy, ...others } = wish
    const options = others.window === undefined ? wish : others
    return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  })

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

test('1,000 random paths through the real engine are step for step what is decided', async () => {
  let paths = 0
  await fc.assert(
    fc.asyncProperty(
      rollouts,
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 0, max: 2 }),
      fc.tuple(attempts, attempts),
      async (options, count, forks, absent, both) => {
        fc.pre(isPossible(options, count))
        paths += 1
        await compare(options, count, forks, Math.min(absent, count - 1), both)
      },
    ),
    { numRuns: 1000, seed: 3 },
  )
  expect(paths).toBe(1000)
})

/** What the plan lets through. */
function isPossible(options: PlayOptions, count: number): boolean {
  try {
    scheduleOf([play('roll', hosts(...names(count)), options)])
    return true
  } catch {
    return false
  }
}

const names = (count: number) => Array.from({ length: count }, (_, n) => `h${n}`)

/** Runs, and resumes what did not end well, beside its shadow: at each turn both have the same hosts at the same tasks. */
async function compare(
  options: PlayOptions,
  count: number,
  forks: number,
  absent: number,
  both: readonly {
    readonly turns: readonly { which: number; fate: Fate }[]
    readonly interrupt: number | null
  }[],
): Promise<void> {
  const gates = new Map<string, (fate: Fate) => void>()
  const waits = (host: string, step: string) =>
    new Promise<Fate>((resolve) => {
      gates.set(`${host}/${step}`, resolve)
    })
  let met: Fate = 'ok'
  const work = change('work', {
    check: async (on, step: string) => {
      met = await waits(on.name, step)
      if (met === 'unreachable') throw new ConnectionError(on.name, 'unreachable', 'gone')
      return undefined
    },
    apply: async () => {
      if (met === 'unknown') throw new UnknownOutcome('who knows')
      if (met === 'failed') throw new TaskError('no')
      return null
    },
    undo: async () => {},
  })
  const everyone = hosts(...names(count))
  const lost = new Set(names(count).slice(count - absent))
  const parts = [
    play('before', everyone, { maxFailPercentage: 99 }).task('look', ({ host }) =>
      lost.has(host.name) ? fail('lost') : observe('look', async () => null)(null),
    ),
    play('roll', everyone, options)
      .task('0', () => work('0'))
      .task('1', () => work('1'))
      .task('2', () => work('2')),
  ]
  const waves = (playsOf(scheduleOf(parts))[1]?.waves ?? []).map((wave) => wave.map(({ name }) => name))
  let stages = new Map<string, Stage>([...lost].map((host) => [host, 'absent']))
  let done: ReadonlyMap<string, number> = new Map()
  let before: readonly Stamped[] | undefined

  for (const { turns, interrupt } of both) {
    const shadow: Shadow = shadowOf(rulesOf(options, count, count, forks), waves, steps, {
      stages,
      done,
      absent,
    })
    const ctrlC = new AbortController()
    const run = tryRun(parts, { forks, interrupted: ctrlC.signal, ...(before && { before }) })
    let over = false
    void run.finally(() => {
      over = true
    })
    for (const [turn, { which, fate }] of turns.entries()) {
      await quiet()
      const atWork = shadow.atWork()
      expect([...gates.keys()].toSorted()).toEqual(atWork)
      expect(over).toBe(shadow.end() !== undefined)
      if (over) break
      if (turn === interrupt) {
        ctrlC.abort()
        shadow.interrupt()
        continue
      }
      const id = atWork[which % atWork.length] ?? ''
      const [host = ''] = id.split('/')
      // What is stopped while it still looks has neither failed nor begun.
      shadow.ends(host, ctrlC.signal.aborted ? 'cancelled' : fate)
      gates.get(id)?.(fate)
      gates.delete(id)
    }
    const { outcome, events } = await run
    const end = shadow.end()
    const told = events.slice(before?.length ?? 0)
    expect(
      told.flatMap((event) => (event.type === 'wave.started' && event.play === 'roll' ? [event.wave] : [])),
    ).toEqual(shadow.begun)
    expect(told.some((event) => event.type === 'stopped')).toBe(end?.kind === 'stopped')
    expect(outcome === 'interrupted').toBe(end?.kind === 'interrupted')
    const isWell = names(count).every((host) => shadow.stageOf(host) === 'done')
    expect(outcome === 'ok').toBe(end?.kind === 'done' && isWell)
    if (outcome === 'ok') return
    before = events
    done = shadow.done
    stages = new Map(
      names(count).map((host) => {
        const stage = shadow.stageOf(host)
        return [host, ['waiting', 'done', 'absent'].includes(stage) ? stage : 'halfway']
      }),
    )
  }
}

/** All that can go on by itself has gone on. */
async function quiet(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
  // A soak time may be over: no more than that, or deadlines would be.
  await vi.advanceTimersByTimeAsync(1)
  await new Promise((resolve) => setImmediate(resolve))
}
