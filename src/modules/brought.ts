import type { On } from '../model/action.ts'
import { sh } from '../model/command.ts'
import { bringFileBack, type Kept, keepFile } from './files/keep.ts'
import { linesOf } from './target.ts'

/** What stood where a file is brought, and the directories above it that were not there, the lowest first. */
export type BeforeBringing = { readonly kept: Kept; readonly missing: readonly string[] }

/** Keeps what stands where a file is to be brought. Throws {@link TaskError} where that is no file. */
export async function keepForBringing(on: On, path: string): Promise<BeforeBringing> {
  const said = await on.must(
    sh.read`d=$(dirname -- ${path}); while [ ! -d "$d" ]; do printf '%s\n' "$d"; d=$(dirname -- "$d"); done`,
  )
  return { kept: await keepFile(on, path, false), missing: linesOf(said) }
}

/** Notes, before it is brought, that a file with this SHA-256 is ours, and makes the directories above it. */
export async function noteBringing(on: On, { kept }: BeforeBringing, sha256: string): Promise<void> {
  const { written, path } = kept
  await on.must(
    sh`printf 'file %s\n' ${sha256} >>${written} && { sync -- ${written} 2>/dev/null || sync; } && mkdir -p -- "$(dirname -- ${path})"`,
  )
}

/** Brings back what stood there, and takes away the directories that were made, if they are empty. */
export async function bringBackBrought(on: On, { kept, missing }: BeforeBringing): Promise<void> {
  await bringFileBack(on, kept)
  await on.must(sh`for d in ${missing}; do rmdir -- "$d" 2>/dev/null || :; done`)
}
