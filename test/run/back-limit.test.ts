import { describe, expect, test } from 'vitest'
import { change, play, restored, via } from '../../src/index.ts'
import type { Stamped } from '../../src/model/event.ts'
import type { Host } from '../../src/model/host.ts'
import type { Part } from '../../src/model/playbook.ts'
import { fold } from '../../src/model/state.ts'
import { refuseLimited } from '../../src/run/back-limit.ts'
import { hosts, scheduleOf, tryBack, tryRun } from '../support/engine.ts'

const only =
  (...names: string[]) =>
  (machine: Host) =>
    names.includes(machine.name)

/** What was done where, and how many undos were under way at once. */
function world() {
  const done = new Set<string>()
  const most = { atOnce: 0 }
  let now = 0
  const set = change('set', {
    apply: async (on, _input: null) => void done.add(on.task),
    undo: async (on) => {
      now += 1
      most.atOnce = Math.max(most.atOnce, now)
      await new Promise((resolve) => setImmediate(resolve))
      now -= 1
      done.delete(on.task)
    },
  })
  const add = change('add', { apply: async (on, _input: null) => void done.add(on.task), undo: restored })
  return { done, most, set, add }
}

const refusals = (parts: readonly Part[], events: readonly Stamped[], ...names: string[]) =>
  refuseLimited({ schedule: scheduleOf(parts), state: fold(events) }, only(...names))

test('a limited rollback takes back the changes of its hosts alone, and a later one the rest', async () => {
  const { done, set } = world()
  const parts = [
    play('one', hosts('a', 'b'), { serial: 1 }).task('t', () => set(null)),
    play('two', hosts('b', 'a')).task('t', () => set(null)),
  ]
  const run = await tryRun(parts)
  expect(refusals(parts, run.events, 'a')).toEqual([])
  const back = await tryBack(parts, { before: run.events }, { limit: only('a') })
  expect(back.outcome).toBe('ok')
  expect([...done].sort()).toEqual(['one/b/t', 'two/b/t'])
  expect(refusals(parts, back.events, 'a')).toEqual([
    'nothing that this run did for these hosts is left to be taken back',
  ])
  expect((await tryBack(parts, { before: back.events })).outcome).toBe('ok')
  expect([...done]).toEqual([])
})

describe('what binds a host to others', () => {
  const dumped = (points: readonly Host[], world_: ReturnType<typeof world>) => {
    const dumps = play('dumps', points).task('dump', () => world_.set(null))
    return [
      dumps,
      play('hop', hosts('a', 'b'), { restoredBy: [dumps] }).task('add', () => world_.add(null)),
      play('start', hosts('a', 'b')).task('t', () => world_.set(null)),
    ]
  }

  test('a restore point that also brings back others, or lies on another', async () => {
    const [a] = hosts('a')
    if (a === undefined) throw new Error()
    const shared = dumped(via(a, [{ name: 'db' }]), world())
    expect(refusals(shared, (await tryRun(shared)).events, 'a')).toEqual([
      'a can be brought back by "dumps" alone, which would bring back b too',
    ])
    const elsewhere = dumped(hosts('m'), world())
    const { events } = await tryRun(elsewhere)
    expect(refusals(elsewhere, events, 'a', 'b')).toEqual([
      'a, b can be brought back by "dumps" alone, which lies on m',
    ])
    expect(refusals(elsewhere, events, 'a', 'b', 'm')).toEqual([])
  })

  test('nothing binds the host of a restore point: its dumps stay for those that rest on them', async () => {
    const here = world()
    const parts = [...dumped(hosts('m'), here), play('more', hosts('m')).task('t', () => here.set(null))]
    const { events } = await tryRun(parts)
    expect(refusals(parts, events, 'm')).toEqual([])
    const back = await tryBack(parts, { before: events }, { limit: only('m') })
    expect(back.outcome).toBe('ok')
    expect([...here.done]).toContain('dumps/m/dump')
    expect([...here.done]).not.toContain('more/m/t')
    expect((await tryBack(parts, { before: back.events })).outcome).toBe('ok')
    expect(fold((await tryBack(parts, { before: back.events })).events).tasks.get('hop/a/add')).toMatchObject(
      {
        begun: false,
      },
    )
  })

  test('all that rests on a restore point, taken back with it, is counted as gone', async () => {
    const here = world()
    const dumps = play('dumps', hosts('a', 'b')).task('dump', () => here.set(null))
    const parts = [dumps, play('hop', hosts('a'), { restoredBy: [dumps] }).task('add', () => here.add(null))]
    const { events } = await tryRun(parts)
    expect(refusals(parts, events, 'a')).toEqual(['a can be brought back by "dumps" alone, which lies on b'])
    const back = await tryBack(parts, { before: events }, { limit: only('a', 'b') })
    expect([...fold(back.events).tasks].filter(([, task]) => task.begun)).toEqual([])
  })

  test('a task that was done once for others too; not what was delegated', async () => {
    const { set } = world()
    const [lb] = hosts('lb')
    if (lb === undefined) throw new Error()
    const once = [play('p', hosts('a', 'b')).task('t', () => set(null), { runOnce: 'play' })]
    expect(refusals(once, (await tryRun(once)).events, 'a')).toEqual([
      'p/a/t was done once for all, for b too',
    ])
    const over = [play('p', hosts('a', 'b')).task('t', () => set(null), { delegateTo: lb })]
    expect(refusals(over, (await tryRun(over)).events, 'a')).toEqual([])
  })

  test('hosts that belong together', async () => {
    const { set } = world()
    const parts = [play('p', hosts('a', 'b', 'c')).task('t', () => set(null))]
    const { events } = await tryRun(parts)
    const together = ({ name }: Host) => (name === 'c' ? 'cache' : 'databases')
    const known = { schedule: { ...scheduleOf(parts), together }, state: fold(events) }
    expect(refuseLimited(known, only('a'))).toEqual([
      '--limit takes a but leaves out b, and these share their databases',
    ])
    expect(refuseLimited(known, only('c'))).toEqual([])
  })
})

test('a rollback works on as many hosts side by side as it has forks', async () => {
  for (const [forks, atOnce] of [
    [1, 1],
    [2, 2],
    [50, 3],
  ]) {
    const { done, most, set } = world()
    const parts = [play('p', hosts('a', 'b', 'c')).task('t', () => set(null))]
    const run = await tryRun(parts)
    expect((await tryBack(parts, { before: run.events, forks: forks ?? 0 })).outcome).toBe('ok')
    expect(most.atOnce).toBe(atOnce)
    expect([...done]).toEqual([])
  }
})
