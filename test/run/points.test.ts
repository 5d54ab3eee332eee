import { expect, test } from 'vitest'
import { change, observe, play, restored, via } from '../../src/index.ts'
import type { Host } from '../../src/model/host.ts'
import type { Part } from '../../src/model/playbook.ts'
import { hosts, tryBack, tryRun } from '../support/engine.ts'

/** Stores that only dumps bring back, and settings that are undone one by one. */
function world(start: Readonly<Record<string, string>> = {}) {
  const stores = new Map<string, string[]>()
  const settings = new Map(Object.entries(start))
  const dumps = new Map<string, readonly string[]>()
  const log: string[] = []
  const sick = new Set<string>()
  const rows = (store: string) => {
    const found = stores.get(store) ?? ['seed']
    stores.set(store, found)
    return found
  }
  const dump = change('dump', {
    apply: async (on, store: string) => {
      dumps.set(on.task, [...rows(store)])
      return null
    },
    undo: async (on, store) => {
      if (sick.has(`restore ${store}`)) throw new Error('sick')
      stores.set(store, [...(dumps.get(on.task) ?? ['no dump'])])
      log.push(`restore ${store}`)
    },
  })
  const add = change('add', {
    apply: async (_on, { store, row }: { store: string; row: string }) => {
      rows(store).push(row)
      return row
    },
    undo: restored,
  })
  const set = change('set', {
    check: async (_on, { key, to }: { key: string; to: string }) =>
      settings.get(key) === to ? to : undefined,
    remember: async (_on, { key }) => settings.get(key) ?? null,
    apply: async (_on, { key, to }) => {
      settings.set(key, to)
      return to
    },
    undo: async (_on, { key }, was) => {
      if (was === null) settings.delete(key)
      else settings.set(key, was)
    },
  })
  const gate = observe('gate', async (on, name: string) => {
    if (sick.has(name)) throw new Error(`sick on ${on.name}`)
    return null
  })
  return { stores, settings, log, sick, rows, dump, add, set, gate }
}

const things = (...names: string[]): readonly Host[] => {
  const [machine] = hosts('m')
  return machine === undefined
    ? []
    : via(
        machine,
        names.map((name) => ({ name })),
      )
}
const seeds = (...stores: string[]) => stores.map((store) => [store, ['seed']])

test('a rollback that is interrupted between restore points of different things still brings back both', async () => {
  const { stores, sick, rows, dump, add } = world()
  const trees = play('dump trees', things('trees')).task('dump', () => dump('trees'))
  const data = play('dump data', things('data')).task('dump', () => dump('data'))
  const parts = [
    trees,
    data,
    play('change data', things('data'), { restoredBy: [data] }).task('add', () =>
      add({ store: 'data', row: '1' }),
    ),
    play('change trees', things('trees'), { restoredBy: [trees] }).task('add', () =>
      add({ store: 'trees', row: '1' }),
    ),
  ]
  const run = await tryRun(parts)
  sick.add('restore trees')
  const back = await tryBack(parts, { before: run.events })
  expect(back.outcome).toBe('needs-operator')
  expect(rows('data')).toEqual(['seed'])
  sick.clear()
  expect((await tryBack(parts, { before: back.events })).outcome).toBe('ok')
  expect([...stores].sort()).toEqual(seeds('data', 'trees'))
})

test('a restore point of several waves is brought back whole, wherever the rollback died', async () => {
  for (let n = 1; ; n++) {
    const { stores, dump, add } = world()
    const point = play('dumps', things('a', 'b'), { serial: 1 }).task('dump', ({ host }) => dump(host.name))
    const parts = [
      point,
      play('hop', things('a', 'b'), { restoredBy: [point] }).task('add', ({ host }) =>
        add({ store: host.name, row: '1' }),
      ),
    ]
    const run = await tryRun(parts)
    const back = await tryBack(parts, { before: run.events, crashAt: { n, after: true } })
    if (back.outcome !== 'crash') break
    expect((await tryBack(parts, { before: back.events })).outcome).toBe('ok')
    expect([...stores].sort(), `crash ${n}`).toEqual(seeds('a', 'b'))
  }
})

test('two restore points of one machine keep different things: both are brought back', async () => {
  const { stores, dump, add } = world()
  const one = play('dump one', hosts('m')).task('dump', () => dump('one'))
  const two = play('dump two', hosts('m')).task('dump', () => dump('two'))
  const parts = [
    one,
    two,
    play('change one', hosts('m'), { restoredBy: [one] }).task('add', () => add({ store: 'one', row: '1' })),
    play('change two', hosts('m'), { restoredBy: [two] }).task('add', () => add({ store: 'two', row: '1' })),
  ]
  const run = await tryRun(parts)
  expect((await tryBack(parts, { before: run.events })).outcome).toBe('ok')
  expect([...stores].sort()).toEqual(seeds('one', 'two'))
})

