import { readFile } from 'node:fs/promises'
import type { Place } from '../model/errors.ts'

/** Where a name that Node says is not exported is imported: Node's own error knows only the bundle. */
export async function placeOfMissingExport(
  message: string,
  inputs: readonly string[],
): Promise<Place | undefined> {
  const name = /does not provide an export named '([^']+)'/.exec(message)?.[1]
  if (name === undefined) return undefined
  const imported = new RegExp(
    `\\bimport\\b[^;'"]*?\\b(${name.replace(/[$\\]/g, '\\$&')})\\b[^;'"]*?\\bfrom\\b`,
    'd',
  )
  for (const file of inputs) {
    const text = await readFile(file, 'utf8')
    const offset = imported.exec(text)?.indices?.[1]?.[0]
    if (offset === undefined) continue
    const before = text.slice(0, offset).split('\n')
    return { file, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }
  }
  return undefined
}
