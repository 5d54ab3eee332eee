import { expect, test, vi } from 'vitest'
import { approve, change, fail, observe, play } from '../../src/index.ts'
import type { Action, On } from '../../src/model/action.ts'
import type { Stamped } from '../../src/model/event.ts'
import { type Ended, withDeadline } from '../../src/run/deadline.ts'
import { hosts, type Tried, tryBack, tryRun } from '../support/engine.ts'

const results = ({ events }: Tried) =>
  events.flatMap((event) => (event.type === 'task.ended' ? [`${event.task}: ${event.result}`] : []))

/** A change that notes what was called, in order. */
const noting = (log: string[]) =>
  change('note', {
    check: async (on, _input: string) => {
      log.push(`check ${on.name}`)
      return undefined
    },
    remember: async (on) => {
      log.push(`remember ${on.name}`)
      return null
    },
    apply: async (on) => {
      log.push(`apply ${on.name}`)
      return null
    },
    undo: async (on) => {
      log.push(`undo ${on.name}`)
    },
  })

test('what an author writes may throw, anywhere: the task has failed, and no more than that', async () => {
  const boom = (): never => {
    throw new Error('boom')
  }
  const sudden: Action = {
    module: 'sudden',
    input: null,
    work: { kind: 'observe', read: boom },
  }
  const parts = [
    play('until', hosts('a')).task('t', () => observe('o', async () => 1)(null), {
      until: boom,
    }),
    play('make', hosts('b'))
      .task('first', () => observe('o', async () => ({ n: 1 }))(null))
      .task('t', ({ first }) => (first.n === 1 ? boom() : fail('x'))),
    play('read', hosts('c')).task('t', () => sudden),
    play('items', hosts('d'))
      .task('first', () => observe('o', async () => ({ n: 1 }))(null))
      .each(
        't',
        ({ first }): string[] => (first.n === 1 ? boom() : []),
        () => fail('x'),
      ),
  ]
  const runs = await Promise.all(parts.map((part) => tryRun([part])))
  expect(runs.map(({ outcome }) => outcome)).toEqual(['failed', 'failed', 'failed', 'failed'])
  expect(runs.flatMap(results).filter((line) => line.endsWith('failed'))).toEqual([
    'until/a/t: failed',
    'make/b/t: failed',
    'read/c/t: failed',
    'items/d/t: failed',
  ])
})

test('a question whose function throws stops the run and says so', async () => {
  const log: string[] = []
  const first = play('look', hosts('a')).task('o', () => observe('o', async () => ({ n: 1 }))(null))
  const parts = [
    first,
    approve('sure', ({ from }) => {
      for (const { results: seen } of from.all(first)) throw new Error(`boom ${seen.o.n}`)
      return 'Sure?'
    }),
    play('p', hosts('a')).task('t', () => noting(log)('x')),
  ]
  const run = await tryRun(parts)
  expect(run.outcome).toBe('failed')
  expect(run.events.at(-1)).toMatchObject({ type: 'stopped', reason: expect.stringContaining('boom 1') })
  expect(log).toEqual([])
})

test.each(['task.checking', 'remember'])(
  'an interrupt during %s: nothing is begun after it',
  async (when) => {
    const log: string[] = []
    const interrupt = new AbortController()
    const module = change('slow', {
      check: async () => undefined,
      remember: async () => {
        if (when === 'remember') interrupt.abort()
        return null
      },
      apply: async () => {
        log.push('apply')
        return null
      },
      undo: async () => {},
    })
    const parts = [play('p', hosts('a')).task('t', () => module(null))]
    const onEvent = (event: Stamped) => {
      if (event.type === when) interrupt.abort()
    }
    const run = await tryRun(parts, { interrupted: interrupt.signal, onEvent })
    expect(run.outcome).toBe('interrupted')
    expect(results(run)).toEqual(['p/a/t: cancelled'])
    expect(log).toEqual([])
    expect((await tryRun(parts, { before: run.events })).outcome).toBe('ok')
  },
)

test('an interrupt while collecting is an interrupt, not a finding', async () => {
  const interrupt = new AbortController()
  const look = observe('look', async () => {
    interrupt.abort()
    return null
  })
  const parts = [
    play('preflight', hosts('a', 'b'), { collect: true })
      .task('one', () => look(null))
      .task('two', () => look(null)),
  ]
  expect((await tryRun(parts, { interrupted: interrupt.signal, forks: 1 })).outcome).toBe('interrupted')
})

