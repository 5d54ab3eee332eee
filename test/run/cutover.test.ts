import { expect, test } from 'vitest'
import { approve, change, cutover, observe, play, restored } from '../../src/index.ts'
import type { Part } from '../../src/model/playbook.ts'
import { fold } from '../../src/model/state.ts'
import { outline } from '../../src/plan/outline.ts'
import { outlineText } from '../../src/plan/text.ts'
import { lossOf } from '../../src/run/cutover.ts'
import { writtenSince } from '../../src/run/since.ts'
import { contextFor, hosts, scheduleOf, tryBack, tryRun } from '../support/engine.ts'

/** Dumps, a hop that rests on them, the cut-over, and a play that lets users in and may be sick. */
function book(sick: { now: boolean } = { now: false }) {
  const log: string[] = []
  const set = change('set', {
    apply: async (on) => {
      log.push(`do ${on.task}`)
      return null
    },
    undo: async (on) => void log.push(`undo ${on.task}`),
  })
  const add = change('add', { apply: async () => null, undo: restored })
  const gate = observe('gate', async (_on, _input: null) => {
    if (sick.now) throw new Error('sick')
    return null
  })
  const dumps = play('dumps', hosts('h')).task('dump', () => set(null))
  const parts: readonly Part[] = [
    dumps,
    play('hop', hosts('h'), { restoredBy: [dumps] }).task('add', () => add(null)),
    cutover('users in'),
    play('traffic', hosts('h'), { restoredBy: [dumps] })
      .task('in', () => set(null))
      .task('gate', () => gate(null)),
  ]
  return { parts, log }
}

test('a cut-over is on disk before anything after it begins, and told once', async () => {
  const sick = { now: true }
  const { parts } = book(sick)
  const run = await tryRun(parts)
  const at = run.events.findIndex((event) => event.type === 'cutover')
  expect(run.events[at]).toMatchObject({ gate: 'users in' })
  const crashAt = async (n: number, unsynced: boolean) => {
    const tried = await tryRun(book().parts, { crashAt: { n, after: false, unsynced } })
    expect(tried.outcome).toBe('crash')
    return tried
  }
  let n = at
  while ((await crashAt(n, false)).events.at(-1)?.type !== 'cutover') n += 1
  // Killed at the next event: what was not synced by then is lost.
  const crashed = await crashAt(n, true)
  expect(crashed.events.at(-1)).toMatchObject({ type: 'cutover' })
  const again = await tryRun(book().parts, { before: crashed.events })
  expect(again.outcome).toBe('ok')
  expect(again.events.filter((event) => event.type === 'cutover')).toHaveLength(1)
  expect([...fold(again.events).cutovers]).toEqual(['users in'])
})

test('check mode does not cut over', async () => {
  const { events } = await tryRun([cutover('users in')], { check: true })
  expect(events).toEqual([])
})

test('the plan says what it means, before and after it', () => {
  const { parts } = book()
  const text = outlineText(outline(scheduleOf([approve('go', () => 'Go?'), ...parts]), fold([])))
  expect(text).toMatch(
    /PLAY hop:.*\nCUT-OVER users in: after this, rollback is never automatic\n\nPLAY traffic/s,
  )
})

test('after it, a resume does not bring back what users have written to since', async () => {
  const sick = { now: true }
  const { parts, log } = book(sick)
  const run = await tryRun(parts)
  expect(run.outcome).toBe('failed')
  sick.now = false
  const resumed = await tryRun(parts, { before: run.events })
  expect(resumed.outcome).toMatch(/"users in" was passed.*dumps.*lose.*rollback r1/)
  expect(log.filter((line) => line.startsWith('undo'))).toEqual([])
})

test('a failure before it is resumed as ever', async () => {
  const log: string[] = []
  let sick = true
  const dump = change('dump', { apply: async () => null, undo: async () => void log.push('restored') })
  const add = change('add', {
    apply: async () => {
      if (sick) throw new Error('sick')
      return null
    },
    undo: restored,
  })
  const dumps = play('dumps', hosts('h')).task('dump', () => dump(null))
  const parts = [
    dumps,
    play('hop', hosts('h'), { restoredBy: [dumps] }).task('add', () => add(null)),
    cutover('in'),
  ]
  const run = await tryRun(parts)
  sick = false
  expect((await tryRun(parts, { before: run.events })).outcome).toBe('ok')
  expect(log).toEqual(['restored'])
})

