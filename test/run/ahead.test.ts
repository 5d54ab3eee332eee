import { describe, expect, test } from 'vitest'
import { change, type On, observe, play, sh, skip, via } from '../../src/index.ts'
import { hosts, tryRun } from '../support/engine.ts'

/** A machine whose answers take a turn of the event loop, so that it shows which checks were asked together. */
function machine() {
  const rounds: string[][] = []
  const so = new Map<string, string>()
  let round: string[] | undefined
  const ask = async (name: string) => {
    if (round === undefined) {
      round = []
      rounds.push(round)
    }
    round.push(name)
    await new Promise((resolve) => setImmediate(resolve))
    round = undefined
    return so.get(name)
  }
  const keep = (check?: (on: On, name: string) => Promise<unknown>, applied?: () => void) =>
    change('keep', {
      check: async (on, name: string) => {
        await check?.(on, name)
        const found = await ask(name)
        return found === undefined ? undefined : { found }
      },
      apply: async (_on, name: string) => {
        so.set(name, 'made')
        applied?.()
        return { found: 'made' }
      },
      undo: async (_on, name) => void so.delete(name),
    })
  return { rounds, so, keep, ask }
}

function deferred() {
  let resolve = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

const names = Array.from({ length: 20 }, (_, n) => `t${n}`)
const statuses = (run: Awaited<ReturnType<typeof tryRun>>) =>
  run.events.flatMap((event) => (event.type === 'task.ended' ? [`${event.task}: ${event.result}`] : []))
const outputs = (run: Awaited<ReturnType<typeof tryRun>>) =>
  run.events.flatMap((event) => (event.type === 'task.ended' ? [event.output] : []))

describe('checks of consecutive tasks', () => {
  test('travel together once one was as it should be, more of them each time', async () => {
    const { rounds, so, keep } = machine()
    const module = keep()
    let work = play('work', hosts('a'))
    for (const name of names) {
      so.set(name, 'old')
      work = work.task(name as 'x', () => module(name)) as never
    }
    const run = await tryRun([work])
    expect(run.outcome).toBe('ok')
    expect(rounds.map((round) => round.length)).toEqual([1, 2, 8, 9])
    expect(statuses(run)).toEqual(names.map((name) => `work/a/${name}: ok`))
  })

  test('are asked once each where everything is to be changed', async () => {
    const { rounds, keep } = machine()
    const module = keep()
    let work = play('work', hosts('a'))
    for (const name of names) work = work.task(name as 'x', () => module(name)) as never
    expect((await tryRun([work])).outcome).toBe('ok')
    expect(rounds.flat()).toEqual(names)
  })

  test('are asked again after a change: what they said before it does not count', async () => {
    const { rounds, so, keep } = machine()
    so.set('t0', 'old').set('t1', 'old').set('t2', 'old').set('t4', 'old')
    const module = keep(undefined, () => so.set('t4', 'new').set('t5', 'new'))
    let work = play('work', hosts('a'))
    for (const name of names.slice(0, 6)) work = work.task(name as 'x', () => module(name)) as never
    const run = await tryRun([work])
    expect(rounds).toEqual([['t0'], ['t1', 't2'], ['t3', 't4', 't5'], ['t4'], ['t5']])
    expect(statuses(run).slice(3)).toEqual(['work/a/t3: changed', 'work/a/t4: ok', 'work/a/t5: ok'])
    expect(outputs(run).slice(4)).toEqual([{ found: 'new' }, { found: 'new' }])
  })

  test('do not count either when somebody else began to change the same machine', async () => {
    const { so, keep } = machine()
    for (const name of ['t0', 'slow', 'last']) so.set(name, 'old')
    const looked = deferred()
    const changed = deferred()
    const module = keep(
      async (_on, name) => {
        if (name === 'last') looked.resolve()
        if (name === 'slow') await changed.promise
        if (name === 'other') await looked.promise
      },
      () => {
        so.set('last', 'new')
        changed.resolve()
      },
    )
    const [one, two] = via({ name: 'm', groups: [], vars: {} }, [{ name: 'one' }, { name: 'two' }])
    const isOne = ({ host }: { host: { name: string } }) => host.name === 'one'
    const work = play(
      'work',
      [one, two].flatMap((host) => host ?? []),
    )
      .task('a', (seen) => module(isOne(seen) ? 't0' : 'other'))
      .task('b', (seen) => (isOne(seen) ? module('slow') : skip('of the other alone')))
      .task('c', (seen) => (isOne(seen) ? module('last') : skip('of the other alone')))
    const run = await tryRun([work])
    expect(run.outcome).toBe('ok')
    const found = run.events.find((event) => event.type === 'task.ended' && event.task === 'work/one/c')
    expect(found).toMatchObject({ output: { found: 'new' } })
  })

  test('do not pass a task that may wait for something, nor one that is done once for all', async () => {
    const { rounds, so, keep, ask } = machine()
    for (const name of names) so.set(name, 'old')
    const module = keep()
    const waits = observe('waits', async (_on, name: string) => ({ said: (await ask(name)) ?? '' }))
    const work = play('work', hosts('a'))
      .task('a', () => module('t0'))
      .task('b', () => module('t1'))
      .task('c', () => waits('t2'))
      .task('d', () => module('t3'))
      .task('e', () => module('t4'))
      .task('f', () => module('t5'), { runOnce: 'play' })
      .task('g', () => module('t6'))
    expect((await tryRun([work])).outcome).toBe('ok')
    expect(rounds).toEqual([['t0'], ['t1'], ['t2'], ['t3', 't4'], ['t5'], ['t6']])
  })

  test('that rest on an output wait for it', async () => {
    const { rounds, so, keep } = machine()
    for (const name of names) so.set(name, 'old')
    const module = keep()
    const work = play('work', hosts('a'))
      .task('a', () => module('t0'))
      .task('b', () => module('t1'))
      .task('c', ({ b }) => module(b.found === 'old' ? 't2' : 't3'))
      .task('d', () => module('t4'))
    expect((await tryRun([work])).outcome).toBe('ok')
    expect(rounds).toEqual([['t0'], ['t1'], ['t2', 't4']])
  })

  test.each<[string, (on: On) => Promise<unknown>]>([
    ['fails', async () => Promise.reject(new Error('not yet'))],
    ['is more than a look', (on) => on.exec(sh`touch x`)],
    ['makes a directory', (on) => on.keep()],
  ])('one that %s early is asked again in its turn', async (_what, early) => {
    const { so, keep } = machine()
    for (const name of names) so.set(name, 'old')
    const order: string[] = []
    let first = true
    const module = keep(async (on, name) => {
      order.push(name)
      if (name !== 't2' || !first) return
      first = false
      await early(on)
      order.push('it went through')
    })
    const work = play('work', hosts('a'))
      .task('a', () => module('t0'))
      .task('b', () => module('t1'))
      .task('c', () => module('t2'))
    const run = await tryRun([work])
    expect(run.outcome).toBe('ok')
    expect(order).toEqual(['t0', 't1', 't2', 't2'])
    expect(statuses(run)).toEqual(['work/a/a: ok', 'work/a/b: ok', 'work/a/c: ok'])
  })

  test('one that takes the refusal to do more than look for an answer is asked again in its turn', async () => {
    const { so, keep } = machine()
    for (const name of names) so.set(name, 'old')
    const order: string[] = []
    const module = keep(async (on, name) => {
      order.push(name)
      if (name === 't2') await on.peer('b').catch(() => undefined)
    })
    const work = play('work', hosts('a'))
      .task('a', () => module('t0'))
      .task('b', () => module('t1'))
      .task('c', () => module('t2'))
    expect((await tryRun([work])).outcome).toBe('ok')
    expect(order).toEqual(['t0', 't1', 't2', 't2'])
  })

  test('are asked again when they are old: the controller slept, or a check between took long', async () => {
    const { so, keep } = machine()
    for (const name of names) so.set(name, 'old')
    let now = 0
    const order: string[] = []
    const module = keep(async (_on, name) => void order.push(name))
    const work = play('work', hosts('a'))
      .task('a', () => module('t0'))
      .task('b', () => module('t1'))
      .task('c', () => module('t2'))
    const onEvent = (event: { type: string; task?: string }) => {
      if (event.type === 'task.ended' && event.task === 'work/a/b') now += 61_000
    }
    expect((await tryRun([work], { onEvent, rules: { clock: () => now } })).outcome).toBe('ok')
    expect(order).toEqual(['t0', 't1', 't2', 't2'])
  })

  test('in the midst of what somebody else changes on the machine do not count after it', async () => {
    const { so, keep } = machine()
    for (const name of ['t0', 'slow', 'last']) so.set(name, 'old')
    const begun = deferred()
    const looked = deferred()
    const changed = deferred()
    const module = keep(async (_on, name) => {
      if (name === 't0') await begun.promise
      if (name === 'slow') await changed.promise
      if (name === 'last') looked.resolve()
    })
    const long = change('long', {
      apply: async () => {
        begun.resolve()
        await looked.promise
        for (let turns = 0; turns < 5; turns += 1) await new Promise((resolve) => setImmediate(resolve))
        so.set('last', 'new')
        setImmediate(changed.resolve)
        return {}
      },
      undo: async () => {},
    })
    const [one, two] = via({ name: 'm', groups: [], vars: {} }, [{ name: 'one' }, { name: 'two' }])
    const isOne = ({ host }: { host: { name: string } }) => host.name === 'one'
    const work = play(
      'work',
      [one, two].flatMap((host) => host ?? []),
    )
      .task('a', (seen) => (isOne(seen) ? module('t0') : long({})))
      .task('b', (seen) => (isOne(seen) ? module('slow') : skip('of the other alone')))
      .task('c', (seen) => (isOne(seen) ? module('last') : skip('of the other alone')))
    const run = await tryRun([work])
    const found = run.events.find((event) => event.type === 'task.ended' && event.task === 'work/one/c')
    expect(found).toMatchObject({ output: { found: 'new' } })
  })

  test('say what they have to say in their turn', async () => {
    const { so, keep } = machine()
    for (const name of names) so.set(name, 'old')
    const module = keep(async (on, name) => on.say(`looked at ${name}`))
    const work = play('work', hosts('a'))
      .task('a', () => module('t0'))
      .task('b', () => module('t1'))
      .task('c', () => module('t2'))
    const run = await tryRun([work])
    const told = run.events.flatMap((event) =>
      event.type === 'task.said' ? [event.line] : event.type === 'task.ended' ? [event.task] : [],
    )
    expect(told).toEqual(['looked at t0', 'work/a/a', 'looked at t1', 'work/a/b', 'looked at t2', 'work/a/c'])
  })

  test('are not asked before a person said yes to the task (--step)', async () => {
    const { rounds, so, keep } = machine()
    for (const name of names) so.set(name, 'old')
    const module = keep()
    let work = play('work', hosts('a'))
    for (const name of names.slice(0, 4)) work = work.task(name as 'x', () => module(name)) as never
    expect((await tryRun([work], { rules: { step: async () => true } })).outcome).toBe('ok')
    expect(rounds.every((round) => round.length === 1)).toBe(true)
  })
})
