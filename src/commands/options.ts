import { resolve } from 'node:path'
import { Option } from 'commander'
import { type ExtraVars, parseExtraVars, withExtraVars } from '../inventory/extra-vars.ts'
import { findInventory } from '../inventory/find-inventory.ts'
import { type InventoryInput, loadInventory } from '../inventory/load-inventory.ts'
import type { Unseal } from '../inventory/sealed.ts'
import type { Inventory } from '../model/inventory.ts'
import type { Io } from '../model/io.ts'
import { packageUrl } from './paths.ts'
import { type KeyFlags, newTyped } from './typed.ts'

const collect = (value: string, before: readonly string[] | undefined) => [...(before ?? []), value]

/** `-i`, as often as wanted. */
export const inventoryOption = () =>
  new Option(
    '-i, --inventory <source>',
    'inventory file, directory, program, module, host list (a,b,) or - for stdin; may be given again',
  ).argParser(collect)

/** `-e`, as often as wanted. */
export const extraVarsOption = () =>
  new Option(
    '-e, --extra-vars <vars>',
    'variables over all others: k=v, JSON or @file; may be given again',
  ).argParser(collect)

/** `--playbook-dir`, as ansible-inventory has it. */
export const playbookDirOption = () =>
  new Option(
    '--playbook-dir <directory>',
    'whose group_vars and host_vars win over those beside the inventory (default: where you stand)',
  )

/** What {@link inventoryOption} and {@link extraVarsOption} give. */
export interface InventoryOptions extends KeyFlags {
  readonly inventory?: readonly string[]
  readonly playbookDir?: string
  readonly extraVars?: readonly string[]
}

/** The inventory that the options mean, extra vars on top; what was chosen without `-i` is said on the error stream. */
export async function inventoryOf(
  io: Io,
  options: InventoryOptions,
): Promise<{ readonly inventory: Inventory; readonly extraVars: ExtraVars }> {
  const { sources, note } = await findInventory(io, options.inventory ?? [])
  if (note !== undefined) io.err(`${note}\n`)
  const { unseal } = await newTyped(io, options)
  const extraVars = await parseExtraVars(options.extraVars ?? [], io.cwd, unseal)
  const input = inventoryInput(io, sources, resolve(io.cwd, options.playbookDir ?? '.'), unseal)
  const inventory = withExtraVars(await loadInventory(input), extraVars)
  for (const warning of inventory.warnings) io.err(`warning: ${warning}\n`)
  return { inventory, extraVars }
}

/** What reading an inventory needs of the world; vars files beside the playbook are those of `playbookDir`, an absolute path. */
export const inventoryInput = (
  io: Io,
  sources: readonly string[],
  playbookDir: string,
  unseal: Unseal,
): InventoryInput => ({
  sources,
  cwd: io.cwd,
  env: io.env,
  playbookDir,
  unseal,
  stdin: async () => new TextEncoder().encode((await io.input?.()) ?? ''),
  // Loaded late: most inventories are no modules.
  importModule: async (path) =>
    (await import('../load/load-inventory-module.ts')).loadInventoryModule(path, {
      cwd: io.cwd,
      packageUrl: packageUrl(),
    }),
  tell: io.err,
  interrupted: io.interrupted,
})
