import { describe, expect, test } from 'vitest'
import { change, irreversible, observe, play, skip, TaskError, UnknownOutcome } from '../../src/index.ts'
import { InputError } from '../../src/model/errors.ts'
import { hosts, sideBySide, tryBack, tryRun } from '../support/engine.ts'
import { endsOf, webTier } from '../support/web-tier.ts'

const [balancer] = hosts('lb')

/** The first tries fail so, then it goes well. Counts the tries. */
function flaky(errors: readonly Error[]) {
  const left = [...errors]
  const tries: string[] = []
  const next = () => {
    tries.push('try')
    const error = left.shift()
    if (error !== undefined) throw error
  }
  return {
    tries,
    look: observe('look', async (_on, _input: null) => next()),
    set: change('set', { apply: async (_on, _input: null) => next(), undo: async () => {} }),
  }
}
const known = () => new TaskError('not yet')

describe('retries', () => {
  test('of an observing task without until', async () => {
    const { look, tries } = flaky([known(), known()])
    const parts = [play('p', hosts('a')).task('t', () => look(null), { retries: 2, delay: '1ms' })]
    expect((await tryRun(parts)).outcome).toBe('ok')
    expect(tries).toHaveLength(3)
  })

  test('of a change after failures that are known, each told; a resumed run has its tries anew', async () => {
    const { set, tries } = flaky([known(), known(), known()])
    const parts = [play('p', hosts('a')).task('t', () => set(null), { retries: 1, delay: '1ms', backoff: 2 })]
    const run = await tryRun(parts)
    expect(run.outcome).toBe('failed')
    expect(tries).toHaveLength(2)
    expect(run.events.filter((event) => event.type === 'task.retried')).toMatchObject([{ left: 1 }])
    expect((await tryRun(parts, { before: run.events })).outcome).toBe('ok')
    expect(tries).toHaveLength(4)
  })

  test.each([
    ['an outcome that is unknown', new UnknownOutcome('lost'), 'needs-operator'],
    ['a defect', new TypeError('x is not a function'), 'failed'],
  ])('never of a change after %s', async (_name, error, outcome) => {
    const { set, tries } = flaky([error])
    const parts = [play('p', hosts('a')).task('t', () => set(null), { retries: 3, delay: '1ms' })]
    expect((await tryRun(parts)).outcome).toBe(outcome)
    expect(tries).toHaveLength(1)
  })
})

describe('ignoreErrors', () => {
  const outcomeOf = async (error: Error) =>
    (await tryRun([play('p', hosts('a')).task('t', () => flaky([error]).look(null), { ignoreErrors: true })]))
      .outcome

  test('forgives what a module says has failed', async () => {
    expect(await outcomeOf(known())).toBe('ok')
  })

  test.each([
    ['a defect of a module', new TypeError('x is not a function')],
    ['what was given wrong', new InputError('no such version')],
  ])('does not forgive %s', async (_name, error) => {
    expect(await outcomeOf(error)).toBe('failed')
  })

  test('does not forgive a function that throws, nor an output that is missing, nor a silent host', async () => {
    const { look } = flaky([])
    const throws = play('p', hosts('a'))
      .task('first', () => look(null))
      .task(
        't',
        ({ first }) => {
          if (first === undefined) throw new Error('boom')
          return look(null)
        },
        { ignoreErrors: true },
      )
    expect((await tryRun([throws])).outcome).toBe('failed')
    const other = play('other', hosts('b', 'c'), { maxFailPercentage: 50 }).task('gone', ({ host }) =>
      flaky(host.name === 'b' ? [known()] : []).look(null),
    )
    const [b] = other.hosts
    if (b === undefined) throw new Error()
    const missing = play('p', hosts('a')).task(
      't',
      ({ from }) => (from(other, b).gone === undefined ? skip('x') : look(null)),
      { ignoreErrors: true },
    )
    const run = await tryRun([other, missing])
    expect(endsOf(run)).toContain('p/a/t: blocked')
    expect(run.outcome).toBe('failed')
    const silent = play('p', hosts('a')).task('t', () => look(null), { ignoreErrors: true })
    expect((await tryRun([silent], { down: ['a'] })).outcome).toBe('unreachable')
  })
})