test('what rests on two restore points has both brought back before it is done again', async () => {
  const { stores, log, sick, dump, add, gate } = world()
  const trees = play('dump trees', things('trees')).task('dump', () => dump('trees'))
  const data = play('dump data', things('data')).task('dump', () => dump('data'))
  const parts = [
    trees,
    data,
    play('hop', hosts('m'), { restoredBy: [trees, data] })
      .task('data', () => add({ store: 'data', row: '1' }))
      .task('trees', () => add({ store: 'trees', row: '1' }))
      .task('gate', () => gate('gate')),
  ]
  sick.add('gate')
  const run = await tryRun(parts)
  expect(run.outcome).toBe('failed')
  sick.clear()
  expect((await tryRun(parts, { before: run.events })).outcome).toBe('ok')
  expect(log.toSorted()).toEqual(['restore data', 'restore trees'])
  expect([...stores].sort()).toEqual([
    ['data', ['seed', '1']],
    ['trees', ['seed', '1']],
  ])
})

test('before a hop is done again, what can be undone alone is undone, so that its before-image stays the first one', async () => {
  for (let n = 1; ; n++) {
    const { stores, settings, sick, dump, add, set, gate } = world({ key: 'old' })
    const point = play('dumps', things('db')).task('dump', () => dump('db'))
    const parts: readonly Part[] = [
      point,
      play('hop', things('db'), { restoredBy: [point] })
        .task('set', () => set({ key: 'key', to: 'new' }))
        .task('add', () => add({ store: 'db', row: '1' }))
        .task('gate', () => gate('gate')),
    ]
    sick.add('gate')
    const run = await tryRun(parts)
    sick.clear()
    const dying = await tryRun(parts, { before: run.events, crashAt: { n, after: n % 2 === 0 } })
    const resumed = dying.outcome === 'crash' ? await tryRun(parts, { before: dying.events }) : dying
    expect(resumed.outcome).toBe('ok')
    expect(stores.get('db'), `crash ${n}`).toEqual(['seed', '1'])
    expect((await tryBack(parts, { before: resumed.events })).outcome).toBe('ok')
    expect(settings.get('key'), `crash ${n}`).toBe('old')
    expect(stores.get('db')).toEqual(['seed'])
    if (dying.outcome !== 'crash') break
  }
})

test('a restore point behind one that is brought back is made anew', async () => {
  const { stores, sick, dump, add, gate } = world()
  const first = play('first dump', things('a', 'b')).task('dump', ({ host }) => dump(host.name))
  const second = play('second dump', things('a', 'b')).task('dump', ({ host }) => dump(host.name))
  const hop = (name: string, point: typeof first) =>
    play(name, things('a', 'b'), { restoredBy: [point], maxFailPercentage: 50 })
      .task('add', ({ host }) => add({ store: host.name, row: name }))
      .task('gate', ({ host }) => gate(`${name} ${host.name}`))
  const parts = [first, hop('one', first), second, hop('two', second)]
  sick.add('one a')
  const run = await tryRun(parts)
  expect(run.outcome).toBe('failed')
  expect(stores.get('b')).toEqual(['seed', 'one', 'two'])
  sick.clear()
  const resumed = await tryRun(parts, { before: run.events })
  expect(resumed.outcome).toBe('ok')
  expect(stores.get('a')).toEqual(['seed', 'one', 'two'])
  expect(stores.get('b')).toEqual(['seed', 'one', 'two'])
  await tryBack(parts, { before: resumed.events }, { to: 'second dump' })
  expect(stores.get('b')).toEqual(['seed', 'one'])
})

test('a restore point that was there before this run brings nothing back, and nobody claims it did', async () => {
  const { stores, sick, add, gate } = world()
  const found = change('dump', { check: async () => null, apply: async () => null, undo: async () => {} })
  const point = play('dumps', things('db')).task('dump', () => found(null))
  const parts = [
    point,
    play('hop', things('db'), { restoredBy: [point] })
      .task('add', () => add({ store: 'db', row: '1' }))
      .task('gate', () => gate('gate')),
  ]
  sick.add('gate')
  const run = await tryRun(parts)
  sick.clear()
  expect((await tryRun(parts, { before: run.events })).outcome).toMatch(/done before this run/)
  expect((await tryBack(parts, { before: run.events })).outcome).toBe('needs-operator')
  expect(stores.get('db')).toEqual(['seed', '1'])
})

test('a host that cannot be asked what still runs there hinders a rollback; it is no defect', async () => {
  const { dump, add } = world()
  const point = play('dumps', things('db')).task('dump', () => dump('db'))
  const parts = [
    point,
    play('hop', things('db'), { restoredBy: [point] }).task('add', () => add({ store: 'db', row: '1' })),
  ]
  const { events } = await tryRun(parts)
  const begun = events.findIndex((event) => event.type === 'task.started' && event.task === 'hop/db/add')
  const before = events.slice(0, begun + 1)
  expect((await tryBack(parts, { before, down: ['m'] })).outcome).toBe('needs-operator')
  expect((await tryRun(parts, { before, down: ['m'] })).outcome).toMatch(/m does not answer/)
})

test('a change whose task the playbook does not give any more is not passed over in silence', async () => {
  const { settings, set } = world()
  const keys = ['one', 'two']
  const parts = [play('p', hosts('a')).each('set', keys, ({ item }) => set({ key: item, to: '1' }))]
  const run = await tryRun(parts)
  keys.pop()
  expect((await tryBack(parts, { before: run.events })).outcome).toBe('needs-operator')
  expect(settings.size).toBe(2)
})
