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

/**
 * Refuses what is a slip in a pattern that was typed, by an {@link InputError}: nothing at all (a shell's variable that is not set),
 * which is all hosts for Ansible, and a bracket without its other, which Ansible leaves out, so that `~[` is all hosts too.
 */
export function refuseSlips(pattern: string): void {
  const parts = splitPattern(pattern)
  if (parts.length === 0)
    throw new InputError(
      `pattern "${pattern}": expected a group or host, got nothing`,
      'All hosts are meant by: all',
    )
  const letters = (text: string) => text.replace(/[\s:,]/g, '')
  if (letters(parts.join('')) !== letters(pattern))
    throw new InputError(
      `pattern "${pattern}": expected a "]" for each "[", and no other`,
      'Subscripts are written as in: upgrade-fleet hosts "web[0:2]"',
    )
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
      throw new InputError(
        `pattern "${part}": expected @run:ID:failed or @run:ID:unreachable, got "${how}"`,
        'For instance: --limit @run:latest:failed',
      )
    const names = await hostsOfRun(run, how)
    if (names.length === 0)
      throw new InputError(
        `pattern "${part}": no host of that run ended ${how}`,
        `See how they ended: upgrade-fleet show ${run}`,
      )
    return names
  }
  const file = part.slice(1)
  const path = resolve(cwd, file)
  const found = await stat(path).catch(() => undefined)
  if (found?.isFile() !== true)
    throw new InputError(
      `pattern "${part}": expected a file with a pattern a line, got ${found === undefined ? 'no such file' : 'no file'} at ${path}`,
      'Name a file with a host or pattern a line: --limit @FILE',
    )
  const lines = (await readFile(path, 'utf8')).split('\n').map((line) => line.trim())
  const patterns = lines.filter((line) => line !== '')
  if (patterns.length === 0)
    throw new InputError(
      `pattern "${part}": expected a pattern a line, got an empty file; Ansible would take all hosts`,
      'All hosts are meant by: all',
    )
  return patterns
}
