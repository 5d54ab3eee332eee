import { expect, test } from 'vitest'
import { change, fail, play, TaskError } from '../../src/index.ts'
import { hosts, tryBack, tryRun } from '../support/engine.ts'

function world() {
  const undone: string[] = []
  let tries = 0
  const command = change('command', {
    apply: async (_on, { changes, fails = 0 }: { changes: boolean; fails?: number }) => {
      if (tries++ < fails) throw new TaskError('not yet')
      return { changes }
    },
    changed: ({ changes }) => changes,
    undo: async (on) => void undone.push(on.task),
  })
  const noted = change('noted', { apply: async () => null, undo: async () => {} })
  return { undone, command, noted }
}

test('what says that it changed nothing is ok, notifies nobody, and is not taken back', async () => {
  const { undone, command, noted } = world()
  const parts = [
    play('p', hosts('a'))
      .handler('handler', () => noted(null))
      .task('still', () => command({ changes: false }), { notify: 'handler' })
      .task('moves', () => command({ changes: true })),
    play('gate', hosts('a')).task('fails', () => fail('sick')),
  ]
  const { events } = await tryRun(parts)
  const ends = events.flatMap((event) =>
    event.type === 'task.ended' ? [`${event.task} ${event.result}`] : [],
  )
  expect(ends).toEqual(['p/a/still ok', 'p/a/moves changed', 'gate/a/fails failed'])
  expect((await tryBack(parts, { before: events })).outcome).toBe('ok')
  expect(undone).toEqual(['p/a/moves'])
})

test('a try that failed before may have changed something: it is taken back', async () => {
  const { undone, command } = world()
  const parts = [
    play('p', hosts('a')).task('still', () => command({ changes: false, fails: 1 }), {
      retries: 1,
      delay: 0,
    }),
  ]
  const { events } = await tryRun(parts)
  expect(events.find((event) => event.type === 'task.ended')).toMatchObject({ result: 'changed' })
  await tryBack(parts, { before: events })
  expect(undone).toEqual(['p/a/still'])
})
