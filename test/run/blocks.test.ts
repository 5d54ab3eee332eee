import { describe, expect, test } from 'vitest'
import { fail, observe, play, skip } from '../../src/index.ts'
import type { Part } from '../../src/model/playbook.ts'
import { fold } from '../../src/model/state.ts'
import { outline } from '../../src/plan/outline.ts'
import { outlineText } from '../../src/plan/text.ts'
import {
  hosts,
  interruptedAfter,
  scheduleOf,
  takenBackFromEachCrash,
  tryBack,
  tryRun,
} from '../support/engine.ts'
import { endsOf, webTier } from '../support/web-tier.ts'

/** Drains each host, sets its file, looks at it, mends what failed, and lets the host in again whatever happened. */
const rollout = (tier: ReturnType<typeof webTier>, ...names: string[]): readonly Part[] => [
  play('roll', hosts(...names), { maxFailPercentage: 100 })
    .task('before', () => tier.serves('before'))
    .block(
      'configure',
      (tasks) =>
        tasks
          .task('drain', ({ host }) => tier.drain(host.name))
          .task('set', () => tier.set('new'))
          .task('gate', () => tier.serves('gate')),
      {
        rescue: (tasks) => tasks.task('mend', ({ failure }) => tier.set(`mended after ${failure.task}`)),
        always: (tasks) => tasks.task('restore', ({ host }) => tier.restore(host.name)),
      },
    )
    .task('after', ({ gate }) => (gate === undefined ? skip('it was mended') : tier.serves('after'))),
]

test('when all goes well: the body, then always; no rescue', async () => {
  const tier = webTier()
  const run = await tryRun(rollout(tier, 'a'))
  expect(run.outcome).toBe('ok')
  expect(tier.log).toEqual(['before a', 'drain a at a', 'set a', 'gate a', 'restore a at a', 'after a'])
})

test('when a task fails: rescue, which sees the failure, then always; the host counts as well', async () => {
  const tier = webTier()
  tier.sick.set('gate a', 'failed')
  const run = await tryRun(rollout(tier, 'a', 'b'))
  expect(run.outcome).toBe('ok')
  expect(tier.log.filter((line) => line.endsWith('a'))).toEqual([
    'before a',
    'drain a at a',
    'set a',
    'gate a',
    'set a',
    'restore a at a',
  ])
  expect(Object.fromEntries(tier.files)).toEqual({ a: 'mended after roll/a/gate', b: 'new' })
  expect([...tier.drained]).toEqual([])
  expect(endsOf(run)).toContain('roll/a/after: skipped')
  expect(run.events).toContainEqual(
    expect.objectContaining({
      type: 'block.failed',
      block: 'roll/a/configure',
      failure: expect.objectContaining({ task: 'roll/a/gate', result: 'failed' }),
    }),
  )
})

test('an unknown outcome is rescued too', async () => {
  const tier = webTier()
  tier.sick.set('set a', 'unknown')
  const parts = [
    play('roll', hosts('a')).block('b', (tasks) => tasks.task('set', () => tier.set('new')), {
      rescue: (tasks) => tasks.task('saw', ({ failure }) => tier.serves(`saw ${failure.result}`)),
    }),
  ]
  expect((await tryRun(parts)).outcome).toBe('ok')
  expect(tier.log).toEqual(['set a', 'saw unknown a'])
})

test('a rescue that fails fails its host, with always after it', async () => {
  const tier = webTier()
  tier.sick.set('set a', 'failed')
  const parts = [
    play('roll', hosts('a'))
      .block(
        'configure',
        (tasks) => tasks.task('drain', () => tier.drain('a')).task('set', () => tier.set('new')),
        {
          rescue: (tasks) => tasks.task('give up', ({ failure }) => fail(`gave up: ${failure.message}`)),
          always: (tasks) => tasks.task('restore', () => tier.restore('a')),
        },
      )
      .task('after', () => tier.serves('after')),
  ]
  const run = await tryRun(parts)
  expect(run.outcome).toBe('failed')
  expect(tier.log).toEqual(['drain a at a', 'set a', 'restore a at a'])
  expect(
    run.events.find((event) => event.type === 'task.ended' && event.task === 'roll/a/give up'),
  ).toMatchObject({
    message: expect.stringContaining('gave up: set a is sick'),
  })
  tier.sick.clear()
  tier.log.length = 0
  expect((await tryRun(parts, { before: run.events })).outcome).toBe('ok')
  // Begun anew: it had been let in again, so it is drained again before it is changed.
  expect(tier.log).toEqual(['drain a at a', 'set a', 'restore a at a', 'after a'])
})

test('without a rescue the host has failed, and always has followed', async () => {
  const tier = webTier()
  tier.sick.set('set a', 'failed')
  const parts = [
    play('roll', hosts('a')).block(
      'b',
      (tasks) => tasks.task('drain', () => tier.drain('a')).task('set', () => tier.set('new')),
      {
        always: (tasks) =>
          tasks.task('restore', ({ set }) => (set === undefined ? tier.restore('a') : skip('set'))),
      },
    ),
  ]
  const run = await tryRun(parts)
  expect(run.outcome).toBe('failed')
  expect(tier.log).toEqual(['drain a at a', 'set a', 'restore a at a'])
  expect(run.events.map((event) => event.type)).not.toContain('due')
})

