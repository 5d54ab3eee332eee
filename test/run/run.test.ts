import { expect, test } from 'vitest'
import { approve, change, conclude, fail, observe, play, restored, skip, via } from '../../src/index.ts'
import type { Part } from '../../src/model/playbook.ts'
import { hosts, tryBack, tryRun } from '../support/engine.ts'

type World = Map<string, string>

/** Sets a key of the world; remembers and brings back what was there. Counts what it really did in `log`. */
const setting = (world: World, log: string[] = []) =>
  change('set', {
    check: async (on, input: { key: string; to: string }) =>
      world.get(`${on.name}.${input.key}`) === input.to ? input.to : undefined,
    remember: async (on, input) => ({ was: world.get(`${on.name}.${input.key}`) ?? null }),
    apply: async (on, input) => {
      world.set(`${on.name}.${input.key}`, input.to)
      log.push(`${on.name}.${input.key}=${input.to}`)
      return input.to
    },
    undo: async (on, input, { was }) => {
      if (was === null) world.delete(`${on.name}.${input.key}`)
      else world.set(`${on.name}.${input.key}`, was)
      log.push(`undo ${on.name}.${input.key}`)
    },
  })

const look = (world: World) =>
  observe('look', async (on, key: string) => ({ value: world.get(`${on.name}.${key}`) ?? null }))

const ends = (events: readonly { type: string }[], type = 'task.ended') =>
  events.filter((event) => event.type === type) as unknown as {
    task: string
    result: string
    message?: string
  }[]

test('tasks run in order, outputs flow on, and a second run changes nothing', async () => {
  const world: World = new Map([['a.color', 'red']])
  const seen: string[] = []
  const parts = [
    play('one', hosts('a', 'b'))
      .task('was', () => look(world)('color'))
      .task('now', ({ was }) => {
        seen.push(String(was.value))
        return setting(world)({ key: 'color', to: 'blue' })
      }),
  ]
  expect((await tryRun(parts)).outcome).toBe('ok')
  expect(Object.fromEntries(world)).toEqual({ 'a.color': 'blue', 'b.color': 'blue' })
  expect(seen).toContain('red')
  const again = await tryRun(parts)
  expect(ends(again.events).map((event) => event.result)).toEqual(['ok', 'ok', 'ok', 'ok'])
})

test('a failure stops the run after its wave; waves after it do not start', async () => {
  const world: World = new Map()
  const parts = [
    play('roll', hosts('a', 'b', 'c'), { serial: 1 }).task('set', ({ host }) =>
      host.name === 'b' ? fail('sick') : setting(world)({ key: 'x', to: '1' }),
    ),
    play('after', hosts('a')).task('set', () => setting(world)({ key: 'y', to: '1' })),
  ]
  const run = await tryRun(parts)
  expect(run.outcome).toBe('failed')
  expect([...world.keys()]).toEqual(['a.x'])
})

test('unreachable counts as failed for the stop rule, and has an outcome of its own', async () => {
  const parts = [
    play('roll', hosts('a', 'b'), { serial: 1 }).task('set', () => setting(new Map())({ key: 'x', to: '1' })),
  ]
  const run = await tryRun(parts, { down: ['a'] })
  expect(run.outcome).toBe('unreachable')
  expect(ends(run.events)).toHaveLength(1)
})

test('maxFailPercentage lets others go on, and a failed host is out of later plays', async () => {
  const world: World = new Map()
  const parts = [
    play('roll', hosts('a', 'b'), { maxFailPercentage: 50 }).task('set', ({ host }) =>
      host.name === 'a' ? fail('sick') : setting(world)({ key: 'x', to: '1' }),
    ),
    play('after', hosts('a', 'b')).task('set', () => setting(world)({ key: 'y', to: '1' })),
  ]
  expect((await tryRun(parts)).outcome).toBe('failed')
  expect([...world.keys()]).toEqual(['b.x', 'b.y'])
})

