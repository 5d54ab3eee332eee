import { describe, expect, test } from 'vitest'
import { fail, observe, play } from '../../src/index.ts'
import { hosts, takenBackFromEachCrash, tryBack, tryRun } from '../support/engine.ts'
import { webTier } from '../support/web-tier.ts'

test('begun anew, a block begins the blocks within it anew too', async () => {
  const tier = webTier()
  tier.sick.set('gate a', 'failed')
  tier.sick.set('last a', 'failed')
  tier.sick.set('help a', 'failed')
  const parts = [
    play('roll', hosts('a')).block(
      'outer',
      (tasks) =>
        tasks
          .block(
            'inner',
            (inner) => inner.task('set', () => tier.set('new')).task('gate', () => tier.serves('gate')),
            { rescue: (inner) => inner.task('mend', () => tier.set('mended')) },
          )
          .task('last', () => tier.serves('last')),
      { rescue: (tasks) => tasks.task('help', () => tier.serves('help')) },
    ),
  ]
  const run = await tryRun(parts)
  expect(run.outcome).toBe('failed')
  for (let n = 1; ; n++) {
    tier.sick.clear()
    tier.files.set('a', 'mended')
    const killed = await tryRun(parts, { before: run.events, crashAt: { n, after: true } })
    const resumed = killed.outcome === 'crash' ? await tryRun(parts, { before: killed.events }) : killed
    expect(resumed.outcome, `crash ${n}`).toBe('ok')
    expect(tier.files.get('a'), `crash ${n}`).toBe('new')
    if (killed.outcome !== 'crash') return
  }
})

describe('rolled back after a block began anew', () => {
  test('what a rescue did by the failure that it saw is undone', async () => {
    const tier = webTier()
    tier.sick.set('gate a', 'failed')
    tier.sick.set('help a', 'failed')
    const parts = [
      play('roll', hosts('a')).block('b', (tasks) => tasks.task('gate', () => tier.serves('gate')), {
        rescue: (tasks) =>
          tasks
            .task('note', ({ failure }) => tier.set(`mended after ${failure.task}`))
            .task('help', () => tier.serves('help')),
      }),
    ]
    const run = await tryRun(parts)
    expect(run.outcome).toBe('failed')
    tier.sick.clear()
    const again = await tryRun(parts, { before: run.events })
    expect(again.outcome).toBe('ok')
    expect((await tryBack(parts, { before: again.events })).outcome).toBe('ok')
    expect(tier.files.get('a')).toBe('old')
  })

  test('so is what was done for each item of an answer', async () => {
    const tier = webTier()
    tier.sick.set('gate a', 'failed')
    tier.sick.set('help a', 'failed')
    const names = observe('names', async (_on, _input: null) => ['x', 'y'])
    const parts = [
      play('roll', hosts('a')).block(
        'b',
        (tasks) =>
          tasks
            .task('names', () => names(null))
            .each(
              'set',
              ({ names: found }) => found,
              ({ item }) => tier.set(item),
            )
            .task('gate', () => tier.serves('gate')),
        { rescue: (tasks) => tasks.task('help', () => tier.serves('help')) },
      ),
    ]
    for await (const { n, failed, back } of takenBackFromEachCrash(parts, tier.reset)) {
      expect([failed.outcome, back.outcome], `crash ${n}`).toEqual(['failed', 'ok'])
      expect(tier.files.get('a')).toBe('old')
    }
  })
})

test('a rescue that the selection empties rescues nothing', async () => {
  const tier = webTier()
  tier.sick.set('gate a', 'failed')
  const parts = [
    play('roll', hosts('a')).block(
      'b',
      (tasks) => tasks.task('gate', () => tier.serves('gate'), { tags: 'look' }),
      { rescue: (tasks) => tasks.task('give up', ({ failure }) => fail(failure.message)) },
    ),
  ]
  const run = await tryRun(parts, { selection: { tags: ['look'], skipTags: [] } })
  expect(run.outcome).toBe('failed')
})
