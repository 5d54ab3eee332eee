import { expect, test } from 'vitest'
import { fakeMachine } from '../../src/connect/fake.ts'
import { change, observe, play, sh } from '../../src/index.ts'
import type { Become } from '../../src/model/connection.ts'
import { hosts, scheduleOf, tryBack, tryRun } from '../support/engine.ts'

const look = observe('look', async (on) => {
  await on.exec(sh.read`look`)
  return {}
})
const work = change('work', {
  check: async (on) => {
    await on.exec(sh.read`check`)
    return undefined
  },
  remember: async (on) => on.keep(),
  apply: async (on, { fail }: { fail?: boolean }) => {
    await on.job('long', sh`job`)
    if (fail) throw new Error('no')
    await on.exec(sh`apply`)
  },
  undo: async (on, _, kept) => {
    await on.exec(sh`undo ${kept}`)
  },
})

function machineWith(become?: Become) {
  const seen: string[] = []
  const machine = fakeMachine({
    respond: (text, _, { user = 'login' }) => {
      seen.push(`${user}: ${text.replace(/^umask.*/, 'keep')}`)
      return {}
    },
  })
  const connect = () => machine.connect(become === undefined ? {} : { become })
  return { seen, connect }
}
const app: Become = { method: 'sudo', user: 'app', always: true }

test("a task is done as its own user, its block's, its play's or its machine's, and taken back as the same", async () => {
  const { seen, connect } = machineWith()
  const parts = [
    play('p', hosts('a'), { become: true, becomeUser: 'app' })
      .task('one', () => look({}))
      .task('two', () => look({}), { become: false })
      .block(
        'three',
        (tasks) =>
          tasks.task('three-a', () => look({})).task('three-b', () => look({}), { becomeUser: 'db' }),
        {
          becomeUser: 'web',
        },
      )
      .task('four', () => work({}), { becomeUser: 'root' }),
  ]
  const { outcome, events } = await tryRun(parts, { connect })
  expect(outcome).toBe('ok')
  const doing = ['check', 'keep', 'job', 'apply'].map((word) => `root: ${word}`)
  expect(seen).toEqual(['app: look', 'login: look', 'web: look', 'db: look', ...doing])
  const as = events.flatMap((event) => (event.type === 'task.started' ? [event.as] : []))
  expect(as).toEqual(['app', undefined, 'web', 'db', 'root'])
  seen.length = 0
  // Whatever the variables say by then.
  const other = machineWith(app)
  await tryBack(parts, { before: events, connect: other.connect })
  expect(other.seen).toHaveLength(1)
  expect(other.seen[0]).toMatch(/^root: undo .*\/root\/\.upgrade-fleet\/runs\/r1\//)
})
test('where the playbook says nothing, the variables of the machine do', async () => {
  const { seen, connect } = machineWith(app)
  const parts = [
    play('p', hosts('a'))
      .task('one', () => look({}))
      .task('two', () => look({}), { become: false })
      .task('three', () => work({})),
  ]
  const { events } = await tryRun(parts, { connect })
  expect(seen.map((line) => line.split(':')[0])).toEqual(['app', 'login', 'app', 'app', 'app', 'app'])
  const other = machineWith()
  await tryBack(parts, { before: events, connect: other.connect })
  expect(other.seen.map((line) => line.split(':')[0])).toEqual(['app'])
})
test('a user without become is a mistake that the plan tells', () => {
  const parts = [play('p', hosts('a')).task('t', () => look({}), { becomeUser: 'app' })]
  expect(() => scheduleOf(parts)).toThrow('say become: true beside it')
})