test('findings after a change are a failure: nobody says that nothing was changed', async () => {
  const parts = [
    play('change', hosts('a')).task('t', () => noting([])('x')),
    play('gates', hosts('a'), { collect: true }).task('bad', () => fail('sick')),
  ]
  const run = await tryRun(parts)
  expect(run.outcome).toBe('failed')
  expect(run.events.find((event) => event.type === 'stopped')).not.toMatchObject({
    reason: expect.stringContaining('nothing was changed'),
  })
})

test('hosts that failed before, and were allowed to, are no findings of a collecting play', async () => {
  const log: string[] = []
  const parts = [
    play('roll', hosts('a', 'b'), { maxFailPercentage: 50 }).task('t', ({ host }) =>
      host.name === 'a' ? fail('sick') : noting(log)('x'),
    ),
    play('look', hosts('b'), { collect: true }).task('fine', () => observe('o', async () => null)(null)),
    play('after', hosts('b')).task('t', () => noting(log)('x')),
  ]
  expect((await tryRun(parts)).outcome).toBe('failed')
  expect(log.filter((line) => line === 'apply b')).toHaveLength(2)
})

test('a rollback that is interrupted stops at its next task and is gone on with by the next', async () => {
  const interrupt = new AbortController()
  const log: string[] = []
  const parts = [play('p', hosts('a')).each('t', ['1', '2', '3'], ({ item }) => noting(log)(item))]
  const run = await tryRun(parts)
  const onEvent = (event: Stamped) => {
    if (event.type === 'undo.ended') interrupt.abort()
  }
  const back = await tryBack(parts, { before: run.events, interrupted: interrupt.signal, onEvent })
  expect(back.outcome).toBe('interrupted')
  expect(log.filter((line) => line === 'undo a')).toHaveLength(1)
  expect((await tryBack(parts, { before: back.events })).outcome).toBe('ok')
  expect(log.filter((line) => line === 'undo a')).toHaveLength(3)
})

test('a second try, and an undo, first end the jobs that the first try left running', async () => {
  const log: string[] = []
  let sick = true
  const module = change('job', {
    apply: async () => {
      log.push('apply')
      if (sick) throw new Error('timed out')
      return null
    },
    undo: async () => {
      log.push('undo')
    },
  })
  const parts = [play('p', hosts('a')).task('t', () => module(null))]
  const endJobs = () => log.push('end jobs')
  const run = await tryRun(parts, { endJobs })
  sick = false
  await tryRun(parts, { before: run.events, endJobs })
  await tryBack(parts, { before: run.events, endJobs })
  expect(log).toEqual(['apply', 'end jobs', 'apply', 'end jobs', 'undo'])
})

test('when the journal fails, what is under way ends and nothing new begins, on any host', async () => {
  const log: string[] = []
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const module = change('slow', {
    apply: async (on) => {
      log.push(`begin ${on.name}`)
      if (on.name === 'a') await held
      log.push(`end ${on.name}`)
      // After all that follows from the failure at once.
      if (on.name === 'c') setImmediate(() => release())
      return null
    },
    undo: async () => {},
  })
  const parts = [
    play('p', hosts('a', 'b', 'c'))
      .task('one', () => module(null))
      .task('two', () => module(null)),
  ]
  // The fourth sync is that of the first second task: the three first tasks are under way or done.
  const run = tryRun(parts, { failSync: 4 })
  await expect(run).rejects.toThrow('ENOSPC')
  expect(log.toSorted()).toEqual(['begin a', 'begin b', 'begin c', 'end a', 'end b', 'end c'])
})

test('work that outlives its deadline has no say any more', async () => {
  let kept: On | undefined
  const look = observe('look', async (on) => {
    kept = on
    return null
  })
  const run = await tryRun([play('p', hosts('a')).task('t', () => look(null))])
  const told = run.events.length
  kept?.say('still here')
  expect(run.events).toHaveLength(told)
  expect(kept?.signal.aborted).toBe(true)
  await expect(kept?.job('x', { text: 'true' } as never)).rejects.toThrow(/is over/)
})

test('a deadline of months is not over at once', async () => {
  vi.useFakeTimers()
  try {
    const ended: Ended<string> = await withDeadline(90 * 24 * 3600, undefined, async (signal) => {
      await vi.advanceTimersByTimeAsync(60_000)
      return signal.aborted ? 'aborted' : 'calm'
    })
    expect(ended).toEqual({ kind: 'done', value: 'calm' })
  } finally {
    vi.useRealTimers()
  }
})
