import { expect, test } from 'vitest'
import { change, observe, play, skip, via } from '../../src/index.ts'
import { changingMachines } from '../../src/plan/machines.ts'
import { hosts, scheduleOf } from '../support/engine.ts'

const look = observe('look', async () => 'seen')
const write = change('write', { apply: async () => 'done', undo: async () => {} })
const [a, b, c, d, e] = hosts('a', 'b', 'c', 'd', 'e') as [never, never, never, never, never]

test('locked are the machines of changes, known or not yet known, each once; not those that are only looked at', () => {
  const found = play('found', hosts('a', 'b', 'c', 'd', 'e')).task('look', () => look(null))
  const plays = [
    found,
    play('skipped', [a]).task('t', () => skip('not here')),
    play('later', [b]).task('t', ({ host, from }) => {
      const { look: seen } = from(found, host)
      return seen === 'seen' ? look(null) : write(null)
    }),
    play('change', [c]).task('t', () => write(null)),
    play('again', [c]).task('t', () => write(null)),
    play('things', via(d, [{ name: 'db-1' }, { name: 'db-2' }])).task('t', () => write(null)),
    play('items', [e]).each('t', [], () => write(null)),
  ]
  expect(changingMachines(scheduleOf(plays)).map(({ name }) => name)).toEqual(['b', 'c', 'd'])
})
