import fc from 'fast-check'
import { expect, test } from 'vitest'
import { change, observe, play, restored, via } from '../../src/index.ts'
import type { Stamped } from '../../src/model/event.ts'
import type { Part } from '../../src/model/playbook.ts'
import { hosts, type Trial, type Tried, tryBack, tryRun } from '../support/engine.ts'

/** A fleet of keys and two databases; steps of a database are not idempotent, so a step done twice shows. */
interface World {
  readonly keys: Map<string, string>
  readonly rows: Map<string, readonly string[]>
  readonly dumps: Map<string, readonly string[]>
  /** Which calls of a gate fail, the first first; then none does. */
  readonly sick: boolean[]
}

type Shape = readonly {
  readonly kind: 'set' | 'hop'
  readonly hosts: number
  readonly tasks: number
  readonly serial: number
}[]

const fresh = (sick: readonly boolean[] = []): World => ({
  keys: new Map([['h0.k0', 'old']]),
  rows: new Map([
    ['one', ['seed']],
    ['two', ['seed']],
  ]),
  dumps: new Map(),
  sick: [...sick],
})

function partsOf(shape: Shape, world: World): readonly Part[] {
  const set = change('set', {
    check: async (on, { key, to }: { key: string; to: string }) =>
      world.keys.get(`${on.name}.${key}`) === to ? to : undefined,
    remember: async (on, { key }) => world.keys.get(`${on.name}.${key}`) ?? null,
    apply: async (on, { key, to }) => {
      world.keys.set(`${on.name}.${key}`, to)
      return to
    },
    undo: async (on, { key }, was) => {
      if (was === null) world.keys.delete(`${on.name}.${key}`)
      else world.keys.set(`${on.name}.${key}`, String(was))
    },
  })
  const dump = change('dump', {
    apply: async (on, _input: null) => {
      world.dumps.set(on.task, world.rows.get(databaseOf(on.task)) ?? [])
      return null
    },
    undo: async (on) => {
      world.rows.set(databaseOf(on.task), world.dumps.get(on.task) ?? ['no dump'])
    },
  })
  const migrate = change('migrate', {
    apply: async (on, row: string) => {
      const database = databaseOf(on.task)
      world.rows.set(database, [...(world.rows.get(database) ?? []), row])
      return row
    },
    undo: restored,
  })
  const gate = observe('gate', async () => {
    if (world.sick.shift() === true) throw new Error('sick')
    return null
  })
  return shape.flatMap(({ kind, hosts: many, tasks, serial }, at): Part[] => {
    const names = Array.from({ length: tasks }, (_, n) => `t${n}`)
    if (kind === 'set') {
      const all = hosts(...Array.from({ length: many }, (_, n) => `h${n}`))
      return [
        play(`p${at}`, all, { serial }).each('set', names, ({ item }) =>
          set({ key: `k${at % 2}`, to: `${at}.${item}` }),
        ),
      ]
    }
    const point = play(`p${at}: checkpoint`, databases, { serial }).task('dump', () => dump(null))
    return [
      point,
      play(`p${at}`, databases, { restoredBy: [point] })
        .each('step', names, ({ item }) => migrate(`${at}.${item}`))
        .task('set', ({ host }) => set({ key: `${host.name}.c`, to: `${at}` }))
        .task('gate', () => gate(null)),
    ]
  })
}

const databaseOf = (task: string) => task.split('/')[1] ?? ''
const [machine] = hosts('m')
const databases = machine === undefined ? [] : via(machine, [{ name: 'one' }, { name: 'two' }])

const plain = (world: World) => JSON.stringify([[...world.keys].sort(), [...world.rows].sort()])

const shapes = fc.array(
  fc.record({
    kind: fc.constantFrom('set' as const, 'hop' as const),
    hosts: fc.integer({ min: 1, max: 3 }),
    tasks: fc.integer({ min: 1, max: 3 }),
    serial: fc.integer({ min: 1, max: 3 }),
  }),
  { minLength: 1, maxLength: 4 },
)

