import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import type { Place } from '../model/errors.ts'
import { nearest } from '../model/nearest.ts'
import type { Draft, DraftVars } from './draft.ts'
import { mapOr } from './draft.ts'
import { problem } from './located.ts'
import { readVars, type Unseal } from './sealed.ts'

const extensions = ['', '.yml', '.yaml', '.json']

/** Reads `group_vars/` and `host_vars/` of a directory into the draft's groups and hosts, which are all known by now. */
export async function readVarsDirectories(
  draft: Draft,
  directory: string,
  shownPath: (path: string) => string,
  unseal: Unseal,
): Promise<void> {
  const groups = new Map([...draft.groups].map(([name, group]) => [name, group.files]))
  const hosts = new Map([...draft.hosts].map(([name, host]) => [name, host.files]))
  await readOne(draft, join(directory, 'group_vars'), groups, 'group', shownPath, unseal)
  await readOne(draft, join(directory, 'host_vars'), hosts, 'host', shownPath, unseal)
}

async function readOne(
  draft: Draft,
  directory: string,
  targets: ReadonlyMap<string, DraftVars>,
  what: 'group' | 'host',
  shownPath: (path: string) => string,
  unseal: Unseal,
): Promise<void> {
  const found = new Set(await entries(directory))
  const used = new Set<string>()
  for (const [name, vars] of found.size === 0 ? [] : targets) {
    const [first, ...shadowed] = extensions
      .map((extension) => name + extension)
      .filter((file) => found.has(file))
    if (first === undefined) continue
    for (const file of shadowed) {
      const place: Place = { file: shownPath(join(directory, file)) }
      draft.warnings.push(problem(place, '', `is not read, since ${first} stands beside it`))
    }
    for (const file of [first, ...shadowed]) used.add(file)
    for (const file of await filesOf(join(directory, first))) {
      await readVarsFile(draft, vars, file, name, shownPath, unseal)
    }
  }
  for (const file of found) {
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
  const text = await readFile(file, 'utf8')
  const { root, problems } = await readVars(text, { path: file, file: shownPath(file) }, unseal)
  draft.problems.push(...problems)
  if (root === undefined) return
  for (const [name, entry] of mapOr(draft, root, owner, 'a map of variables')) into.set(name, entry)
}

const ignored = (name: string) => name.startsWith('.') || name.endsWith('~')

// A directory's files in sorted order, subdirectories too.
async function filesOf(path: string, top = true): Promise<readonly string[]> {
  if (!(await stat(path)).isDirectory()) return top || extensions.includes(extname(path)) ? [path] : []
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