describe('delegateTo', () => {
  const rollout = (tier: ReturnType<typeof webTier>) => [
    play('roll', hosts('a', 'b'), { serial: 1 }).block(
      'out of the balancer',
      (tasks) =>
        tasks
          .task('drain', ({ host }) => tier.drain(host.name), balancer && { delegateTo: balancer })
          .task('set', () => tier.set('new')),
      {
        rescue: (tasks) => tasks.task('give up', ({ failure }) => tier.serves(failure.result)),
        always: (tasks) =>
          tasks.task(
            'restore',
            ({ host }) => tier.restore(host.name),
            balancer && { delegateTo: () => balancer },
          ),
      },
    ),
  ]

  test('the work is done over that machine, and undone there; ids stay', async () => {
    const tier = webTier()
    const run = await tryRun(rollout(tier))
    expect(run.outcome).toBe('ok')
    expect(tier.log.slice(0, 3)).toEqual(['drain a at lb', 'set a', 'restore a at lb'])
    expect(run.events.find((event) => event.type === 'task.started')).toMatchObject({
      task: 'roll/a/drain',
      on: 'lb',
    })
    expect((await tryBack(rollout(tier), { before: run.events, down: ['a', 'b'] })).outcome).toBe(
      'needs-operator',
    )
    expect((await tryBack(rollout(tier), { before: run.events })).outcome).toBe('ok')
    expect([...tier.drained, ...[...tier.files.values()].filter((file) => file !== 'old')]).toEqual([])
  })

  test('a machine that is only delegated to is a peer; one that nobody names is none', async () => {
    if (balancer === undefined) throw new Error()
    for (const delegateTo of [balancer, () => balancer]) {
      const named: string[] = []
      const fetch = observe('fetch', async (on, from: string) => {
        await on.peer(from)
        named.push(from)
      })
      const parts = [
        play('p', hosts('a'))
          .task('there', () => flaky([]).look(null), { delegateTo })
          .each('fetch', ['a', 'lb', 'nobody'], ({ item }) => fetch(item)),
      ]
      const run = await tryRun(parts)
      expect(named).toEqual(['a', 'lb'])
      expect(endsOf(run).at(-1)).toContain('p/a/fetch[nobody]: failed')
    }
  })

  test('a dead host is let in again through a machine that lives', async () => {
    const tier = webTier()
    const run = await tryRun(rollout(tier), { down: ['a'] })
    expect(run.outcome).toBe('unreachable')
    expect(tier.log).toEqual(['drain a at lb', 'restore a at lb'])
    expect(run.events.map((event) => event.type)).not.toContain('due')
  })

  test('a machine that is not in the inventory is refused', async () => {
    const [stranger] = hosts('bl')
    const wrong =
      stranger && play('p', hosts('a')).task('t', () => webTier().set('x'), { delegateTo: stranger })
    await expect(async () => tryRun(wrong ? [wrong] : [])).rejects.toThrow(
      /delegated to "bl", which is not in the inventory; did you mean "lb"\?/,
    )
  })
})

describe('runOnce', () => {
  const once = (tier: ReturnType<typeof webTier>, runOnce: 'play' | 'wave') => [
    play('roll', hosts('a', 'b', 'c', 'd'), { serial: 2, maxFailPercentage: 100 })
      .task('first', () => tier.serves('first'))
      .task('migrate', () => tier.set('x'), { runOnce })
      .task('after', ({ migrate }) => tier.serves(`after ${migrate.to}`)),
  ]
  const done = (log: readonly string[]) => log.filter((line) => line.startsWith('set'))

  test.each([
    ['play', ['set a']],
    ['wave', ['set a', 'set c']],
  ] as const)('for each %s: one host does it, all read its output', async (scope, expected) => {
    const tier = webTier()
    expect((await tryRun(once(tier, scope))).outcome).toBe('ok')
    expect(done(tier.log)).toEqual(expected)
    expect(tier.log.filter((line) => line.startsWith('after x'))).toHaveLength(4)
  })

  test('where its host does not answer, the next one does it', async () => {
    const tier = webTier()
    const run = await tryRun(once(tier, 'play'), { down: ['a'] })
    expect(run.outcome).toBe('unreachable')
    expect(done(tier.log)).toEqual(['set b'])
    expect(tier.log).toContain('after x d')
  })

  test('failed, it has failed for all of its scope', async () => {
    const tier = webTier()
    tier.sick.set('set a', 'failed')
    const run = await tryRun(once(tier, 'play'))
    expect(run.outcome).toBe('failed')
    expect(done(tier.log)).toEqual(['set a'])
    expect(endsOf(run)).toContain('roll/b/migrate: blocked')
    tier.sick.clear()
    expect((await tryRun(once(tier, 'play'), { before: run.events })).outcome).toBe('ok')
    expect(done(tier.log)).toEqual(['set a', 'set a'])
  })

  test('killed at any append and resumed: begun by one host, it is done by no other; rolled back there', async () => {
    const tier = webTier()
    const parts = once(tier, 'play')
    for (let n = 1; ; n++)
      for (const after of [false, true]) {
        tier.reset()
        const crashed = await tryRun(parts, { crashAt: { n, after } })
        if (crashed.outcome !== 'crash') return
        const run = await tryRun(parts, { before: crashed.events })
        expect(run.outcome, `crash ${n}`).toBe('ok')
        expect(new Set(done(tier.log)), `crash ${n}`).toEqual(new Set(['set a']))
        expect((await tryBack(parts, { before: run.events })).outcome).toBe('ok')
        expect(tier.log.filter((line) => line.startsWith('undo'))).toEqual(['undo set a'])
      }
  })
})

test('throttle: no more hosts than that do the task side by side', async () => {
  const { slow, most } = sideBySide()
  const all = hosts('a', 'b', 'c', 'd', 'e')
  expect((await tryRun([play('p', all).task('t', () => slow(null), { throttle: 2 })])).outcome).toBe('ok')
  expect(most()).toBe(2)
})

test('what cannot be undone stops a rollback with its reason; the others of its wave are undone', async () => {
  const tier = webTier()
  const mail = change('mail', {
    apply: async (_on, _input: null) => {},
    undo: irreversible('the mail was sent'),
  })
  const parts = [
    play('p', hosts('a', 'b'))
      .task('set', () => tier.set('new'))
      .task('mail', ({ host }) => (host.name === 'a' ? mail(null) : skip('not here'))),
  ]
  const run = await tryRun(parts)
  const back = await tryBack(parts, { before: run.events })
  expect(back.outcome).toBe('needs-operator')
  expect(back.events.at(-1)).toMatchObject({
    type: 'stopped',
    reason: 'p/a/mail cannot be undone: the mail was sent; a person must look',
  })
  expect(Object.fromEntries(tier.files)).toEqual({ a: 'new', b: 'old' })
})
