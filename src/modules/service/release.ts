import { change } from '../../model/action.ts'
import { sh } from '../../model/command.ts'
import { bringFileBack, type Kept, keepFile, storeFile } from '../files/keep.ts'
import { holds, readText } from '../target.ts'
import { areFree, freeUnits, type Held, holdUnits, pointingFile, uncommented } from './hold.ts'

/**
 * Gives back what `service.hold` held, by its output: for when a run ends well, or when its journal is gone. Undo holds it again.
 *
 * @example
 * service.release({ held: ['wso2am.service'], units: [{ unit: 'wso2am.service', enabled: true }], links: [], files: [] })
 */
export const release = change<Held, { readonly released: readonly string[] }, readonly Kept[]>(
  'service.release',
  {
    async check(on, held) {
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

/**
 * Takes away the drop-ins by which `service.pointTo` leads units to a new home: for when its journal is gone. Undo puts them back.
 *
 * @example
 * service.pointBack({ units: ['wso2am.service'] })
 */
export const pointBack = change<
  { readonly units: readonly string[] },
  { readonly units: readonly string[] },
  readonly Kept[]
>('service.pointBack', {
  async check(on, { units }) {
    const files = units.map(pointingFile)
    return (await holds(on, sh.read`for f in ${files}; do [ ! -e "$f" ] || exit 1; done`))
      ? { units }
      : undefined
  },
  async remember(on, { units }) {
    const kept: Kept[] = []
    for (const unit of units) kept.push(await keepFile(on, pointingFile(unit), false))
    return kept
  },
  async apply(on, { units }) {
    for (const unit of units) {
      const file = pointingFile(unit)
      await on.must(
        sh`rm -f -- ${file}; rmdir -- "$(dirname -- ${file})" 2>/dev/null; systemctl daemon-reload`,
      )
    }
    return { units }
  },
  async undo(on, _input, files) {
    const were = files.filter(({ copy }) => copy !== null)
    await on.must(
      sh`for f in ${were.map(({ path }) => path)}; do mkdir -p -- "$(dirname -- "$f")" || exit 1; done`,
    )
    for (const kept of files) await bringFileBack(on, kept)
    await on.must(sh`systemctl daemon-reload`)
  },
})
