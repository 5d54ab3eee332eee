import { readdir, stat } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import type { Place } from '../model/errors.ts'
import { nearest } from '../model/nearest.ts'
import type { Draft, DraftVars, VarsFiles } from './draft.ts'
import { mapOr, say } from './draft.ts'
import { problem } from './located.ts'
import { readText } from './read-text.ts'
import { readVars, type Unseal } from './sealed.ts'

const extensions = ['', '.yml', '.yaml', '.json']

/** How vars files are read. */
export interface VarsOptions {
  /** A path as a person would type it. */
  readonly shownPath: (path: string) => string
  readonly unseal: Unseal
  /** Whether files of groups and hosts that are not there are passed over in silence. */
  readonly quiet?: boolean
}

/**
 * Reads `group_vars/` and `host_vars/` of a directory for the draft's groups and hosts, which are all known by now.
 */
export async function readVarsDirectories(
  draft: Draft,
  directory: string,
  into: VarsFiles,
  options: VarsOptions,
): Promise<void> {
  await readOne(draft, join(directory, 'group_vars'), into.groups, 'group', options)
  await readOne(draft, join(directory, 'host_vars'), into.hosts, 'host', options)
}

async function readOne(
  draft: Draft,
  directory: string,
  into: Map<string, DraftVars>,
  what: 'group' | 'host',
  { shownPath, unseal, quiet = false }: VarsOptions,
): Promise<void> {
  const targets = what === 'group' ? draft.groups : draft.hosts
  const found = new Set(await entries(directory))
  const used = new Set<string>()
  for (const name of found.size === 0 ? [] : targets.keys()) {
    const [first, ...shadowed] = extensions
      .map((extension) => name + extension)
      .filter((file) => found.has(file))
    if (first === undefined) continue
    for (const file of shadowed) {
      const place: Place = { file: shownPath(join(directory, file)) }
      draft.warnings.push(problem(place, '', `is not read, since ${first} stands beside it`))
    }
    for (const file of [first, ...shadowed]) used.add(file)
    const vars: DraftVars = into.get(name) ?? new Map()
    into.set(name, vars)
    for (const file of await filesOf(join(directory, first))) {
      await readVarsFile(draft, vars, file, name, shownPath, unseal)
    }
  }
  for (const file of quiet ? [] : found) {
    if (used.has(file) || ignored(file)) continue
    const name = extensions.includes(extname(file)) ? basename(file, extname(file)) : file
    const near = nearest(name, targets.keys())
    const hint = near === undefined ? '' : `; did you mean "${near}"?`
    const place: Place = { file: shownPath(join(directory, file)) }
    draft.warnings.push(problem(place, '', `is not read: there is no ${what} "${name}"${hint}`))
  }
}

async function readVarsFile(
  draft: Draft,
  into: DraftVars,
  file: string,
  owner: string,
  shownPath: (path: string) => string,
  unseal: Unseal,
): Promise<void> {
  const text = await readText(draft, file, shownPath(file))
  if (text === undefined) return
  const { root, problems, warnings } = await readVars(text, { path: file, file: shownPath(file) }, unseal)
  draft.problems.push(...problems)
  draft.warnings.push(...warnings)
  if (root === undefined) return
  for (const [name, entry] of mapOr(draft, root, owner, 'a map of variables')) say(into, name, entry)
}

const ignored = (name: string) => name.startsWith('.') || name.endsWith('~')

// A directory's files in sorted order, and those of its subdirectories without an ending, as Ansible has it.
async function filesOf(path: string, top = true): Promise<readonly string[]> {
  const extension = extname(path)
  if (!(await stat(path)).isDirectory()) return top || extensions.includes(extension) ? [path] : []
  if (!top && extension !== '') return []
  const names = (await entries(path)).filter((name) => !ignored(name))
  return (await Promise.all(names.map((name) => filesOf(join(path, name), false)))).flat()
}

async function entries(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).sort()
  } catch {
    return []
  }
}
