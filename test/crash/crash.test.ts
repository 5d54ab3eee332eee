import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Trial, type Tried, tryBack, tryRun } from '../support/engine.ts'
import { crashEverywhere } from './points.ts'
import { partsOf, shapes } from './shape.ts'
import { fresh, seenOf } from './world.ts'

test('killed at any append: resumed, the fleet is as undisturbed; rolled back, as before; so too when killed again', async () => {
  expect((await crashEverywhere(300)).runs).toBeGreaterThanOrEqual(300)
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
      expect(seenOf(world)).toBe(seenOf(calm))
      tried = { outcome: 'begin', events: tried?.events ?? [] }
      for (const trial of trials(back)) {
        if (tried.outcome === 'ok') break
        tried = await tryBack(parts, { ...trial, before: tried.events })
      }
      expect(tried.outcome).toBe('ok')
      expect(seenOf(world)).toBe(seenOf(fresh()))
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