test('behind it a restore point keeps what is there now, before it brings back what was', async () => {
  const log: string[] = []
  let full = true
  const dump = change('dump', {
    apply: async () => null,
    keepNow: async () => {
      if (full) throw new Error('no room')
      log.push('kept')
    },
    undo: async () => void log.push('restored'),
  })
  const add = change('add', { apply: async () => null, undo: restored })
  const dumps = play('dumps', hosts('h')).task('dump', () => dump(null))
  const parts = [
    dumps,
    play('hop', hosts('h'), { restoredBy: [dumps] }).task('add', () => add(null)),
    cutover('users in'),
  ]
  const { events } = await tryRun(parts)
  const hindered = await tryBack(parts, { before: events }, { keepsNow: true })
  expect(hindered.outcome).toBe('needs-operator')
  expect(hindered.events.findLast((event) => event.type === 'undo.ended')).toMatchObject({
    error: expect.stringMatching(
      /nothing was brought back: no room; .*rollback r1 --after-cutover r1 --discard-new-state/,
    ),
  })
  expect(log).toEqual([])
  full = false
  expect((await tryBack(parts, { before: hindered.events }, { keepsNow: true })).outcome).toBe('ok')
  expect(log).toEqual(['kept', 'restored'])
  expect((await tryBack(parts, { before: events })).outcome).toBe('ok')
  expect(log.slice(2)).toEqual(['restored'])
})

test('what differs since is told: by the last reading of each kind before it, and who cannot be asked', async () => {
  let rows = 3
  let sick = false
  const asked: string[] = []
  const count = observe(
    'count',
    async (on, _table: string) => {
      asked.push(on.task)
      if (sick) throw new Error('it is down')
      return { rows }
    },
    {
      since: (before, now) => (before.rows === now.rows ? [] : [`${before.rows} rows then, ${now.rows} now`]),
    },
  )
  const plays = ['first', 'last', 'after'].map((name) =>
    play(name, hosts('h')).task('rows', () => count(name === 'first' ? 'b' : 'a')),
  )
  const [first, last, after] = plays
  if (first === undefined || last === undefined || after === undefined) throw new Error('no plays')
  const parts = [first, last, cutover('in'), after]
  const { events } = await tryRun(parts)
  asked.length = 0
  const { context } = contextFor(parts, { before: events })
  expect(await writtenSince(context, 'in')).toEqual([])
  expect(asked).toEqual(['first/h/rows', 'last/h/rows'])
  rows = 4
  expect(await writtenSince(context, 'in')).toEqual(['h: 3 rows then, 4 now', 'h: 3 rows then, 4 now'])
  sick = true
  expect((await writtenSince(context, 'in'))[0]).toBe('h: what was written since cannot be asked: it is down')
})

test('what a rollback loses is said by how far it goes back', async () => {
  const { parts } = book()
  const { events } = await tryRun(parts)
  const known = { schedule: scheduleOf(parts), state: fold(events) }
  expect(lossOf(known, undefined)).toEqual({ gate: 'users in', changes: 2, points: ['dumps'] })
  expect(lossOf(known, 'traffic')).toBeUndefined()
  const before = {
    ...known,
    state: fold(
      events.slice(
        0,
        events.findIndex(({ type }) => type === 'cutover'),
      ),
    ),
  }
  expect(lossOf(before, undefined)).toBeUndefined()
  const back = await tryBack(parts, { before: events })
  expect(lossOf({ ...known, state: fold(back.events) }, undefined)).toBeUndefined()
})

test('going back to the play right behind it takes a restore point of before it along', async () => {
  const { parts } = book()
  const dumps = parts[0]
  if (dumps?.kind !== 'play') throw new Error('the first part is the play of the dumps')
  const add = change('more', { apply: async () => null, undo: restored })
  const more = [...parts, play('later', hosts('h'), { restoredBy: [dumps] }).task('add', () => add(null))]
  const { events } = await tryRun(more)
  const loss = lossOf({ schedule: scheduleOf(more), state: fold(events) }, 'traffic')
  expect(loss).toMatchObject({ points: ['dumps'] })
})

test('of two cut-overs, the one passed last counts', async () => {
  const { parts } = book()
  const set = change('set', { apply: async () => null, undo: async () => {} })
  const more = [...parts, cutover('all in'), play('end', hosts('h')).task('t', () => set(null))]
  const { events } = await tryRun(more)
  const known = { schedule: scheduleOf(more), state: fold(events) }
  expect(lossOf(known, 'hop')).toMatchObject({ gate: 'all in', changes: 1, points: [] })
  expect(lossOf(known, 'end')).toBeUndefined()
})
