import { stat } from 'node:fs/promises'
import { dirname, isAbsolute, relative, resolve } from 'node:path'
import { InputError } from '../model/errors.ts'
import type { Inventory } from '../model/inventory.ts'
import { readArtifacts } from './artifacts.ts'
import { type Draft, emptyDraft, noVarsFiles, refuseDeepGroups } from './draft.ts'
import { readInventoryText } from './inventory-text.ts'
import { problem } from './located.ts'
import { checkedText } from './read-text.ts'
import { isEncrypted, noKeys, type Unseal } from './sealed.ts'
import { settle } from './settle.ts'
import { readHostList, readSource } from './sources.ts'
import { readVarsDirectories } from './vars-files.ts'

/**
 * What to read, later ones over earlier ones, relative to `cwd`: files, directories, programs, modules, host lists (`a,b,`) and
 * `-`, which is stdin.
 */
export interface InventoryInput {
  readonly sources: readonly string[]
  readonly cwd: string
  /** The environment of inventory programs. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Opens files of variables that are encrypted; without it there must be none. */
  readonly unseal?: Unseal
  /** The playbook's directory, absolute: its `group_vars/` and `host_vars/` win over those beside the sources. */
  readonly playbookDir?: string | undefined
  /** All of stdin, for `-`. */
  readonly stdin?: (() => Promise<Uint8Array>) | undefined
  /** The default export of a module, called if it is a function. Throws an {@link InputError}. */
  readonly importModule?: ((path: string) => Promise<unknown>) | undefined
  /** Is told what inventory programs say on their error stream. */
  readonly tell?: ((text: string) => void) | undefined
  /** Ends inventory programs. */
  readonly interrupted?: AbortSignal | undefined
  /** Seconds that a call of an inventory program may take: 60 unless said. */
  readonly programDeadline?: number | undefined
}

/** Reads an inventory as Ansible does, but for what is wrong with it: that is all thrown at once, as an InputError. */
export async function loadInventory(input: InventoryInput): Promise<Inventory> {
  const { draft, read } = await readDraft(input)
  return settle(draft, read)
}

/** The same, with what could be read of it where something is wrong: for whoever tells all that is wrong with its values too. */
export async function inspectInventory(
  input: InventoryInput,
): Promise<{ readonly inventory: Inventory; readonly problems: readonly string[] }> {
  const { draft, read } = await readSources(input)
  return { inventory: settle(draft, read), problems: draft.problems }
}

/** What all sources say before it is put together, and the sources that were read. Throws an InputError with all that is wrong. */
export async function readDraft(input: InventoryInput): Promise<ReadSources> {
  const { draft, read } = await readSources(input)
  if (draft.problems.length > 0) throw badInventory([...draft.problems, ...draft.warnings])
  return { draft, read }
}

/** The error of an inventory with these problems; of very many, the first are told. */
export const badInventory = (problems: readonly string[]): InputError =>
  new InputError(few(problems), 'Correct the inventory, then try: upgrade-fleet inventory --graph')

interface ReadSources {
  readonly draft: Draft
  readonly read: readonly string[]
}

async function readSources(input: InventoryInput): Promise<ReadSources> {
  const { sources, cwd, unseal = noKeys } = input
  const shownPath = (path: string): string => {
    const short = relative(cwd, path)
    return short === '' || short.startsWith('..') || isAbsolute(short) ? path : short
  }
  const draft = emptyDraft({ file: sources[0] ?? 'inventory' })
  const directories = new Set<string>()
  const read: string[] = []
  for (const source of sources) {
    if (source === '-') {
      read.push(source)
      const bytes = await (input.stdin ?? nothing)()
      const text = checkedText(draft, bytes, '<stdin>')
      if (text !== undefined && isEncrypted(text))
        draft.problems.push(
          problem(
            { file: '<stdin>' },
            '',
            'expected hosts and groups, got an encrypted text: name its file with -i',
          ),
        )
      else if (text !== undefined) readInventoryText(draft, text, '<stdin>', '')
      continue
    }
    const path = resolve(cwd, source)
    const found = await stat(path).catch(() => undefined)
    if (found === undefined && source.includes(',')) {
      readHostList(draft, source)
      read.push(source)
    } else if (found === undefined) {
      draft.problems.push(problem({ file: shownPath(path) }, '', 'expected an inventory, got no such file'))
    } else {
      const directory = found.isDirectory() ? path : dirname(path)
      // Of a directory that comes again, the last time counts.
      directories.delete(directory)
      directories.add(directory)
      read.push(path)
      await readSource(draft, path, found, {
        cwd,
        env: input.env,
        shownPath,
        importModule: input.importModule,
        tell: input.tell ?? (() => {}),
        signal: input.interrupted,
        unseal,
        deadline: input.programDeadline ?? 60,
      })
    }
  }
  refuseDeepGroups(draft)
  for (const directory of directories) {
    const beside = noVarsFiles()
    await readArtifacts(draft, directory, beside, shownPath)
    await readVarsDirectories(draft, directory, beside, { shownPath, unseal })
    draft.beside.push(beside)
  }
  const { playbookDir } = input
  // What stands beside both is told of once, and wins as that of the playbook.
  if (playbookDir !== undefined)
    await readVarsDirectories(draft, playbookDir, draft.playbook, { shownPath, unseal, quiet: true })
  return { draft, read }
}

const mostTold = 100

// Noise has as many mistakes as lines.
const few = (problems: readonly string[]): readonly string[] => {
  const told = [...new Set(problems)]
  const more = told.length - mostTold
  return more <= 0 ? told : [...told.slice(0, mostTold), `and ${more} more`]
}

const nothing = async () => new Uint8Array()