test('a mistake of ours is cleaned up after, and never counts as mended', async () => {
  const tier = webTier()
  tier.sick.set('set a', 'defect')
  const run = await tryRun([
    play('roll', hosts('a')).block('b', (tasks) => tasks.task('set', () => tier.set('new')), {
      rescue: (tasks) => tasks.task('mend', () => tier.serves('mend')),
      always: (tasks) => tasks.task('restore', () => tier.restore('a')),
    }),
  ])
  expect(run.outcome).toBe('failed')
  expect(endsOf(run)).toEqual(['roll/a/set: failed', 'roll/a/mend: ok', 'roll/a/restore: ok'])
})

test('blocks within blocks: what the inner one did not mend is for the outer one', async () => {
  const tier = webTier()
  tier.sick.set('deep a', 'failed')
  tier.sick.set('inner rescue a', 'failed')
  const run = await tryRun([
    play('roll', hosts('a'))
      .block(
        'outer',
        (tasks) =>
          tasks
            .block('inner', (inner) => inner.task('deep', () => tier.serves('deep')), {
              rescue: (inner) => inner.task('first', () => tier.serves('inner rescue')),
              always: (inner) => inner.task('inner end', () => tier.serves('inner end')),
            })
            .task('not reached', () => tier.serves('not reached')),
        {
          rescue: (tasks) => tasks.task('second', ({ failure }) => tier.serves(`rescued ${failure.task}`)),
          always: (tasks) => tasks.task('outer end', () => tier.serves('outer end')),
        },
      )
      .task('after', ({ deep, second }) => tier.serves(`${deep?.serves} ${second?.serves}`)),
  ])
  expect(run.outcome).toBe('ok')
  expect(tier.log).toEqual([
    'deep a',
    'inner rescue a',
    'inner end a',
    'rescued roll/a/first a',
    'outer end a',
    'undefined old a',
  ])
})

test('the stop rule stops the body of others, and their always follows', async () => {
  const tier = webTier()
  tier.sick.set('bad a', 'failed')
  const parts = [
    play('roll', hosts('a', 'b'), { anyErrorsFatal: true }).block(
      'b',
      (tasks) =>
        tasks
          .task('drain', ({ host }) => tier.drain(host.name))
          .task('bad', () => tier.serves('bad'))
          .each(
            'more',
            Array.from({ length: 50 }, (_, n) => `${n}`),
            ({ item }) => tier.serves(item),
          ),
      { always: (tasks) => tasks.task('restore', ({ host }) => tier.restore(host.name)) },
    ),
  ]
  const run = await tryRun(parts)
  expect(run.outcome).toBe('failed')
  expect(tier.log).not.toContain('49 b')
  expect(tier.log).toContain('restore b at b')
  expect([...tier.drained]).toEqual([])
  tier.sick.clear()
  tier.log.length = 0
  expect((await tryRun(parts, { before: run.events })).outcome).toBe('ok')
  // It had been let in again: it is drained before the rest of the body, not after it.
  expect(tier.log.filter((line) => line.endsWith('b'))[0]).toBe('drain b at b')
  expect([...tier.drained]).toEqual([])
})

test('after an interrupt always stays due, is named, and follows on resume', async () => {
  const tier = webTier()
  const parts = rollout(tier, 'a')
  const run = await interruptedAfter(parts, 'roll/a/drain')
  expect(run.outcome).toBe('interrupted')
  expect(run.events.at(-1)).toMatchObject({ type: 'due', blocks: ['roll/a/configure'] })
  expect([...tier.drained]).toEqual(['a'])
  expect((await tryRun(parts, { before: run.events })).outcome).toBe('ok')
  expect(tier.log).toEqual(['before a', 'drain a at a', 'set a', 'gate a', 'restore a at a', 'after a'])
})

test('an unreachable host whose always cannot follow is named at the end', async () => {
  const tier = webTier()
  const down: string[] = []
  const run = await tryRun(rollout(tier, 'a', 'b'), {
    down,
    onEvent: (event) => {
      if (event.type === 'task.ended' && event.task === 'roll/a/drain') down.push('a')
    },
  })
  expect(run.outcome).toBe('unreachable')
  expect(run.events.at(-1)).toMatchObject({ type: 'due', blocks: ['roll/a/configure'] })
  down.length = 0
  expect((await tryRun(rollout(tier, 'a', 'b'), { before: run.events })).outcome).toBe('ok')
  expect([...tier.drained]).toEqual([])
})

