import { expect, test } from 'vitest'
import { change, observe, play } from '../../src/index.ts'
import { InputError } from '../../src/model/errors.ts'
import type { Stamped } from '../../src/model/event.ts'
import { fold } from '../../src/model/state.ts'
import { momentOf, noTimeFor, timePlan } from '../../src/plan/not-after.ts'
import { waveOutlines } from '../../src/plan/outline.ts'
import { type Past, pastOf } from '../../src/plan/past.ts'
import { hosts, scheduleOf, tryRun } from '../support/engine.ts'

const look = observe('look', async (_on, _input: null) => null)
const set = change('set', { apply: async (_on, _input: null) => null, undo: async () => {} })
const parts = [
  play('look', hosts('a', 'b')).task('look', () => look(null)),
  play('set', hosts('a', 'b'), { serial: 1 }).task('set', () => set(null)),
  play('more', hosts('a')).task('set', () => set(null)),
]
const waves = waveOutlines(scheduleOf(parts))
const at = (time: string) => new Date(`2026-11-22T${time}`)

/** An hour for each wave of "set", half of it to take the first back; ten minutes to look; "more" was never done. */
const past: Past = {
  waves: new Map([
    ['look/1', { seconds: 600, changed: false }],
    ['set/1', { seconds: 3600, changed: true, undoSeconds: 1800 }],
    ['set/2', { seconds: 3600, changed: true }],
  ]),
  tasks: new Map(),
  latest: undefined,
}

test.each([
  ['05:00', '2026-11-22T12:00:00', '2026-11-23T05:00:00'],
  ['13:30', '2026-11-22T12:00:00', '2026-11-22T13:30:00'],
  ['12:00', '2026-11-22T12:00:00', '2026-11-23T12:00:00'],
  ['2026-12-01T05:00', '2026-11-22T12:00:00', '2026-12-01T05:00:00'],
  ['2026-12-01T05:00Z', '2026-11-22T12:00:00', '2026-12-01T05:00:00Z'],
])('%s, typed at %s, is %s', (text, now, moment) => {
  expect(momentOf(text, new Date(now))).toEqual(new Date(moment))
})

test.each([['25:00'], ['5'], ['tomorrow'], ['2026-13-01T05:00'], ['2027-02-30T05:00'], ['2026-11-01T05:00']])(
  '%s is refused',
  (text) => {
    expect(() => momentOf(text, at('12:00:00'))).toThrow(InputError)
  },
)

/** A run whose clock moves by what each wave takes, up to the time that may not be passed. */
async function runUntil(notAfter: string) {
  let now = at('00:00:00').getTime()
  const state = fold([])
  const run = await tryRun(parts, {
    rules: { mayNotStart: noTimeFor(waves, past, at(notAfter), state, () => new Date(now)) },
    onEvent: (event) => {
      state.apply(event)
      if (event.type !== 'wave.ended') return
      now += (past.waves.get(`${event.play}/${event.wave}`)?.seconds ?? 0) * 1000
    },
  })
  const started = run.events.flatMap((event) =>
    event.type === 'wave.started' ? [`${event.play}/${event.wave}`] : [],
  )
  const reason = run.events.flatMap((event) => (event.type === 'stopped' ? [event.reason] : []))
  return { outcome: run.outcome, started, reason: reason.join() }
}

test.each([
  // Looking needs no way back; the first wave takes an hour and half an hour back; with the second, an hour more each way.
  ['00:09:59', []],
  ['00:10:00', ['look/1']],
  ['01:39:59', ['look/1']],
  ['01:40:00', ['look/1', 'set/1']],
  ['03:39:59', ['look/1', 'set/1']],
  ['03:40:00', ['look/1', 'set/1', 'set/2', 'more/1']],
])('not after %s, these waves start: %j; no other', async (notAfter, expected) => {
  const { outcome, started, reason } = await runUntil(notAfter)
  expect(started).toEqual(expected)
  expect(outcome).toBe(expected.length === 4 ? 'ok' : 'interrupted')
  if (expected.length < 4)
    expect(reason).toMatch(/^no time is left: wave \d would end at .*later than 2026-11-22/)
})

test('a run that stopped for want of time goes on where it stopped', async () => {
  const state = fold([])
  const first = await tryRun(parts, {
    rules: { mayNotStart: noTimeFor(waves, past, at('00:30:00'), state, () => at('00:00:00')) },
  })
  expect(first.outcome).toBe('interrupted')
  const second = await tryRun(parts, { before: first.events })
  expect(second.outcome).toBe('ok')
  const starts = second.events.flatMap((event) => (event.type === 'task.started' ? [event.task] : []))
  expect(starts).toEqual(['look/a/look', 'look/b/look', 'set/a/set', 'set/b/set', 'more/a/set'])
})

test('a plan says when each wave must start, the last moment to turn back, and what is not known', () => {
  const { latest, lines } = timePlan(waves, past, at('05:00:00'), at('00:00:00'))
  const local = (date: Date | undefined) => date?.toTimeString().slice(0, 8)
  expect([...latest].map(([key, date]) => `${key} ${local(date)}`)).toEqual([
    'look/1 04:50:00',
    'set/1 03:30:00',
    'set/2 02:30:00',
    'more/1 03:30:00',
  ])
  expect(lines.join('\n')).toMatchInlineSnapshot(`
    "not after 2026-11-22 05:00:00: the last moment to turn back is 2026-11-22 03:30:00, since taking everything back takes 1 h 30 min
      1 wave whose time no earlier run tells counts as nothing"
  `)
  expect(timePlan(waves, past, at('03:00:00'), at('00:00:00')).lines.at(-1)).toMatch(
    /would stop before "set", wave 2: no time is left/,
  )
})

test('what was taken is read from the journals: the newest run of that name, its parts together, its rollback', () => {
  const stamped = (minute: number, event: object) =>
    ({ seq: 1, at: new Date(minute * 60_000).toISOString(), ...event }) as unknown as Stamped
  const start = (kind: string, run: string, playbook = 'p') =>
    stamped(0, { type: 'run.started', kind, run, playbook, check: false, waves })
  const wave = (from: number, to: number, name: string) =>
    (['wave.started', 'wave.ended'] as const).map((type, n) =>
      stamped(n === 0 ? from : to, { type, play: name, wave: 1 }),
    )
  const changes = stamped(1, { type: 'task.started', kind: 'change', task: 'set/a/set' })
  const end = (seconds: number) => stamped(99, { type: 'run.ended', outcome: 'ok', seconds })
  const found = pastOf('p', [
    [start('run', 'r1'), ...wave(0, 50, 'set'), ...wave(50, 52, 'more'), end(1)],
    [
      start('run', 'r2'),
      ...wave(0, 1, 'look'),
      changes,
      ...wave(1, 4, 'set'),
      ...wave(10, 12, 'set'),
      end(60),
      end(30),
    ],
    [start('rollback', 'r3'), ...wave(20, 21, 'set')],
    [start('run', 'r4', 'another'), ...wave(0, 90, 'set')],
    [start('rollback', 'clock was set back'), ...wave(60, 1, 'set'), ...wave(60, 1, 'more')],
  ])
  expect(found.latest).toEqual({ run: 'r2', seconds: 90 })
  expect([...found.waves]).toEqual([
    ['set/1', { seconds: 300, changed: true, undoSeconds: 60 }],
    ['more/1', { seconds: 120, changed: false }],
    ['look/1', { seconds: 60, changed: false }],
  ])
})
