import { Option } from 'commander'
import { type ExtraVars, parseExtraVars, withExtraVars } from '../inventory/extra-vars.ts'
import { findInventory } from '../inventory/find-inventory.ts'
import { loadInventory } from '../inventory/load-inventory.ts'
import type { Inventory } from '../model/inventory.ts'
import type { Io } from '../model/io.ts'
import { type KeyFlags, newTyped } from './typed.ts'

const collect = (value: string, before: readonly string[] | undefined) => [...(before ?? []), value]

/** `-i`, as often as wanted. */
export const inventoryOption = () =>
  new Option(
    '-i, --inventory <source>',
    'inventory file, directory or host list; may be given again',
  ).argParser(collect)

/** `-e`, as often as wanted. */
export const extraVarsOption = () =>
  new Option(
    '-e, --extra-vars <vars>',
    'variables over all others: k=v, JSON or @file; may be given again',
  ).argParser(collect)

/** What {@link inventoryOption} and {@link extraVarsOption} give. */
export interface InventoryOptions extends KeyFlags {
  readonly inventory?: readonly string[]
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
  const loaded = await loadInventory({ sources, cwd: io.cwd, env: io.env, unseal })
  const inventory = withExtraVars(loaded, extraVars)
  for (const warning of inventory.warnings) io.err(`warning: ${warning}\n`)
  return { inventory, extraVars }
}
