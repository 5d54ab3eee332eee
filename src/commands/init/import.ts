import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { AnsibleSource } from '../../apim/import/facts.ts'
import { fromAnsible, type Imported } from '../../apim/import/from-ansible.ts'
import { inspectInventory } from '../../inventory/load-inventory.ts'
import { magicVars, resolveVars } from '../../inventory/templates.ts'
import { InputError } from '../../model/errors.ts'
import type { Io } from '../../model/io.ts'
import { inventoryInput } from '../options.ts'
import { type KeyFlags, newTyped } from '../typed.ts'

const usual = [
  'inventory',
  'hosts',
  'inventory.ini',
  'hosts.ini',
  'inventory.yml',
  'hosts.yml',
  'inventory.yaml',
  'hosts.yaml',
]

/** Reads an inventory folder of WSO2's Ansible roles, and what is to be known of it. Throws an {@link InputError}. */
export async function importAnsible(
  io: Io,
  directory: string,
  flags: KeyFlags,
): Promise<Imported & { readonly warnings: readonly string[] }> {
  const sources = await sourcesOf(resolve(io.cwd, directory), directory)
  const { unseal } = await newTyped(io, flags)
  // What stands beside a playbook of theirs is none of ours.
  const { playbookDir: _, ...input } = inventoryInput(io, sources, io.cwd, unseal)
  const { inventory, problems } = await inspectInventory(input)
  if (problems.length > 0)
    throw new InputError(
      problems,
      `Mend that, then again: upgrade-fleet init --from-ansible ${directory}; nothing was written.`,
    )
  const source: AnsibleSource = {
    inventory,
    value: (host, name) => {
      const { vars, wrong } = resolveVars(host.vars, [name], magicVars(host))
      return wrong.length > 0 ? undefined : vars[name]
    },
  }
  const imported = fromAnsible(source)
  if (imported.facts.hosts.length === 0)
    throw new InputError(
      `${directory}: expected hosts in the groups of WSO2's Ansible roles (apim, apim-gateway, apim-km, apim-publisher, apim-store, apim-devportal, apim-tm), got ${groupsText(inventory.groups)}`,
      'An inventory of another kind is read as it is: upgrade-fleet inventory --graph -i DIR; a project to put it in: upgrade-fleet init',
    )
  // Their groups have dashes in their names, all of them.
  const warnings = inventory.warnings.filter((one) => !one.includes('group names should be'))
  return { ...imported, warnings }
}

function groupsText(groups: readonly { readonly name: string }[]): string {
  const names = groups.map(({ name }) => name).filter((name) => name !== 'all' && name !== 'ungrouped')
  return names.length === 0 ? 'no groups' : names.join(', ')
}

async function sourcesOf(path: string, typed: string): Promise<readonly string[]> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined)
    throw new InputError(
      `--from-ansible ${typed}: expected an inventory folder, got no such file`,
      'Name the folder that has the inventory file, group_vars and host_vars: upgrade-fleet init --from-ansible FOLDER',
    )
  if (!found.isDirectory()) return [typed]
  for (const name of usual)
    if ((await stat(join(path, name)).catch(() => undefined)) !== undefined) return [join(typed, name)]
  return [typed]
}
