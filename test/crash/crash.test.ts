import fc from 'fast-check'
import { expect, test } from 'vitest'
import { change, play, restored } from '../../src/index.ts'
import type { Stamped } from '../../src/model/event.ts'
import type { Part } from '../../src/model/playbook.ts'
import { hosts, type Tried, tryBack, tryRun } from '../support/engine.ts'

/** A fleet of keys and one database; steps of the database are not idempotent, so a step done twice shows. */
interface World {
  readonly keys: Map<string, string>
  rows: string[]
  readonly dumps: Map<string, string[]>
}

type Shape = readonly {
  readonly kind: 'set' | 'hop'
  readonly hosts: number
  readonly tasks: number
  readonly serial: number
}[]

const fresh = (): World => ({ keys: new Map([['h0.k0', 'old']]), rows: ['seed'], dumps: new Map() })

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
    apply: async (_on, { as }: { as: string }) => {
      if (!world.dumps.has(as)) world.dumps.set(as, [...world.rows])
      return { as }
    },
    undo: async (_on, { as }) => {
      world.rows = [...(world.dumps.get(as) ?? ['no dump'])]
    },
  })
  const migrate = change('migrate', {
    apply: async (_on, row: string) => {
      world.rows.push(row)
      return row
    },
    undo: restored,
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
    const point = play(`p${at}: checkpoint`, hosts('db')).task('dump', () => dump({ as: `p${at}` }))
    return [
      point,
      play(`p${at}`, hosts('db'), { restoredBy: [point] }).each('step', names, ({ item }) =>
        migrate(`${at}.${item}`),
      ),
    ]
  })
}

const plain = (world: World) => JSON.stringify([[...world.keys].sort(), world.rows])

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
    { numRuns: 25 },
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
    { numRuns: 25 },
  )
})
