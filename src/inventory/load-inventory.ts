import type { Stats } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, extname, isAbsolute, join, relative, resolve } from 'node:path'
import { InputError } from '../model/errors.ts'
import type { Inventory } from '../model/inventory.ts'
import { readArtifacts } from './artifacts.ts'
import { addHosts, type Draft, emptyDraft } from './draft.ts'
import { readIniInventory } from './ini.ts'
import { problem } from './located.ts'
import { isEncrypted, noKeys, type Unseal } from './sealed.ts'
import { settle } from './settle.ts'
import { readVarsDirectories } from './vars-files.ts'
import { readYamlInventory } from './yaml.ts'

/** What to read: files, directories or host lists (`a,b,`), later ones over earlier ones; relative to `cwd`. */
export interface InventoryInput {
  readonly sources: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Opens files of variables that are encrypted; without it there must be none. */
  readonly unseal?: Unseal
}

/** Reads an inventory as Ansible does, but for what is wrong with it: that is all thrown at once, as an InputError. */
export async function loadInventory({ sources, cwd, unseal = noKeys }: InventoryInput): Promise<Inventory> {
  const shownPath = (path: string): string => {
    const short = relative(cwd, path)
    return short === '' || short.startsWith('..') || isAbsolute(short) ? path : short
  }
  const draft = emptyDraft({ file: sources[0] ?? 'inventory' })
  const directories = new Set<string>()
  const read: string[] = []
  for (const source of sources) {
    const path = resolve(cwd, source)
    const found = await stat(path).catch(() => undefined)
    if (found === undefined && source.includes(',')) {
      readHostList(draft, source)
      read.push(source)
    } else if (found === undefined) {
      draft.problems.push(problem({ file: shownPath(path) }, '', 'expected an inventory, got no such file'))
    } else {
      directories.add(found.isDirectory() ? path : dirname(path))
      read.push(path)
      await readSource(draft, path, found, shownPath)
    }
  }
  for (const directory of directories) {
    await readArtifacts(draft, directory, shownPath)
    await readVarsDirectories(draft, directory, shownPath, unseal)
  }
  if (draft.problems.length > 0) {
    throw new InputError(draft.problems, 'Correct the inventory, then try: upgrade-fleet inventory --graph')
  }
  return settle(draft, read)
}

function readHostList(draft: Draft, source: string): void {
  const place = { file: source }
  const group = draft.groups.get('ungrouped')
  const names = source.split(',').flatMap((name) => name.trim() || [])
  if (group !== undefined) for (const name of names) addHosts(draft, group, name, place)
}

async function readSource(
  draft: Draft,
  path: string,
  found: Stats,
  shownPath: (path: string) => string,
): Promise<void> {
  if (!found.isDirectory()) return readFileSource(draft, path, shownPath(path))
  for (const name of (await readdir(path)).sort()) {
    const below = join(path, name)
    const kind = await stat(below).catch(() => undefined)
    if (kind !== undefined && !skipped(name, kind.isDirectory()))
      await readSource(draft, below, kind, shownPath)
  }
}

const notInventory = /^\.|~$|\.(pyc|pyo|swp|bak|rpm|md|txt|rst|orig|cfg|retry)$|\.example(\.|$)/

function skipped(name: string, directory: boolean): boolean {
  if (notInventory.test(name)) return true
  if (directory) return ['group_vars', 'host_vars', 'vars_plugins', 'lab', 'node_modules'].includes(name)
  return name === 'fleet.ts' || name === 'artifacts.yml'
}

async function readFileSource(draft: Draft, path: string, file: string): Promise<void> {
  const refuse = (message: string) => draft.problems.push(problem({ file }, '', message))
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    refuse(error.message)
  })
  if (text === undefined) return
  const extension = extname(path)
  const yamlInstead = 'write it as YAML (ansible-inventory -i FILE --list --yaml > hosts.yml)'
  if (isEncrypted(text))
    refuse(
      'expected hosts and groups, got an encrypted file; encrypt variables alone (group_vars/GROUP/vault.yml)',
    )
  else if (/\.[cm]?[jt]s$/.test(path))
    refuse(`expected YAML or INI; inventories in TypeScript are not supported yet`)
  else if (text.startsWith('#!'))
    refuse(`expected YAML or INI, got a program, which is not supported yet; ${yamlInstead}`)
  else if (extension === '.toml')
    refuse(`expected YAML or INI, got TOML, which is not supported; ${yamlInstead}`)
  else if (extension === '.ini' || (!/^\.(ya?ml|json)$/.test(extension) && looksIni(text))) {
    readIniInventory(draft, text, file)
  } else readYamlInventory(draft, text, file)
}

// By the first line that says something.
function looksIni(text: string): boolean {
  const first = text.split('\n').find((line) => line.trim() !== '' && !/^\s*[#;]/.test(line))
  return first !== undefined && !/^---|^[{%]|^[^\s=]+:(\s|$)/.test(first)
}
