import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { InputError } from '../model/errors.ts'
import type { Inventory, InventoryHost } from '../model/inventory.ts'
import { matchParts, type PatternOptions, splitPattern } from './patterns.ts'

/** How hosts of a run ended, as `--limit @run:ID:failed` asks for them. */
export type EndedHow = 'failed' | 'unreachable'

/** Where a pattern's `@` words lead to. */
export interface LimitSources {
  /** Files of `@FILE` are relative to it. */
  readonly cwd: string
  /** The names of a run's hosts that ended so; `latest` is the newest run. Throws an {@link InputError} for a run that is not there. */
  readonly hostsOfRun: (run: string, how: EndedHow) => Promise<readonly string[]>
}

const ofRun = /^@run:([^:,\s]+):([a-z]+)$/

/**
 * The parts of a pattern in which `@FILE` stands for the file's lines, each a part as it stands, and `@run:ID:failed` or
 * `@run:ID:unreachable` for names of hosts. A file or run that names no host is refused: no part at all would be all hosts.
 */
export async function patternParts(pattern: string, sources: LimitSources): Promise<readonly string[]> {
  const parts = ofRun.test(pattern.trim()) ? [pattern.trim()] : splitPattern(pattern)
  const expanded: string[] = []
  for (const part of parts) {
    if (/^[&!]@/.test(part))
      throw new InputError(
        `pattern "${part}": expected @FILE or @run:ID:failed without "${part.charAt(0)}" before it`,
        'Put the marks into the file, before its lines.',
      )
    if (!part.startsWith('@')) expanded.push(part)
    else expanded.push(...(await expandedPart(part, sources)))
  }
  return expanded
}

/** The hosts that a pattern means, its `@` words included. */
export async function matchPattern(
  inventory: Inventory,
  pattern: string,
  sources: LimitSources,
  options: PatternOptions = {},
): Promise<readonly InventoryHost[]> {
  return matchParts(inventory, await patternParts(pattern, sources), options)
}

async function expandedPart(part: string, { cwd, hostsOfRun }: LimitSources): Promise<readonly string[]> {
  const [, run, how] = ofRun.exec(part) ?? []
  if (run !== undefined) {
    if (how !== 'failed' && how !== 'unreachable')
      throw new InputError(`pattern "${part}": expected @run:ID:failed or @run:ID:unreachable, got "${how}"`)
    const names = await hostsOfRun(run, how)
    if (names.length === 0) throw new InputError(`pattern "${part}": no host of that run ended ${how}`)
    return names
  }
  const file = part.slice(1)
  const path = resolve(cwd, file)
  const found = await stat(path).catch(() => undefined)
  if (found?.isFile() !== true)
    throw new InputError(
      `pattern "${part}": expected a file with a pattern a line, got ${found === undefined ? 'no such file' : 'no file'} at ${path}`,
    )
  const lines = (await readFile(path, 'utf8')).split('\n').map((line) => line.trim())
  const patterns = lines.filter((line) => line !== '')
  if (patterns.length === 0)
    throw new InputError(
      `pattern "${part}": expected a pattern a line, got an empty file; Ansible would take all hosts`,
    )
  return patterns
}
