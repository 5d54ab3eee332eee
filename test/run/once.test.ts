import { describe, expect, test } from 'vitest'
import { change, observe, play, restored, TaskError } from '../../src/index.ts'
import { hosts, sideBySide, tryBack, tryRun } from '../support/engine.ts'
import { webTier } from '../support/web-tier.ts'

test('what was done once is taken back after all that came after it on the hosts of its wave, and before what came before it', async () => {
  const log: string[] = []
  const step = change('step', {
    apply: async (on, name: string) => {
      // The first host is quick to come back, the others are slow.
      log.push(`${name} ${on.name}`)
      return name
    },
    undo: async (on, name) => {
      for (let turns = 0; on.name !== 'a' && turns < 50; turns++) await Promise.resolve()
      log.push(`${name} ${on.name}`)
    },
  })
  const parts = [
    play('roll', hosts('a', 'b'))
      .task('before', () => step('before'))
      .task('once', () => step('once'), { runOnce: 'play' })
      .task('after', ({ once }) => step(`after ${once}`)),
  ]
  const run = await tryRun(parts)
  expect(run.outcome).toBe('ok')
  log.length = 0
  expect((await tryBack(parts, { before: run.events })).outcome).toBe('ok')
  expect(log).toEqual(['after once a', 'after once b', 'once a', 'before a', 'before b'])
})

test('a handler is done by no more hosts side by side than its throttle', async () => {
  const { slow, most } = sideBySide()
  const tier = webTier()
  const parts = [
    play('p', hosts('a', 'b', 'c'))
      .handler('slow', () => slow(null), { throttle: 1 })
      .task('set', () => tier.set('x'), { notify: 'slow' }),
  ]
  expect((await tryRun(parts)).outcome).toBe('ok')
  expect(most()).toBe(1)
})

test('a collecting play does not do what turns out to be a change', async () => {
  const tier = webTier()
  const parts = [
    play('look', hosts('a'), { collect: true })
      .task('seen', () => tier.serves('look'))
      .task('set', ({ seen }) => tier.set(seen.serves)),
  ]
  expect((await tryRun(parts)).outcome).toBe('failed')
  expect(tier.log).toEqual(['look a'])
})

test('a failure that is forgiven is no reason to bring a restore point back, nor to do it again after what came after it', async () => {
  const tier = webTier()
  tier.sick.set('set a', 'failed')
  const parts = [
    play('roll', hosts('a'))
      .task('set', () => tier.set('x'), { ignoreErrors: true })
      .task('gate', () => tier.serves('gate')),
    play('last', hosts('a')).task('last', () => tier.serves('last')),
  ]
  tier.sick.set('last a', 'failed')
  const run = await tryRun(parts)
  expect(run.outcome).toBe('failed')
  tier.sick.clear()
  tier.log.length = 0
  expect((await tryRun(parts, { before: run.events })).outcome).toBe('ok')
  expect(tier.log).toEqual(['last a'])
})

test('whoever comes between two tries of what is done once waits for its end', async () => {
  const seen: string[] = []
  let left = 1
  const flaky = change('flaky', {
    apply: async (on, _input: null) => {
      if (left-- > 0) throw new TaskError(`${on.name} is sick`)
      return 'well'
    },
    undo: async () => {},
  })
  const note = observe('note', async (_on, word: string) => {
    seen.push(word)
  })
  const parts = [
    play('roll', hosts('a', 'b'), { window: 1 })
      .task('once', () => flaky(null), { runOnce: 'play', retries: 1, delay: 0, ignoreErrors: true })
      .task('note', ({ once }) => note(once ?? 'nothing')),
  ]
  const killed = await tryRun(parts, { crashAt: { n: 4, after: true } })
  expect(killed.events.at(-1)).toMatchObject({ type: 'task.retried' })
  expect((await tryRun(parts, { before: killed.events })).outcome).toBe('ok')
  expect(seen).toEqual(['well', 'well'])
})

describe('interrupted with tries left', () => {
  const interrupting = () => {
    const interrupt = new AbortController()
    return { interrupted: interrupt.signal, stop: () => interrupt.abort() }
  }

  test('a change is not forgiven: it is tried again on resume', async () => {
    const { interrupted, stop } = interrupting()
    let well = false
    const flaky = change('flaky', {
      apply: async (_on, _input: null) => {
        stop()
        if (!well) throw new TaskError('sick')
      },
      undo: async () => {},
    })
    const parts = [
      play('roll', hosts('a')).task('set', () => flaky(null), { retries: 3, delay: 0, ignoreErrors: true }),
    ]
    const run = await tryRun(parts, { interrupted })
    expect(run.outcome).toBe('interrupted')
    well = true
    const resumed = await tryRun(parts, { before: run.events })
    expect(resumed.outcome).toBe('ok')
    expect(resumed.events.findLast((event) => event.type === 'task.ended')).toMatchObject({
      result: 'changed',
    })
  })

  test('nor is an answer that was not so yet', async () => {
    const { interrupted, stop } = interrupting()
    let answers = 0
    const look = observe('look', async (_on, _input: null) => {
      stop()
      return ++answers
    })
    const parts = [
      play('roll', hosts('a')).task('look', () => look(null), {
        until: (answer) => answer === 2,
        delay: 0,
        ignoreErrors: true,
      }),
    ]
    const run = await tryRun(parts, { interrupted })
    expect(run.outcome).toBe('interrupted')
    expect((await tryRun(parts, { before: run.events })).outcome).toBe('ok')
    expect(answers).toBe(2)
  })

  test('a change that a restore point brings back is brought back and not continued', async () => {
    const { interrupted, stop } = interrupting()
    const rows: string[] = []
    const dump = change('dump', {
      apply: async (_on, _input: null) => {},
      undo: async () => {
        rows.length = 0
      },
    })
    let well = false
    const migrate = change('migrate', {
      apply: async (_on, _input: null) => {
        rows.push('half')
        stop()
        if (!well) throw new TaskError('sick')
      },
      undo: restored,
    })
    const point = play('point', hosts('a')).task('dump', () => dump(null))
    const hop = play('hop', hosts('a'), { restoredBy: [point] })
    const parts = [point, hop.task('migrate', () => migrate(null), { retries: 3, delay: 0 })]
    const run = await tryRun(parts, { interrupted })
    expect(run.outcome).toBe('interrupted')
    well = true
    expect((await tryRun(parts, { before: run.events })).outcome).toBe('ok')
    expect(rows).toEqual(['half'])
  })
})
