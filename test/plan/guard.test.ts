import { expect, test } from 'vitest'
import { change, fail, observe, play, skip } from '../../src/index.ts'
import type { Part } from '../../src/model/playbook.ts'
import { fold } from '../../src/model/state.ts'
import { planGuard } from '../../src/plan/guard.ts'
import { planDocument } from '../../src/plan/make-document.ts'
import { outline } from '../../src/plan/outline.ts'
import { hider } from '../../src/plan/secretive.ts'
import { hosts, scheduleOf, type Tried, tryRun } from '../support/engine.ts'

/** What the hosts say and hold; every look reads it. */
const world = { fact: 'old', items: ['x'], done: [] as string[] }
const look = observe('look', async () => ({ fact: world.fact, items: world.items }))
const other = observe('other', async () => ({ fact: world.fact, items: world.items }))
const set = change('set', {
  check: async (_on, to: string) => (world.done.includes(to) ? { to } : undefined),
  apply: async (on, to: string) => {
    world.done.push(`${on.name} ${to}`)
    return { to }
  },
  undo: async () => {},
})

const parts = (): readonly Part[] => {
  const facts = play('facts', hosts('a', 'b')).task('look', () => look(null))
  const work = play('work', hosts('a', 'b'), { maxFailPercentage: 100 })
    .task('set', ({ host, from }) => set(from(facts, host).look.fact))
    .each(
      'each',
      ({ set: _ }) => ['i', 'j'],
      ({ item }) => set(item),
    )
    .task('odd', ({ host, from }) =>
      from(facts, host).look.fact === 'odd' ? set('odd') : skip('it is not odd'),
    )
  return [facts, work, play('end', hosts('a', 'b')).task('look', () => look(null))]
}

async function guardOf(list = parts()) {
  const schedule = scheduleOf(list)
  const { events } = await tryRun(list, { check: true })
  const state = fold(events)
  const basis = {
    ...{ tool: '1', made: '', playbook: { name: 'p', file: 'p.ts', digest: '' }, limit: undefined },
    ...{
      inventory: { sources: [], hosts: [], groups: [], places: {}, warnings: [] },
      given: [],
      extraVars: {},
    },
  }
  const plan = planDocument(basis, { parts: outline(schedule, state), state, findings: [] }, hider('salt'))
  return { refuses: planGuard(plan) }
}

const results = ({ events }: Tried) =>
  events.flatMap((event) => (event.type === 'task.ended' ? [`${event.task}: ${event.result}`] : []))
const messages = ({ events }: Tried) =>
  events.flatMap((event) =>
    event.type === 'task.ended' && event.result === 'blocked' ? [event.message] : [],
  )

test('a run that does what was planned is not hindered, items that were known later included', async () => {
  Object.assign(world, { fact: 'old', done: [] })
  const rules = await guardOf()
  const run = await tryRun(parts(), { rules, forks: 1 })
  expect(run.outcome).toBe('ok')
  expect(world.done).toEqual(['a old', 'a i', 'a j', 'b old', 'b i', 'b j'])
})

test('a fact that moves after the last look stops the run before anything that rests on it, on every host', async () => {
  Object.assign(world, { fact: 'old', done: [] })
  const rules = await guardOf()
  world.fact = 'odd'
  const run = await tryRun(parts(), { rules, forks: 1 })
  expect(run.outcome).toBe('failed')
  expect(world.done).toEqual([])
  expect(results(run)).toEqual([
    'facts/a/look: ok',
    'facts/b/look: ok',
    'work/a/set: blocked',
    'work/b/set: blocked',
  ])
  expect(messages(run)[0]).toMatch(/not what was planned: its input is another/)
  expect(messages(run)[1]).toMatch(/left its plan at work\/a\/set/)
})

test('a change that was to find its work done is not made', async () => {
  Object.assign(world, { fact: 'old', done: ['old'] })
  const rules = await guardOf()
  world.done = []
  const run = await tryRun(parts(), { rules, forks: 1 })
  expect(world.done).toEqual([])
  expect(messages(run)[0]).toMatch(/no change -> would change/)
})

test.each<[string, () => readonly Part[], RegExp]>([
  ['another module', () => [play('p', hosts('a')).task('t', () => other(null))], /look -> other/],
  ['another input', () => [play('p', hosts('a')).task('t', () => look({} as never))], /its input is another/],
  ['a skip', () => [play('p', hosts('a')).task('t', () => skip('no'))], /look -> skipped: no/],
  [
    'a task that was not there',
    () => [play('p', hosts('b')).task('t', () => look(null))],
    /does not have it/,
  ],
])('%s is refused', async (_name, list, why) => {
  const rules = await guardOf([play('p', hosts('a')).task('t', () => look(null))])
  const run = await tryRun(list(), { rules })
  expect(messages(run)).toEqual([expect.stringMatching(why)])
})

test('handlers, rescues and what is always done are held to the plan, and not hindered by it', async () => {
  Object.assign(world, { fact: 'old', done: [] })
  const list = () => [
    play('p', hosts('a'))
      .handler('reload', () => set('reload'))
      .block(
        'try',
        (tasks) =>
          tasks
            .task('set', () => set('x'), { notify: 'reload' })
            .task('stop', () => fail('it does not hold')),
        {
          rescue: (tasks) => tasks.task('mend', () => set('mended')),
          always: (tasks) => tasks.task('back', () => set('back')),
        },
      ),
  ]
  const run = await tryRun(list(), { rules: await guardOf(list()) })
  expect(messages(run)).toEqual([])
  expect(world.done).toEqual(['a x', 'a mended', 'a back', 'a reload'])
})

test('what is done once, by whichever host, and what is delegated are held to the plan', async () => {
  const [one, two] = hosts('lb', 'lb-2')
  if (one === undefined || two === undefined) throw new Error()
  const list = (lb = one) => [
    play('p', hosts('a', 'b'), { maxFailPercentage: 50 })
      .handler('reload', () => set('reload'))
      .task('seen', () => look(null), { runOnce: 'play', delegateTo: () => lb })
      .task('once', ({ seen }) => set(seen.fact), {
        runOnce: 'wave',
        delegateTo: () => lb,
        notify: 'reload',
      }),
    play('lb', [two]).task('look', () => look(null)),
  ]
  Object.assign(world, { fact: 'old', done: [] })
  const rules = await guardOf(list())
  const run = await tryRun(list(), { rules, forks: 1 })
  expect(messages(run)).toEqual([])
  expect(world.done).toEqual(['lb old', 'a reload'])
  world.done = []
  const other = await tryRun(list(two), { rules: await guardOf(list()), forks: 1 })
  expect(world.done).toEqual([])
  expect(messages(other)[0]).toMatch(/not what was planned: over lb -> over lb-2/)
})

test('where the first host does not answer, the next may do what is done once: the plan is of both', async () => {
  const list = [
    play('p', hosts('a', 'b'), { maxFailPercentage: 50 }).task('once', () => set('x'), { runOnce: 'play' }),
  ]
  Object.assign(world, { fact: 'old', done: [] })
  const run = await tryRun(list, { rules: await guardOf(list), down: ['a'] })
  expect(messages(run)).toEqual([])
  expect(world.done).toEqual(['b x'])
})