test('collecting plays report everything, then block', async () => {
  const world: World = new Map()
  const parts = [
    play('preflight', hosts('a', 'b'), { collect: true })
      .task('one', () => fail('bad one'))
      .task('two', () => fail('bad two')),
    play('preflight, more', hosts('c'), { collect: true }).task('three', () => fail('bad three')),
    play('change', hosts('a')).task('set', () => setting(world)({ key: 'x', to: '1' })),
  ]
  const run = await tryRun(parts)
  expect(run.outcome).toBe('blocked')
  expect(ends(run.events).filter((event) => event.result === 'failed')).toHaveLength(5)
  expect(world.size).toBe(0)
})

test('where nothing follows, findings block nothing: the run has failed', async () => {
  const parts = [play('verify', hosts('a', 'b'), { collect: true }).task('one', () => fail('bad'))]
  const run = await tryRun(parts)
  expect(run.outcome).toBe('failed')
  expect(ends(run.events)).toHaveLength(2)
})

test('only unreachable hosts in preflight is unreachable', async () => {
  const parts = [
    play('preflight', hosts('a', 'b'), { collect: true }).task('one', () => look(new Map())('x')),
  ]
  expect((await tryRun(parts, { down: ['b'] })).outcome).toBe('unreachable')
})

test('a skip gives undefined, a task that needs a failed output is blocked, ignoreErrors goes on', async () => {
  const world: World = new Map()
  const parts = [
    play('one', hosts('a'))
      .task('maybe', () => skip('no reason'))
      .task('bad', () => fail('x') as ReturnType<ReturnType<typeof look>>, { ignoreErrors: true })
      .task('set', ({ maybe, bad }) => setting(world)({ key: 'x', to: `${maybe} ${bad?.value}` })),
  ]
  expect((await tryRun(parts)).outcome).toBe('ok')
  expect(world.get('a.x')).toBe('undefined undefined')
})

test('until asks again, and says what the last answer was', async () => {
  let asked = 0
  const counting = observe('count', async () => ({ n: ++asked }))
  const options = { retries: 4, delay: '1ms' } as const
  const good = [
    play('p', hosts('a')).task('n', () => counting(null), { ...options, until: ({ n }) => n === 3 }),
  ]
  expect((await tryRun(good)).outcome).toBe('ok')
  const bad = [play('p', hosts('a')).task('n', () => counting(null), { ...options, until: () => false })]
  const run = await tryRun(bad)
  expect(ends(run.events)[0]?.message).toMatch(/still not so after 5 tries.*"n":8/)
})

test('a refused approval interrupts; a conclusion ends well', async () => {
  const world: World = new Map()
  const set = play('change', hosts('a')).task('set', () => setting(world)({ key: 'x', to: '1' }))
  expect((await tryRun([approve('sure', () => 'Sure?'), set], { yes: false })).outcome).toBe('interrupted')
  const first = play('look', hosts('a')).task('x', () => look(world)('x'))
  const done = conclude('done', ({ from }) =>
    from.all(first).every(({ results }) => results.x.value === null) ? 'nothing there' : undefined,
  )
  expect((await tryRun([first, done, set])).outcome).toBe('ok')
  expect(world.size).toBe(0)
  world.set('a.x', '0')
  expect((await tryRun([first, done, set])).outcome).toBe('ok')
  expect(world.get('a.x')).toBe('1')
})

test('check mode changes nothing and never guesses behind what would change', async () => {
  const world: World = new Map([['a.x', '1']])
  const parts = [
    play('one', hosts('a', 'b')).task('set', () => setting(world)({ key: 'x', to: '1' })),
    play('two', hosts('a')).task('look', () => look(world)('x')),
  ]
  const run = await tryRun(parts, { check: true })
  expect(run.outcome).toBe('ok')
  expect(ends(run.events).map((event) => [event.task, event.result])).toEqual([
    ['one/a/set', 'ok'],
    ['one/b/set', 'would-change'],
    ['two/a/look', 'not-known'],
  ])
  expect([...world.keys()]).toEqual(['a.x'])
})

