import { expect, test } from 'vitest'
import { assert, local, pause, play } from '../../src/index.ts'
import { irreversible } from '../../src/model/action.ts'
import { Interrupted } from '../../src/model/errors.ts'
import type { Part } from '../../src/model/playbook.ts'
import { hosts, tryBack, tryRun } from '../support/engine.ts'

const undo = irreversible('a test')
const ends = (events: readonly { type: string }[]) =>
  events.flatMap((event) => (event.type === 'task.ended' ? [event as never] : [])) as readonly {
    result: string
    message?: string
    output?: unknown
  }[]
const one = (make: () => ReturnType<typeof pause>): readonly Part[] => [
  play('p', hosts('a')).task('t', make),
  play('after', hosts('a')).task('t', () => assert({ that: [true] })),
]

test('assert holds, or names all that does not', async () => {
  const run = (given: Parameters<typeof assert>[0]) => tryRun(one(() => assert(given)))
  expect((await run({ that: [true, true], successMsg: 'all is well' })).events).toContainEqual(
    expect.objectContaining({ type: 'task.said', line: 'all is well' }),
  )
  const named = await run({ that: { 'rows did not shrink': false, 'one fleet': true, 'no SVN': false } })
  expect(named.outcome).toBe('failed')
  expect(ends(named.events)[0]?.message).toMatch(
    /^2 of 3 conditions do not hold for a\n {2}does not hold: rows did not shrink\n {2}does not hold: no SVN\n/,
  )
  const worded = await run({ that: [true, false], failMsg: 'Free some space first.' })
  expect(ends(worded.events)[0]?.message).toMatch(/^Free some space first\.\n {2}condition 2 does not hold\n/)
  expect(() => assert({ that: [] })).toThrow(/expected conditions/)
})

test('a pause asks a person, once for all resumes', async () => {
  const asked: string[] = []
  const parts = one(() => pause({ until: 'confirmed', prompt: 'Are the users told?' }))
  const no = await tryRun(parts, { yes: false })
  expect(no.outcome).toBe('interrupted')
  expect(ends(no.events)).toMatchObject([
    { result: 'cancelled', message: expect.stringContaining('nobody confirmed it') },
  ])
  const yes = await tryRun(parts, { before: no.events })
  expect(yes.outcome).toBe('ok')
  expect(yes.events).toContainEqual(
    expect.objectContaining({ type: 'approved', gate: 'p/a/t', question: 'Are the users told?', by: 'test' }),
  )
  // The controller dies after the yes and before the task's end.
  for (let n = 1; ; n++) {
    const crashed = await tryRun(parts, { crashAt: { n, after: true } })
    if (crashed.outcome !== 'crash') break
    const said = crashed.events.some((event) => event.type === 'approved')
    const again = await tryRun(parts, {
      before: crashed.events,
      onEvent: ({ type }) => type === 'approved' && asked.push(type),
    })
    expect([again.outcome, asked.splice(0).length]).toEqual(['ok', said ? 0 : 1])
  }
  expect((await tryBack(parts, { before: yes.events })).outcome).toBe('ok')
})

test('check mode waits for nothing, and nothing after it is unknown for it', async () => {
  const checked = await tryRun(
    one(() => pause({ minutes: 60 })),
    { check: true },
  )
  expect(ends(checked.events).map(({ result }) => result)).toEqual(['ok', 'ok'])
})

test('a time is waited for once: an interrupt ends the waiting, and what is over is not waited for again', async () => {
  const interrupt = new AbortController()
  const parts = one(() => pause({ minutes: 60, prompt: 'the caches fill' }))
  const stopped = await tryRun(parts, {
    interrupted: interrupt.signal,
    onEvent: ({ type }) => type === 'task.said' && interrupt.abort(),
  })
  expect(stopped.outcome).toBe('interrupted')
  expect(ends(stopped.events)).toMatchObject([
    { result: 'cancelled', message: expect.stringMatching(/with \d+ seconds left/) },
  ])
  const over = stopped.events.map((event) =>
    event.type === 'task.started' ? { ...event, remembered: { until: '2020-01-01T00:00:00.000Z' } } : event,
  )
  const resumed = await tryRun(parts, { before: over })
  expect(resumed.outcome).toBe('ok')
  expect((await tryRun(one(() => pause({ seconds: 0.01 })))).outcome).toBe('ok')
})

test('what is no time and no question is a mistake', () => {
  expect(() => pause({})).toThrow(/above 0/)
  expect(() => pause({ seconds: -1 })).toThrow(/above 0/)
  expect(() => pause({ until: 'confirmed', prompt: '' })).toThrow(/expected a question/)
  expect(() => local.command({ argv: [], undo })).toThrow(/name of a program/)
  expect(new Interrupted('x').name).toBe('Interrupted')
})
