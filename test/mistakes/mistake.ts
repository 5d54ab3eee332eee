import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** What is wrong with a seeded mistake. */
export type Kind =
  | 'misspelt var'
  | 'misspelt group'
  | 'misspelt tag'
  | 'misspelt handler'
  | 'misspelt task output'
  | 'wrong module argument'
  | 'missing undo'
  | 'restore point after what rests on it'
  | 'secret in a string'
  | 'illegal version hop'

/** One edit of one file of the repository: the old text, which stands there once, becomes the new one. */
export interface Mistake {
  readonly kind: Kind
  /** From the root of the repository. */
  readonly file: string
  readonly from: string
  readonly to: string
}

/** The mistakes of a kind, by the file that is edited. */
export function mistakes(
  kind: Kind,
  edits: Readonly<Record<string, readonly (readonly [from: string, to: string])[]>>,
): readonly Mistake[] {
  return Object.entries(edits).flatMap(([file, pairs]) =>
    pairs.map(([from, to]) => ({ kind, file, from, to })),
  )
}

/** The repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url))

/** The file's text with the mistake in it. Throws when the old text does not stand there exactly once. */
export function edited({ file, from, to }: Mistake): string {
  const text = readFileSync(`${root}${file}`, 'utf8')
  const times = text.split(from).length - 1
  if (times !== 1) throw new Error(`${file} has ${times} times, and not once: ${from}`)
  return text.replace(from, () => to)
}
