import { describe, expect, test } from 'vitest'
import { play, skip } from '../../src/index.ts'
import type { Part } from '../../src/model/playbook.ts'
import { fold } from '../../src/model/state.ts'
import { outline } from '../../src/plan/outline.ts'
import { outlineText } from '../../src/plan/text.ts'
import { hosts, interruptedAfter, scheduleOf, tryBack, tryRun } from '../support/engine.ts'
import { endsOf, webTier } from '../support/web-tier.ts'

const rollout = (tier: ReturnType<typeof webTier>, ...names: string[]): readonly Part[] => [
  play('roll', hosts(...names), { maxFailPercentage: 100 })
    .handler('reload', () => tier.reload(null))
    .handler('look', () => tier.serves('look'))
    .task('one', () => tier.set('1'), { notify: ['look', 'reload'] })
    .task('two', () => tier.set('2'), { notify: 'reload' })
    .task('gate', () => tier.serves('gate')),
]

test('a handler is done once, however often it was notified, after the tasks, in the order of definition', async () => {
  const tier = webTier()
  const run = await tryRun(rollout(tier, 'a'))
  expect(run.outcome).toBe('ok')
  expect(tier.log).toEqual(['set a', 'set a', 'gate a', 'reload a', 'look a'])
  expect(tier.running.get('a')).toBe('2')
})

test('what was so already notifies nobody', async () => {
  const tier = webTier()
  tier.files.set('a', '1')
  const parts = [
    play('roll', hosts('a'))
      .handler('reload', () => tier.reload(null))
      .task('one', () => tier.set('1'), { notify: 'reload' }),
  ]
  expect((await tryRun(parts)).outcome).toBe('ok')
  expect(tier.log).toEqual([])
})

test('flush does them where it stands, and again at the end if they were notified again', async () => {
  const tier = webTier()
  const parts = [
    play('roll', hosts('a'))
      .handler('reload', () => tier.reload(null))
      .task('one', () => tier.set('1'), { notify: 'reload' })
      .flush()
      .task('gate', () => tier.serves('gate'))
      .task('two', () => tier.set('2'), { notify: 'reload' })
      .flush()
      .flush(),
  ]
  expect((await tryRun(parts)).outcome).toBe('ok')
  expect(tier.log).toEqual(['set a', 'reload a', 'gate a', 'set a', 'reload a'])
  const back = await tryBack(parts, { before: (await tryRun(parts)).events })
  expect(back.outcome).toBe('ok')
})

test('a host that failed, and the others, have their handlers done all the same', async () => {
  const tier = webTier()
  tier.sick.set('gate a', 'failed')
  const run = await tryRun(rollout(tier, 'a', 'b'))
  expect(run.outcome).toBe('failed')
  expect(tier.log.filter((line) => line.startsWith('reload'))).toEqual(['reload a', 'reload b'])
})

test('a handler that fails fails its host, keeps no other handler from being done, and is done on resume', async () => {
  const tier = webTier()
  tier.sick.set('reload a', 'failed')
  const parts = rollout(tier, 'a', 'b')
  const run = await tryRun(parts)
  expect(run.outcome).toBe('failed')
  expect(run.events.at(-1)).toMatchObject({ type: 'due', handlers: ['roll/a/reload'] })
  expect(tier.log.filter((line) => line.endsWith('a'))).toEqual([
    'set a',
    'set a',
    'gate a',
    'reload a',
    'look a',
  ])
  tier.sick.clear()
  tier.log.length = 0
  expect((await tryRun(parts, { before: run.events })).outcome).toBe('ok')
  expect(tier.log).toEqual(['reload a'])
})

test('a handler that failed at a flush is not tried again at the end', async () => {
  const tier = webTier()
  tier.sick.set('reload a', 'failed')
  const parts = [
    play('roll', hosts('a'))
      .handler('reload', () => tier.reload(null))
      .task('one', () => tier.set('1'), { notify: 'reload' })
      .flush()
      .task('gate', () => tier.serves('gate')),
  ]
  expect((await tryRun(parts)).outcome).toBe('failed')
  expect(tier.log).toEqual(['set a', 'reload a'])
})

test('after an interrupt they stay pending, are named, and are done on resume', async () => {
  const tier = webTier()
  const parts = rollout(tier, 'a')
  const run = await interruptedAfter(parts, 'roll/a/gate')
  expect(run.outcome).toBe('interrupted')
  expect(run.events.at(-1)).toMatchObject({ type: 'due', handlers: ['roll/a/look', 'roll/a/reload'] })
  expect(tier.log).not.toContain('reload a')
  tier.log.length = 0
  expect((await tryRun(parts, { before: run.events })).outcome).toBe('ok')
  expect(tier.log).toEqual(['reload a', 'look a'])
})

test('on a host that stopped answering they stay pending until a resume', async () => {
  const tier = webTier()
  const down: string[] = []
  const parts = rollout(tier, 'a')
  const onEvent = (event: { type: string; task?: string }) => {
    if (event.type === 'task.ended' && event.task === 'roll/a/one') down.push('a')
  }
  const run = await tryRun(parts, { down, onEvent })
  expect(run.outcome).toBe('unreachable')
  expect(tier.log).toEqual(['set a'])
  expect((await tryRun(parts, { before: run.events })).outcome).toBe('ok')
  expect(tier.running.get('a')).toBe('2')
})

