import { Command } from 'commander'
import type { Io } from '../model/io.ts'
import { stateOption } from './flags.ts'
import { type ChoiceFlags, chosenHosts, withChoice } from './limit.ts'
import {
  extraVarsOption,
  type InventoryOptions,
  inventoryOf,
  inventoryOption,
  playbookDirOption,
} from './options.ts'
import { withKeys } from './typed.ts'

/** `hosts PATTERN`: the names of the hosts that a pattern means, one a line. */
export function hostsCommand(io: Io): Command {
  const command = new Command('hosts')
    .description('prints the hosts that a pattern means, one a line')
    .argument('[pattern]', 'a pattern as in Ansible: groups, names, globs, ~regex, a:b, a:&b, a:!b', 'all')
    .addOption(stateOption())
    .addOption(inventoryOption())
    .addOption(playbookDirOption())
    .addOption(extraVarsOption())
    .action(async (pattern: string, options: InventoryOptions & ChoiceFlags) => {
      const { inventory } = await inventoryOf(io, options)
      const hosts = await chosenHosts(io, inventory, pattern, options)
      io.out(hosts.map(({ name }) => `${name}\n`).join(''))
    })
  return withKeys(withChoice(command))
}
