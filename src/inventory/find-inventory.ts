import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { InputError } from '../model/errors.ts'
import type { Io } from '../model/io.ts'

/** Which sources to read, and a line to say first when nobody asked for them. */
export interface FoundInventory {
  readonly sources: readonly string[]
  readonly note?: string
}

const usual = ['hosts.yml', 'hosts.yaml', 'hosts.ini', 'hosts.ts', 'hosts'].map((name) => `inventory/${name}`)
const lab = 'inventory/lab/hosts.yml'

/** The inventory: what was given with `-i`, else `UPGRADE_FLEET_INVENTORY`, else the usual files, else the lab's. */
export async function findInventory(
  io: Pick<Io, 'env' | 'cwd'>,
  given: readonly string[],
): Promise<FoundInventory> {
  if (given.length > 0) return { sources: given }
  const named = io.env['UPGRADE_FLEET_INVENTORY']
  if (named !== undefined && named !== '') return { sources: [named] }
  for (const file of usual) if (await exists(join(io.cwd, file))) return { sources: [file] }
  if (await exists(join(io.cwd, lab))) return { sources: [lab], note: `Using the lab's inventory, ${lab}` }
  throw new InputError(
    `no inventory: looked for -i, UPGRADE_FLEET_INVENTORY, ${[...usual, lab].join(', ')} in ${io.cwd}`,
    'Give one with -i FILE, or bring a lab up: upgrade-fleet lab up',
  )
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  )
