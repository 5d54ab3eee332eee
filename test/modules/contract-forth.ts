import { describe, expect, test } from 'vitest'
import { readOnly } from '../../src/connect/read-only.ts'
import type { Place } from '../support/places.ts'
import { type ChangeCase, seen, stageAt, timelessOf } from './contract.ts'
import { contracts } from './contracts.ts'
import { cutOff } from './recorder.ts'

/**
 * What a change keeps that is not taken back by itself, since it goes with something whole (a new home, a restore point) or
 * since its undo is another: it is done twice as once; what a check said is what was done; cut off anywhere, it can be gone
 * on with. Each try has a directory of its own, made alike; `look` says what of it must be equal.
 */
export function forthContract(title: string, open: () => Promise<Place>, cases: readonly ChangeCase[]): void {
  describe(`the contract of a change that is not taken back by itself: ${title}`, () => {
    const { ran, sceneFor } = stageAt(open)

    describe.each(cases.map((one) => [one.name, one] as const))('%s', (_name, one) => {
      const see = async (dir: string) => timelessOf((await one.look?.(dir)) ?? seen(dir))
      const anew = () => sceneFor(one)

      test('is looked at by reading alone, and done twice as once', async () => {
        const { work, input, on, recorder, dir, kept } = await anew()
        const before = await see(dir)
        const looking = on(readOnly(recorder.connection))
        expect(await work.check(looking, input, undefined)).toBeUndefined()
        await work.diff?.(looking, input)
        const doing = on(recorder.connection)
        const memory = kept(await work.remember(doing, input))
        expect(await see(dir)).toBe(before)
        const out = await work.apply(doing, input, memory)
        const after = await see(dir)
        expect(after).not.toBe(before)
        recorder.calls = 0
        const found = await work.check(looking, input, undefined)
        if (one.unchecked === undefined) {
          expect(found).toEqual(one.already ?? out)
          expect(recorder.calls).toBe(one.trips ?? 1)
          expect(await work.check(looking, input, memory)).toEqual(one.already ?? out)
        }
        expect(await work.apply(doing, input, memory)).toEqual(one.already ?? out)
        expect(await see(dir)).toBe(after)
        for (const value of one.hidden ?? [])
          for (const text of recorder.texts) expect(text).not.toContain(value)
      })

      test('cut off anywhere, is gone on with', async () => {
        const whole = await anew()
        await whole.work.apply(
          whole.on(whole.recorder.connection),
          whole.input,
          whole.kept(await whole.work.remember(whole.on(whole.recorder.connection), whole.input)),
        )
        const after = await see(whole.dir)
        for (const when of ['before', 'after'] as const)
          for (let at = 1, cut = true; cut; at++) {
            const { work, input, on, recorder, dir, kept } = await anew()
            let doing = on(recorder.connection)
            const memory = kept(await work.remember(doing, input))
            cut = await cutOff(recorder, { at, when }, () => work.apply(doing, input, memory))
            // Whoever goes on is another process: it knows nothing of what failed in this one.
            doing = on(recorder.connection)
            if ((await work.check(doing, input, memory)) === undefined) await work.apply(doing, input, memory)
            expect(await see(dir), `gone on with after a cut ${when} call ${at}`).toBe(after)
          }
      })
    })

    test('is run for the modules that say so', () => {
      const named = Object.keys(contracts).filter((name) => contracts[name]?.includes(title))
      expect(named.filter((name) => !ran.has(name))).toEqual([])
    })
  })
}
