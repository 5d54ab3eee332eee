import { expect, test } from 'vitest'
import { refuseBlindStep, stepper } from '../../src/commands/ask.ts'
import { change, play, skip } from '../../src/index.ts'
import { hosts, tryBack, tryRun } from '../support/engine.ts'
import { fakeIo } from '../support/io.ts'
import { endsOf } from '../support/web-tier.ts'

const reporter = { event() {}, end() {} }

/** What is typed at the questions, in turn, and what was asked. */
function person(...words: string[]) {
  const io = fakeIo({ answers: true })
  const asked: string[] = []
  const left = [...words]
  let asking = false
  const step = stepper(io, reporter, async (_io, message) => {
    expect(asking, 'one question at a time').toBe(false)
    asking = true
    asked.push(message)
    await new Promise((resolve) => setImmediate(resolve))
    asking = false
    return left.shift() ?? 'nobody answers'
  })
  return { io, asked, step }
}

function world() {
  const done = new Set<string>()
  const set = change('set', {
    apply: async (on, _input: null) => {
      done.add(on.task)
      return { by: on.task }
    },
    undo: async (on) => void done.delete(on.task),
  })
  return { done, set }
}

test('yes does the task, no ends its host there, and nothing that reads it is done', async () => {
  const { done, set } = world()
  const { io, asked, step } = person('y', 'No', 'yes')
  const parts = [
    play('p', hosts('a', 'b'))
      .task('one', () => set(null))
      .task('none', () => skip('why'))
      .task('two', ({ one }) => (one.by === '' ? skip('x') : set(null))),
  ]
  const run = await tryRun(parts, { forks: 2, rules: { step } })
  expect(asked).toEqual([
    'Do p > a > one? (N)o/(y)es/(c)ontinue:',
    'Do p > b > one? (N)o/(y)es/(c)ontinue:',
    'Do p > a > two? (N)o/(y)es/(c)ontinue:',
  ])
  expect(io.written.err.match(/its host ends there, cancelled/g)).toHaveLength(1)
  expect(endsOf(run)).toContain('p/b/one: cancelled')
  expect(run.outcome).toBe('interrupted')
  expect([...done]).toEqual(['p/a/one', 'p/a/two'])
  const again = person('y', 'c')
  expect((await tryRun(parts, { before: run.events, rules: { step: again.step } })).outcome).toBe('ok')
  expect(again.asked).toHaveLength(2)
  expect([...done].sort()).toEqual(['p/a/one', 'p/a/two', 'p/b/one', 'p/b/two'])
  expect((await tryBack(parts, { before: run.events })).outcome).toBe('ok')
})

test('continue asks nothing more; what is no answer is asked again', async () => {
  const { done, set } = world()
  const { asked, step } = person('what', 'C')
  const parts = [
    play('p', hosts('a', 'b', 'c'))
      .task('one', () => set(null))
      .task('two', () => set(null)),
  ]
  expect((await tryRun(parts, { rules: { step } })).outcome).toBe('ok')
  expect(asked).toEqual(Array(2).fill('Do p > a > one? (N)o/(y)es/(c)ontinue:'))
  expect(done.size).toBe(6)
})

test('a handler is asked for too, and stays notified after a no; what is done once is asked for once', async () => {
  const { done, set } = world()
  const parts = [
    play('p', hosts('a', 'b'))
      .handler('reload', () => set(null))
      .task('once', () => set(null), { runOnce: 'play' })
      .task('each', () => set(null), { notify: 'reload' }),
  ]
  const first = person('y', 'y', 'y', 'n', 'y')
  const run = await tryRun(parts, { rules: { step: first.step } })
  expect(first.asked).toHaveLength(5)
  expect(done.size).toBe(4)
  expect(run.events.find((event) => event.type === 'due')).toMatchObject({ handlers: [expect.any(String)] })
  expect((await tryRun(parts, { before: run.events })).outcome).toBe('ok')
  expect(done.size).toBe(5)
})

test('an interrupt at a question is no answer', async () => {
  const { set, done } = world()
  const control = new AbortController()
  const io = fakeIo({ answers: true, interrupted: control.signal })
  const step = stepper(io, reporter, async () => {
    control.abort()
    return 'y'
  })
  const parts = [play('p', hosts('a', 'b')).task('one', () => set(null))]
  expect((await tryRun(parts, { interrupted: control.signal, rules: { step } })).outcome).toBe('interrupted')
  expect([...done]).toEqual([])
})

test('without a terminal, or with --yes, --step is refused', () => {
  expect(() => refuseBlindStep(fakeIo(), { step: true, yes: false })).toThrow('expected a terminal')
  expect(() => refuseBlindStep(fakeIo({ answers: true }), { step: true, yes: true })).toThrow('got both')
  expect(refuseBlindStep(fakeIo(), { yes: false })).toBeUndefined()
})
