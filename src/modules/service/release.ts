import { change } from '../../model/action.ts'
import { bringFileBack, type Kept, keepFile, storeFile } from '../files/keep.ts'
import { readText } from '../target.ts'
import { areFree, freeUnits, type Held, holdUnits, uncommented } from './hold.ts'

/**
 * Gives back what `service.hold` held, by its output: for when a run ends well, or when its journal is gone. Undo holds it again.
 */
export const release = change<Held, { readonly released: readonly string[] }, readonly Kept[]>(
  'service.release',
  {
    async check(on, held) {
      for (const file of held.files) {
        const text = await readText(on, file)
        if (uncommented(text) !== text) return undefined
      }
      return (await areFree(on, held)) ? { released: held.held } : undefined
    },
    async remember(on, { files }) {
      const kept: Kept[] = []
      for (const file of files) kept.push(await keepFile(on, file, true))
      return kept
    },
    async apply(on, held, files) {
      await freeUnits(on, held)
      for (const kept of files) {
        const text = uncommented(await readText(on, kept.path))
        await storeFile(on, kept, { source: { text } })
      }
      return { released: held.held }
    },
    async undo(on, held, files) {
      await holdUnits(on, held)
      for (const kept of files) await bringFileBack(on, kept)
    },
  },
)
