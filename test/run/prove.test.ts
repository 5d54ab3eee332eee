import { expect, test } from 'vitest'
import { change, fail, play, restored } from '../../src/index.ts'
import { hosts, tryBack, tryRun } from '../support/engine.ts'

const ends = (events: readonly { type: string }[], type = 'task.ended') =>
  events.filter((event) => event.type === type)

test('a restore point that cannot be brought back stops rollback and resume before anything is touched', async () => {
  const touched: string[] = []
  const damaged = new Set<string>()
  const dump = change('dump', {
    apply: async () => ({ done: true }),
    undo: async (on) => void touched.push(`restore ${on.task}`),
    prove: async (on) => {
      if (damaged.has(on.task)) throw new Error('/b/b.sql.gz is not what was recorded')
    },
  })
  const migrate = change('migrate', { apply: async () => null, undo: restored })
  const start = change('start', {
    apply: async () => void touched.push('up'),
    undo: async () => void touched.push('down'),
  })
  const point = play('point', hosts('a', 'b')).task('dump', () => dump(null))
  const parts = [
    point,
    play('migrate', hosts('a', 'b'), { restoredBy: [point] }).task('go', () => migrate(null)),
    play('start', hosts('a')).task('set', () => start(null)),
    play('gate', hosts('b'), { restoredBy: [point] }).task('fails', () => fail('sick')),
  ]
  const run = await tryRun(parts)
  damaged.add('point/b/dump')
  const back = await tryBack(parts, { before: run.events })
  expect(back.outcome).toBe('needs-operator')
  expect(ends(back.events, 'stopped').at(-1)).toMatchObject({
    reason: expect.stringMatching(/nothing was taken back: point\/b\/dump: \/b\/b\.sql\.gz/),
  })
  expect(await tryRun(parts, { before: run.events })).toMatchObject({
    outcome: expect.stringMatching(/nothing was brought back: point\/b\/dump/),
  })
  expect(touched).toEqual(['up'])
  damaged.clear()
  expect((await tryBack(parts, { before: back.events })).outcome).toBe('ok')
  expect(touched.slice(1)).toEqual(['down', 'restore point/a/dump', 'restore point/b/dump'])
})

test('a change that was begun before a crash is checked with what it remembered', async () => {
  let up = true
  const stop = change('stop', {
    check: async (_on, _input: null, was?: { up: boolean }) => (up ? undefined : { was: was?.up ?? false }),
    remember: async () => ({ up }),
    apply: async () => {
      up = false
      throw new Error('the controller dies here')
    },
    undo: async () => {},
  })
  const parts = [play('stop', hosts('a')).task('stop', () => stop(null))]
  const run = await tryRun(parts)
  const again = await tryRun(parts, { before: run.events })
  expect(ends(again.events).at(-1)).toMatchObject({ result: 'changed', output: { was: true } })
})