test('rollback takes back in reverse order, what was already so is left', async () => {
  const world: World = new Map([
    ['a.x', '1'],
    ['b.x', '0'],
  ])
  const log: string[] = []
  const set = setting(world, log)
  const parts = [
    play('one', hosts('a', 'b')).task('x', () => set({ key: 'x', to: '1' })),
    play('two', hosts('a')).task('y', () => set({ key: 'y', to: '2' })),
  ]
  const run = await tryRun(parts)
  const back = await tryBack(parts, { before: run.events })
  expect(back.outcome).toBe('ok')
  expect(log).toEqual(['b.x=1', 'a.y=2', 'undo a.y', 'undo b.x'])
  expect(Object.fromEntries(world)).toEqual({ 'a.x': '1', 'b.x': '0' })
  expect((await tryBack(parts, { before: back.events })).outcome).toBe('ok')
  expect(log).toHaveLength(4)
})

/** A database whose steps only a dump brings back. */
function hops(db: { rows: string[] }, log: string[], sick: { value: boolean }) {
  const dump = change('dump', {
    remember: async () => null,
    apply: async (_on, input: { hop: string }) => {
      log.push(`dump ${input.hop}: ${db.rows.join(' ')}`)
      saved.set(input.hop, [...db.rows])
      return { hop: input.hop }
    },
    undo: async (_on, input) => {
      db.rows = [...(saved.get(input.hop) ?? [])]
      log.push(`restore ${input.hop}`)
    },
  })
  const step = change('step', {
    apply: async (_on, input: { row: string }) => {
      db.rows.push(input.row)
      return { row: input.row }
    },
    undo: restored,
  })
  const gate = observe('gate', async () => {
    if (sick.value) throw new Error('sick')
    return null
  })
  const saved = new Map<string, string[]>()
  const [machine] = hosts('m')
  if (machine === undefined) throw new Error('no machine')
  const database = via(machine, [{ name: 'db' }])
  return ['h1', 'h2'].flatMap((hop): Part[] => {
    const point = play(`${hop}: checkpoint`, database).task('dump', () => dump({ hop }))
    return [
      point,
      play(`${hop}: migrate`, database, { restoredBy: [point] })
        .task('one', () => step({ row: `${hop}.1` }))
        .task('two', () => step({ row: `${hop}.2` }))
        .task('gate', () => (hop === 'h2' ? gate(null) : skip('not here'))),
    ]
  })
}

test('what failed behind a restore point is restored and done again, not continued', async () => {
  const db = { rows: ['0'] }
  const log: string[] = []
  const sick = { value: true }
  const parts = hops(db, log, sick)
  const run = await tryRun(parts)
  expect(run.outcome).toBe('failed')
  sick.value = false
  const again = await tryRun(parts, { before: run.events })
  expect(again.outcome).toBe('ok')
  expect(db.rows).toEqual(['0', 'h1.1', 'h1.2', 'h2.1', 'h2.2'])
  expect(log).toEqual(['dump h1: 0', 'dump h2: 0 h1.1 h1.2', 'restore h2'])
  expect(again.events).toContainEqual(
    expect.objectContaining({
      type: 'tasks.rewound',
      tasks: ['h2: migrate/db/one', 'h2: migrate/db/two', 'h2: migrate/db/gate'],
    }),
  )
})

test('of several restore points only the earliest is undone, and only once', async () => {
  const db = { rows: ['0'] }
  const log: string[] = []
  const parts = hops(db, log, { value: false })
  const run = await tryRun(parts)
  const back = await tryBack(parts, { before: run.events })
  expect(back.outcome).toBe('ok')
  expect(db.rows).toEqual(['0'])
  expect(log.filter((line) => line.startsWith('restore'))).toEqual(['restore h1'])
  await tryBack(parts, { before: back.events })
  expect(log.filter((line) => line.startsWith('restore'))).toHaveLength(1)
})

test('back to a restore point brings it back and leaves what stands before it', async () => {
  const db = { rows: ['0'] }
  const log: string[] = []
  const parts = hops(db, log, { value: false })
  const run = await tryRun(parts)
  await tryBack(parts, { before: run.events }, { to: 'h2: checkpoint' })
  expect(db.rows).toEqual(['0', 'h1.1', 'h1.2'])
})
