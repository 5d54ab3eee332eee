import { describe, expect, test } from 'vitest'
import { approve, change, observe, play, restored } from '../../src/index.ts'
import { playsOf } from '../../src/model/schedule.ts'
import type { Selection } from '../../src/model/selection.ts'
import { isChosen } from '../../src/plan/select.ts'
import { hosts, scheduleOf } from '../support/engine.ts'

const look = observe('look', async (_on, at: string) => ({ at }))
const dump = change('dump', { apply: async (_on, _input: null) => {}, undo: async () => {} })
const migrate = change('migrate', { apply: async (_on, _input: null) => {}, undo: restored })

const asked = (selection: Partial<Selection>): Selection => ({ tags: [], skipTags: [], ...selection })

test.each<[string, string, string, boolean]>([
  ['', '', '', true],
  ['a', '', '', true],
  ['a', 'a', '', true],
  ['a', 'b', '', false],
  ['', 'a', '', false],
  ['always', 'a', '', true],
  ['never', '', '', false],
  ['never', 'all', '', false],
  ['never,a', 'a', '', true],
  ['never', 'never', '', true],
  ['a', 'tagged', '', true],
  ['', 'tagged', '', false],
  ['never,a', 'tagged', '', false],
  ['', 'untagged', '', true],
  ['a', 'untagged', '', false],
  ['a', '', 'a', false],
  ['a', 'a', 'a', false],
  ['always', '', 'all', true],
  ['always', '', 'always', false],
  ['always', '', 'all,always', false],
  ['a', '', 'all', false],
  ['a', '', 'tagged', false],
  ['', '', 'untagged', false],
])('a task tagged "%s" with --tags "%s" --skip-tags "%s": %s', (tags, only, skipped, expected) => {
  const list = (text: string) => (text === '' ? [] : text.split(','))
  expect(isChosen(list(tags), { tags: list(only), skipTags: list(skipped) })).toBe(expected)
})

const parts = () => {
  const first = play('first', hosts('a'), { tags: 'early' })
    .task('found', () => look('/'))
    .task('seen', () => look('/'), { tags: ['extra'] })
  const points = play('points', hosts('a'), { tags: 'early' }).task('dump', () => dump(null))
  return [
    first,
    approve('sure', () => 'Sure?'),
    points,
    play('second', hosts('a'))
      .block('b', (tasks) => tasks.task('inside', () => look('/'), { tags: 'own' }), {
        tags: 'block',
        always: (tasks) => tasks.task('after all', () => look('/')),
      })
      .task('last', () => look('/')),
  ]
}
const tasksOf = (selection: Partial<Selection>) =>
  playsOf(scheduleOf(parts(), undefined, asked(selection))).flatMap(({ play: { name, steps } }) =>
    steps.map((step) => `${name}/${step.name}`),
  )

describe('what is chosen', () => {
  test('tags of plays and blocks are those of their tasks', () => {
    expect(tasksOf({ tags: ['early'] })).toEqual(['first/found', 'first/seen', 'points/dump'])
    expect(tasksOf({ tags: ['block'] })).toEqual(['second/inside', 'second/after all'])
    expect(tasksOf({ tags: ['own'] })).toEqual(['second/inside'])
    expect(tasksOf({ skipTags: ['early', 'own'] })).toEqual(['second/after all', 'second/last'])
  })

  test.each(['inside', 'second/inside', 'ins*'])(
    'it begins with %s: what stands before is left out',
    (startAt) => {
      expect(tasksOf({ startAt })).toEqual(['second/inside', 'second/after all', 'second/last'])
    },
  )

  test('a question with nothing behind it is not asked', () => {
    expect(
      scheduleOf(parts(), undefined, asked({ tags: ['extra'] })).phases.map(({ kind }) => kind),
    ).not.toContain('approval')
  })
})

test.each<[string, Partial<Selection>, RegExp]>([
  ['a tag that no task has', { tags: ['erly'] }, /no task .* has the tag "erly"; did you mean "early"\?/],
  ['a tag to skip that no task has', { skipTags: ['blok'] }, /"blok"; did you mean "block"\?/],
  [
    'a first task that is not there',
    { startAt: 'insde' },
    /no task of this playbook is "insde"; did you mean "inside"\?/,
  ],
  [
    'a first task that only follows others',
    { startAt: 'after all' },
    /no task of this playbook is "after all"/,
  ],
  ['leaving nothing', { tags: ['own'], skipTags: ['block'] }, /--tags own --skip-tags block leaves no task/],
])('%s is refused', (_name, selection, expected) => {
  expect(() => tasksOf(selection)).toThrow(expected)
})

describe('what would be missing is refused before anything begins, both named', () => {
  test('an output of the same play, also behind one that is not there yet', () => {
    const make = (selection: Partial<Selection>) =>
      scheduleOf(
        [
          play('p', hosts('a'))
            .task('one', () => look('/'), { tags: 'one' })
            .task('two', () => look('/'))
            .task('three', ({ two, one }) => look(`${two.at}${one.at}`)),
        ],
        undefined,
        asked(selection),
      )
    expect(() => make({ skipTags: ['one'] })).toThrow(
      /p\/three needs the output of p\/one, which --skip-tags one leaves out/,
    )
    expect(() => make({ startAt: 'two' })).toThrow(/p\/three needs the output of p\/one/)
  })

  test('an output of an earlier play, for one host or for all', () => {
    const first = play('first', hosts('a'), { tags: 'x' }).task('one', () => look('/'))
    const later = play('later', hosts('a'))
      .task('of one', ({ from, host }) => look(from(first, host).one.at))
      .task('of all', ({ from }) =>
        look(
          from
            .all(first)
            .map(({ results }) => results.one.at)
            .join(),
        ),
      )
    const make = () => scheduleOf([first, later], undefined, asked({ skipTags: ['x'] }))
    expect(make).toThrow(/later\/of one needs the output of first\/one/)
    expect(make).toThrow(/later\/of all needs the output of first\/one/)
  })

  test('the restore point of a change', () => {
    const point = play('dumps', hosts('a'), { tags: 'backup' }).task('dump', () => dump(null))
    const hop = play('hop', hosts('a'), { restoredBy: [point] }).task('go', () => migrate(null))
    expect(() => scheduleOf([point, hop], undefined, asked({ skipTags: ['backup'] }))).toThrow(
      /hop\/\*\/go is brought back by the restore point "dumps", which --skip-tags backup leaves out/,
    )
  })
})
