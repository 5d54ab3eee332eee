import { expect, test } from 'vitest'
import { approve, change, observe, play, restored, secret, skip } from '../../src/index.ts'
import { InputError } from '../../src/model/errors.ts'
import { fold } from '../../src/model/state.ts'
import { outline } from '../../src/plan/outline.ts'
import { outlineText } from '../../src/plan/text.ts'
import { wavesOf } from '../../src/plan/waves.ts'
import { hosts, scheduleOf } from '../support/engine.ts'
import { serialCases } from './serial-cases.ts'

const look = observe('look', async (_on, input: { at: string }) => ({ seen: input.at }))
const set = change('set', {
  apply: async (_on, input: { to: string }) => ({ to: input.to }),
  undo: async () => {},
})
const migrate = change('migrate', { apply: async (_on, _input: null) => {}, undo: restored })

const problemsOf = (make: () => unknown): readonly string[] => {
  try {
    make()
  } catch (error) {
    if (error instanceof InputError) return error.problems
    throw error
  }
  return []
}

test.each([...serialCases, [0, 1, []] as const])(
  '%i hosts with serial %j are cut as Ansible cuts them',
  (count, serial, sizes) => {
    const list = Array.from({ length: count }, (_, n) => n)
    expect(wavesOf(list, serial).map((wave) => wave.length)).toEqual(sizes)
  },
)

test.each<[string, () => unknown, RegExp]>([
  [
    'the same name twice',
    () => scheduleOf([play('a', hosts('x')), play('a', hosts('y'))]),
    /"a" is used twice/,
  ],
  ['a slash in a name', () => scheduleOf([play('a/b', hosts('x'))]), /slash/],
  ['a host twice', () => scheduleOf([play('a', hosts('x', 'x'))]), /"x" twice/],
  [
    'a restore point that comes later',
    () => {
      const point = play('point', hosts('x')).task('set', () => set({ to: '1' }))
      return scheduleOf([play('m', hosts('x'), { restoredBy: [point] }), point])
    },
    /does not stand before it/,
  ],
  [
    'restored without a restore point',
    () => scheduleOf([play('m', hosts('x')).task('go', () => migrate(null))]),
    /m\/x\/go .*names none/,
  ],
  [
    'a change in a collecting play',
    () => scheduleOf([play('m', hosts('x'), { collect: true }).task('go', () => set({ to: '1' }))]),
    /only observes/,
  ],
  [
    'reading a play that is not before',
    () => {
      const later = play('later', hosts('x')).task('set', () => set({ to: '1' }))
      return scheduleOf([
        play('m', hosts('x')).task('go', ({ host, from }) => set(from(later, host).set)),
        later,
      ])
    },
    /"later" is not before this one/,
  ],
  [
    'reading a host that is not in the play',
    () => {
      const first = play('first', hosts('y')).task('set', () => set({ to: '1' }))
      return scheduleOf([
        first,
        play('m', hosts('x')).task('go', ({ host, from }) => set(from(first, host).set)),
      ])
    },
    /"x" is not in the play "first"/,
  ],
  [
    'a secret in a string',
    () => scheduleOf([play('m', hosts('x')).task('go', () => set({ to: `${secret('env:DB')}` }))]),
    /"env:DB" was put into a string/,
  ],
  [
    'a function that is not pure',
    () => {
      let n = 0
      return scheduleOf([play('m', hosts('x')).task('go', () => set({ to: String(n++) }))])
    },
    /something else when it is called again/,
  ],
])('%s is refused', (_name, make, expected) => {
  expect(problemsOf(make).join('\n')).toMatch(expected)
})

test('all problems are told at once, with the place of the task in the playbook', () => {
  const make = () =>
    scheduleOf([play('m', hosts('x', 'y')).task('go', () => migrate(null)), play('m', hosts('x'))])
  expect(problemsOf(make)).toHaveLength(3)
  expect(problemsOf(make)[1]).toMatch(/plan\.test\.ts:\d+:\d+/)
})

test('a host outside the limit is in no wave, and reading its results is refused', () => {
  const first = play('first', hosts('x', 'y')).task('set', () => set({ to: '1' }))
  const schedule = scheduleOf([first], (host) => host.name === 'x')
  expect(schedule.phases[0]).toMatchObject({ waves: [[{ name: 'x' }]] })
  const other = hosts('y')[0]
  if (other === undefined) throw new Error()
  const make = () =>
    scheduleOf(
      [first, play('m', hosts('x')).task('go', ({ from }) => set(from(first, other).set))],
      (host) => host.name === 'x',
    )
  expect(problemsOf(make).join()).toMatch(/left out by --limit/)
})

test('the outline says what is known and what is known later', () => {
  const facts = play('facts', hosts('x')).task('look', () => look({ at: '/a' }))
  const point = play('point', hosts('x')).task('dump', () => set({ to: 'dump' }))
  const parts = [
    facts,
    point,
    approve('sure', ({ from }) => `${from.all(facts).length} hosts`),
    play('go', hosts('x', 'y'), { serial: 1, restoredBy: [point] })
      .task('skip', () => skip('not here'))
      .task('first', ({ from }) => set({ to: String(from.all(facts).length) }))
      .task('second', () => migrate(null)),
  ]
  expect(outlineText(outline(scheduleOf(parts), fold([])))).toMatchInlineSnapshot(`
    "PLAY facts: x (stops when it fails)
      x > look: unknown until the hosts are asked: look
          at: /a

    PLAY point: x (stops when it fails)
      x > dump: unknown until the hosts are asked: set [undone by itself]
          to: dump

    ASK sure: known after facts

    PLAY go, 2 waves
      wave 1: x (stops when it fails)
      wave 2: y (stops when it fails)
      x, y > skip: skipped: not here
      x, y > first: known after facts
      x, y > second: unknown until the hosts are asked: migrate [brought back by point]

    2 hosts: 0 would change, 0 no change, 6 unknown until the run knows more, 0 observations, 2 skipped
    point of no return: none among what is known (2 known later)
    "
  `)
})
