import type { Stats } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { InputError } from '../model/errors.ts'
import { addHosts, type Draft } from './draft.ts'
import { readInventoryText } from './inventory-text.ts'
import { problem } from './located.ts'
import { plainData } from './plain-data.ts'
import { begins, isProgram, type ProgramOptions, readProgram } from './programs.ts'
import { readText } from './read-text.ts'
import { isEncrypted, type Unseal } from './sealed.ts'
import { readSealedInventory } from './sealed-inventory.ts'
import { readGroups } from './yaml.ts'

/** What readers of sources need of the world. */
export interface SourceOptions extends ProgramOptions {
  /** A path as a person would type it. */
  readonly shownPath: (path: string) => string
  /** What a module has as its default export, called if it is a function. Throws an {@link InputError}. */
  readonly importModule: ((path: string) => Promise<unknown>) | undefined
  /** Opens files that are encrypted as a whole. */
  readonly unseal: Unseal
}

/** Reads `a,b:22,c`. */
export function readHostList(draft: Draft, source: string): void {
  const place = { file: source }
  const group = draft.groups.get('ungrouped')
  for (const name of source.split(',').flatMap((part) => part.trim() || [])) {
    // One that is there already stays in the groups that it is in.
    if (group !== undefined && !draft.hosts.has(name)) addHosts(draft, group, name, place)
  }
}

/** Reads a file, or the files of a directory in sorted order. */
export async function readSource(
  draft: Draft,
  path: string,
  found: Stats,
  options: SourceOptions,
): Promise<void> {
  if (!found.isDirectory()) return readFileSource(draft, path, options)
  for (const name of (await readdir(path)).sort()) {
    const below = join(path, name)
    const kind = await stat(below).catch(() => undefined)
    if (kind !== undefined && !skipped(name, kind.isDirectory()))
      await readSource(draft, below, kind, options)
  }
}

const notInventory = /^\.|~$|\.(pyc|pyo|swp|bak|rpm|md|txt|rst|orig|cfg|retry)$|\.example(\.|$)/

function skipped(name: string, directory: boolean): boolean {
  if (notInventory.test(name)) return true
  if (directory) return ['group_vars', 'host_vars', 'vars_plugins', 'lab', 'node_modules'].includes(name)
  return name === 'fleet.ts' || name === 'artifacts.yml'
}

async function readFileSource(draft: Draft, path: string, options: SourceOptions): Promise<void> {
  const file = options.shownPath(path)
  const refuse = (message: string) => draft.problems.push(problem({ file }, '', message))
  const program = await begins(path).catch((error: Error) => {
    refuse(error.message)
  })
  if (program === undefined) return
  if (await isProgram(path)) return readProgram(draft, path, file, options)
  if (/\.[cm]?[jt]s$/.test(path)) return readModule(draft, path, file, options)
  if (extname(path) === '.toml') {
    refuse('expected YAML, INI or a program, got TOML, which is not supported; write it as YAML')
    return
  }
  const written = /\.(ya?ml|json|ini)$/.test(path)
  if (program && !written) {
    refuse(`expected an inventory, got a program that may not be executed; type: chmod +x ${file}`)
    return
  }
  const text = await readText(draft, path, file)
  if (text === undefined) return
  if (isEncrypted(text)) await readSealedInventory(draft, text, { path, file }, options.unseal)
  else readInventoryText(draft, text, file, extname(path))
}

async function readModule(draft: Draft, path: string, file: string, options: SourceOptions): Promise<void> {
  const refuse = (message: string) => draft.problems.push(problem({ file }, '', message))
  if (options.importModule === undefined) {
    refuse('expected YAML or INI: modules cannot be loaded here')
    return
  }
  try {
    const root = plainData(await options.importModule(path), { file })
    if (typeof root === 'string') refuse(root)
    else readGroups(draft, root, file)
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    draft.problems.push(...error.problems)
  }
}
