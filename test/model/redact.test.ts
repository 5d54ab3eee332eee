import { expect, test } from 'vitest'
import type { Event } from '../../src/model/event.ts'
import { redactEvent, redactor } from '../../src/model/redact.ts'

const redact = redactor(() => ['admin'])
const task = 'stop admin/admin1/stop admin'

test.each<[Event]>([
  [{ type: 'task.ended', task, result: 'changed', notify: ['stop admin/admin1/restart admin'], seconds: 1 }],
  [{ type: 'block.again', block: 'stop admin/admin1/admin', tasks: [task] }],
  [{ type: 'due', blocks: ['stop admin/admin1/admin'], handlers: [task] }],
  [
    {
      type: 'task.started',
      task,
      module: 'admin.stop',
      kind: 'change',
      input: { user: 'admin' },
      remembered: { user: 'admin' },
      attempt: 1,
      on: 'admin1',
      undo: 'function',
    },
  ],
  [{ type: 'tasks.rewound', tasks: [task], by: 'dump admin' }],
  [{ type: 'undo.started', task, purpose: 'rollback' }],
])('a password that is a word of names changes none of them: %j', (event) => {
  expect(redactEvent(event, redact, null)).toEqual(event)
})

test('what was said of a failure is redacted, and which task it was stays', () => {
  const failure = { task, result: 'failed', message: 'admin is no good' } as const
  expect(
    redactEvent({ type: 'block.failed', block: 'stop admin/admin1/admin', failure }, redact, null),
  ).toEqual({
    type: 'block.failed',
    block: 'stop admin/admin1/admin',
    failure: { ...failure, message: '*** is no good' },
  })
})

test('what an input says openly stays in the output, and no other secret does', () => {
  const both = redactor(() => ['admin', 'opensesame'])
  const output = { user: 'admin', path: '/home/admin/x', said: ['opensesame, admin'] }
  const ended: Event = { type: 'task.ended', task, result: 'ok', output, seconds: 1 }
  expect(redactEvent(ended, both, { path: '/home/admin' })).toMatchObject({
    output: { user: 'admin', path: '/home/admin/x', said: ['***, ***'] },
  })
  expect(redactEvent(ended, both, { path: '/home' })).toMatchObject({
    output: { user: '***', path: '/home/***/x', said: ['***, ***'] },
  })
})