test('the stop rule stops tasks, not handlers that were notified before it spoke', async () => {
  const tier = webTier()
  tier.sick.set('gate a', 'failed')
  const parts = [
    play('roll', hosts('a', 'b'), { anyErrorsFatal: true })
      .handler('reload', () => tier.reload(null))
      .task('one', () => tier.set('1'), { notify: 'reload' })
      .task('gate', () => tier.serves('gate'))
      .each(
        'more',
        Array.from({ length: 50 }, (_, n) => `${n}`),
        ({ item }) => tier.serves(item),
      ),
  ]
  expect((await tryRun(parts)).outcome).toBe('failed')
  expect(tier.log).toContain('reload b')
  expect(tier.log).not.toContain('49 b')
})

test('killed at any append and resumed: every file that was changed is loaded, and not more than once more', async () => {
  const tier = webTier()
  const parts = rollout(tier, 'a', 'b')
  for (let n = 1; ; n++)
    for (const kind of ['before', 'after', 'unsynced']) {
      tier.reset()
      const crashed = await tryRun(parts, {
        crashAt: { n, after: kind !== 'before', unsynced: kind === 'unsynced' },
      })
      if (crashed.outcome !== 'crash') return
      expect((await tryRun(parts, { before: crashed.events })).outcome).toBe('ok')
      expect(Object.fromEntries(tier.running), `crash ${n} ${kind}`).toEqual({ a: '2', b: '2' })
      const reloads = tier.log.filter((line) => line === 'reload a').length
      expect(reloads).toBeLessThanOrEqual(2)
    }
})

describe('in a rollback', () => {
  test('a handler is undone after the tasks of its play on its host, so that it loads what was brought back', async () => {
    const tier = webTier()
    const parts = rollout(tier, 'a')
    const run = await tryRun(parts)
    tier.log.length = 0
    expect((await tryBack(parts, { before: run.events })).outcome).toBe('ok')
    expect(tier.log).toEqual(['undo set a', 'undo set a', 'undo reload a'])
    expect(tier.running.get('a')).toBe('old')
  })

  test('killed at any append and rolled back again: what runs is the old', async () => {
    const tier = webTier()
    const parts = rollout(tier, 'a', 'b')
    for (let n = 1; ; n++)
      for (const after of [false, true]) {
        tier.reset()
        const run = await tryRun(parts)
        const back = await tryBack(parts, { before: run.events, crashAt: { n, after } })
        if (back.outcome !== 'crash') return
        expect((await tryBack(parts, { before: back.events })).outcome).toBe('ok')
        expect([...tier.running.values()], `crash ${n}`).toEqual(['old', 'old'])
      }
  })

  test('one that never began is not undone', async () => {
    const tier = webTier()
    tier.sick.set('gate a', 'failed')
    const parts = [
      play('roll', hosts('a'))
        .handler('reload', ({ host }) => (host.name === 'b' ? tier.reload(null) : skip('not here')))
        .task('one', () => tier.set('1'), { notify: 'reload' })
        .task('gate', () => tier.serves('gate')),
    ]
    const run = await tryRun(parts)
    expect((await tryBack(parts, { before: run.events })).outcome).toBe('ok')
    expect(tier.log).not.toContain('undo reload a')
  })
})

test('check mode says that a handler would run, or that it would if something changed, and does nothing', async () => {
  const tier = webTier()
  const parts = [
    play('roll', hosts('a'))
      .handler('sure', () => tier.reload(null))
      .handler('perhaps', () => tier.reload(null))
      .handler('never', () => tier.reload(null))
      .task('same', () => tier.set('old'), { notify: 'never' })
      .task('one', () => tier.set('1'), { notify: 'sure' })
      .task('two', ({ one }) => tier.set(`${one.to} and more`), { notify: 'perhaps' }),
  ]
  const run = await tryRun(parts, { check: true })
  expect(endsOf(run)).toEqual([
    'roll/a/same: ok',
    'roll/a/one: would-change',
    'roll/a/two: not-known',
    'roll/a/sure: would-change',
    'roll/a/perhaps: not-known',
  ])
  const messages = run.events.flatMap((event) => (event.type === 'task.ended' ? [event.message] : []))
  expect(messages.slice(-2)).toEqual([
    'would run, for roll/a/one would change something',
    'would run if roll/a/two changes something',
  ])
  expect(tier.log).toEqual([])
  expect(outlineText(outline(scheduleOf(parts), fold([])))).toContain(
    'a > sure: if it is notified: unknown until',
  )
})

test('a handler that nobody defined, made by a program, is refused with the nearest', () => {
  const tier = webTier()
  const wrong: string = 'relaod'
  const make = () =>
    scheduleOf([
      play('roll', hosts('a'))
        .handler('reload', () => tier.reload(null))
        .task('one', () => tier.set('1'), { notify: wrong as 'reload' }),
    ])
  expect(make).toThrow(
    /"one" notifies "relaod", and the play has no such handler; did you mean "reload"\? \(.*handlers\.test\.ts:\d+:\d+\)/,
  )
})