describe.each(['well', 'gate a', 'set a'])('with %s sick, killed at any append and resumed', (sick) => {
  test('it ends as undisturbed: what was mended stays mended, and nobody stays drained', async () => {
    const calm = webTier()
    calm.sick.set(sick, 'failed')
    const undisturbed = await tryRun(rollout(calm, 'a', 'b'))
    const tier = webTier()
    const parts = rollout(tier, 'a', 'b')
    tier.sick.set(sick, 'failed')
    for (let n = 1; ; n++)
      for (const kind of ['before', 'after', 'unsynced']) {
        tier.reset()
        const crashAt = { n, after: kind !== 'before', unsynced: kind === 'unsynced' }
        const crashed = await tryRun(parts, { crashAt })
        if (crashed.outcome !== 'crash') return
        const resumed = await tryRun(parts, { before: crashed.events })
        expect(resumed.outcome, `crash ${n} ${kind}`).toBe(undisturbed.outcome)
        expect(Object.fromEntries(tier.files), `crash ${n} ${kind}`).toEqual(Object.fromEntries(calm.files))
        expect([...tier.drained]).toEqual([])
        if (sick === 'gate a' && crashed.events.some((event) => event.type === 'block.failed'))
          expect(tier.log.filter((line) => line === 'gate a')).toHaveLength(1)
      }
  })

  test('and rolled back instead: everything is as before', async () => {
    const tier = webTier()
    const parts = rollout(tier, 'a', 'b')
    for (let n = 1; ; n++) {
      tier.reset()
      tier.sick.set(sick, 'failed')
      const crashed = await tryRun(parts, { crashAt: { n, after: true } })
      if (crashed.outcome !== 'crash') return
      tier.sick.clear()
      const back = await tryBack(parts, { before: crashed.events })
      expect(back.outcome, `crash ${n}`).toBe('ok')
      expect([...tier.files.values()].filter((file) => file !== 'old')).toEqual([])
      expect([...tier.drained]).toEqual([])
    }
  })
})

test('begun anew, killed there and rolled back: what the first course did is undone by what it remembered', async () => {
  const tier = webTier()
  tier.sick.set('gate a', 'failed')
  tier.sick.set('mend a', 'failed')
  const path = observe('path', async () => ({ path: 'x' }))
  const parts = [
    play('roll', hosts('a')).block(
      'b',
      (tasks) =>
        tasks
          .task('path', () => path(null))
          .task('set', ({ path: { path: name } }) => tier.set(name))
          .task('gate', ({ set }) => tier.serves(set.to === 'x' ? 'gate' : 'no gate')),
      { rescue: (tasks) => tasks.task('mend', () => tier.serves('mend')) },
    ),
  ]
  for await (const { n, failed, back } of takenBackFromEachCrash(parts, tier.reset)) {
    expect([failed.outcome, back.outcome], `crash ${n}`).toEqual(['failed', 'ok'])
    expect(tier.files.get('a')).toBe('old')
  }
})

test('check mode: the body as it is, the rescue only perhaps, always behind what would change', async () => {
  const tier = webTier()
  const run = await tryRun(rollout(tier, 'a'), { check: true })
  expect(run.outcome).toBe('ok')
  expect(endsOf(run)).toEqual([
    'roll/a/before: ok',
    'roll/a/drain: would-change',
    'roll/a/set: not-known',
    'roll/a/gate: not-known',
    'roll/a/mend: not-known',
    'roll/a/restore: not-known',
    'roll/a/after: not-known',
  ])
  expect(tier.log).toEqual(['before a'])
  const text = outlineText(outline(scheduleOf(rollout(tier, 'a')), fold([])))
  expect(text).toContain('a > mend: if a task of "configure" fails: known after a failure in "configure"')
})

test('names are one room: a task in a block cannot have the name of another, nor of a block', () => {
  const tier = webTier()
  const made = <N extends string>(name: string, as: N): N => (name || as) as N
  const make = () =>
    scheduleOf([
      play('roll', hosts('a'))
        .task(made('same', 'one'), () => tier.serves('x'))
        .block('b', (tasks) =>
          tasks
            .task(made('same', 'two'), () => tier.serves('x'))
            .task(made('b', 'three'), () => tier.serves('x')),
        ),
    ])
  expect(make).toThrow(/the name "same" is used twice in it \(.*blocks\.test\.ts:\d+:\d+\)/)
  expect(make).toThrow(/the name "b" is used twice in it/)
})

test('back to a play leaves its blocks and handlers as they were, and takes back those behind it', async () => {
  const tier = webTier()
  const parts = ['one', 'two'].map((name) =>
    play(name, hosts('a'))
      .handler('reload', () => tier.reload(null))
      .block(
        `${name} block`,
        (tasks) => tasks.task('set', () => tier.set(name), { notify: 'reload' }).flush(),
        {
          always: (tasks) => tasks.task('restore', () => tier.restore('a')),
        },
      ),
  )
  const run = await tryRun(parts)
  const interrupt = new AbortController()
  const back = await tryBack(
    parts,
    {
      before: run.events,
      interrupted: interrupt.signal,
      onEvent: (event) => {
        if (event.type === 'undo.ended') interrupt.abort()
      },
    },
    { to: 'one' },
  )
  // Interrupted between the file and its handler, and gone on with.
  expect(back.outcome).toBe('interrupted')
  expect((await tryBack(parts, { before: back.events }, { to: 'one' })).outcome).toBe('ok')
  expect([tier.files.get('a'), tier.running.get('a')]).toEqual(['one', 'one'])
})