async function eachCrash(
  shape: Shape,
  then: (crashed: Tried, parts: readonly Part[], world: World) => Promise<void>,
): Promise<number> {
  let points = 0
  for (let n = 1; ; n++) {
    for (const after of [false, true]) {
      const world = fresh()
      const parts = partsOf(shape, world)
      const crashed = await tryRun(parts, { crashAt: { n, after } })
      if (crashed.outcome !== 'crash') return points
      points += 1
      await then(crashed, parts, world)
    }
  }
}

const unrecorded = (events: readonly Stamped[]) => events.map(({ type }) => type).join(' ')

test('killed at any append and resumed: the fleet is as if undisturbed', async () => {
  await fc.assert(
    fc.asyncProperty(shapes, async (shape) => {
      const calm = fresh()
      expect((await tryRun(partsOf(shape, calm))).outcome).toBe('ok')
      await eachCrash(shape, async (crashed, parts, world) => {
        const resumed = await tryRun(parts, { before: crashed.events })
        expect(resumed.outcome, unrecorded(crashed.events)).toBe('ok')
        expect(plain(world)).toBe(plain(calm))
      })
    }),
    { numRuns: 6 },
  )
})

test('killed at any append and rolled back, killed again on the way and rolled back: the fleet is as before', async () => {
  await fc.assert(
    fc.asyncProperty(shapes, fc.integer({ min: 1, max: 12 }), async (shape, second) => {
      await eachCrash(shape, async (crashed, parts, world) => {
        const back = await tryBack(parts, { before: crashed.events, crashAt: { n: second, after: true } })
        const again = back.outcome === 'crash' ? await tryBack(parts, { before: back.events }) : back
        expect(again.outcome, unrecorded(crashed.events)).toBe('ok')
        expect(plain(world)).toBe(plain(fresh()))
      })
    }),
    { numRuns: 6 },
  )
})

test('failing, killed, interrupted, resumed, whatever comes next: it ends as undisturbed, and goes back to the start', async () => {
  const mishap = fc.record({
    n: fc.integer({ min: 1, max: 40 }),
    kind: fc.constantFrom('before' as const, 'after' as const, 'unsynced' as const, 'interrupt' as const),
  })
  const mishaps = fc.array(mishap, { maxLength: 6 })
  const sick = fc.array(fc.boolean(), { maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(shapes, sick, mishaps, mishaps, async (shape, gates, forth, back) => {
      const calm = fresh()
      await tryRun(partsOf(shape, calm))
      const world = fresh(gates)
      const parts = partsOf(shape, world)
      let tried: Tried | undefined
      const trials = (list: typeof forth) => [
        ...list.map(disturbed),
        ...Array.from({ length: 8 }, () => ({})),
      ]
      for (const trial of trials(forth)) {
        if (tried?.outcome === 'ok') break
        tried = await tryRun(parts, { ...trial, ...(tried && { before: tried.events }) })
      }
      expect(tried?.outcome).toBe('ok')
      expect(plain(world)).toBe(plain(calm))
      tried = { outcome: 'begin', events: tried?.events ?? [] }
      for (const trial of trials(back)) {
        if (tried.outcome === 'ok') break
        tried = await tryBack(parts, { ...trial, before: tried.events })
      }
      expect(tried.outcome).toBe('ok')
      expect(plain(world)).toBe(plain(fresh()))
    }),
    { numRuns: 40 },
  )
})

/** A trial in which something happens at the nth event. */
function disturbed({ n, kind }: { readonly n: number; readonly kind: string }): Trial {
  if (kind !== 'interrupt') return { crashAt: { n, after: kind !== 'before', unsynced: kind === 'unsynced' } }
  const interrupt = new AbortController()
  let seen = 0
  return {
    interrupted: interrupt.signal,
    onEvent: () => {
      seen += 1
      if (seen === n) interrupt.abort()
    },
  }
}
