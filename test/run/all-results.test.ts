import { describe, expect, test } from 'vitest'
import { play } from '../../src/index.ts'
import { hosts, tryRun } from '../support/engine.ts'
import { webTier } from '../support/web-tier.ts'

describe('from.all of a play gives the hosts that have it all, when others do not', () => {
  const options = { maxFailPercentage: 100 } as const
  const names = (all: readonly { readonly host: { readonly name: string } }[]) =>
    all.map(({ host }) => host.name).join()

  test('because they failed, though a handler of theirs was done after it', async () => {
    const tier = webTier()
    tier.sick.set('gate b', 'failed')
    const roll = play('roll', hosts('a', 'b'), options)
      .handler('reload', () => tier.reload(null))
      .task('set', () => tier.set('new'), { notify: 'reload' })
      .task('gate', () => tier.serves('gate'))
    const then = play('then', hosts('a')).task('set', ({ from }) => tier.set(names(from.all(roll))))
    expect((await tryRun([roll, then])).outcome).toBe('failed')
    expect(tier.files.get('a')).toBe('a')
  })

  test('because they failed, though the always of their block followed', async () => {
    const tier = webTier()
    tier.sick.set('gate b', 'failed')
    const roll = play('roll', hosts('a', 'b'), options).block(
      'block',
      (tasks) => tasks.task('gate', () => tier.serves('gate')),
      { always: (tasks) => tasks.task('last', () => tier.serves('last')) },
    )
    const then = play('then', hosts('a')).task('set', ({ from }) => tier.set(names(from.all(roll))))
    expect((await tryRun([roll, then])).outcome).toBe('failed')
    expect(tier.files.get('a')).toBe('a')
  })

  test('because they are out of the run since an earlier play', async () => {
    const tier = webTier()
    tier.sick.set('gate b', 'failed')
    const first = play('first', hosts('a', 'b'), options).task('gate', () => tier.serves('gate'))
    const roll = play('roll', hosts('a', 'b')).task('look', () => tier.serves('look'))
    const then = play('then', hosts('a')).task('set', ({ from }) => tier.set(names(from.all(roll))))
    expect((await tryRun([first, roll, then])).outcome).toBe('failed')
    expect(tier.files.get('a')).toBe('a')
  })
})
