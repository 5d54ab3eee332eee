import { Command } from 'commander'
import { matchHosts } from '../inventory/patterns.ts'
import type { Io } from '../model/io.ts'
import { extraVarsOption, type InventoryOptions, inventoryOf, inventoryOption } from './options.ts'
import { withKeys } from './typed.ts'

/** `hosts PATTERN`: the names of the hosts that a pattern means, one a line. */
export function hostsCommand(io: Io): Command {
  const command = new Command('hosts')
    .description('prints the hosts that a pattern means, one a line')
    .argument('[pattern]', 'a pattern as in Ansible: groups, names, globs, ~regex, a:b, a:&b, a:!b', 'all')
    .option('--allow-empty', 'let parts of the pattern match nothing')
    .addOption(inventoryOption())
    .addOption(extraVarsOption())
    .action(async (pattern: string, options: InventoryOptions & { allowEmpty?: boolean }) => {
      const { inventory } = await inventoryOf(io, options)
      const hosts = matchHosts(inventory, pattern, { allowEmpty: options.allowEmpty ?? false })
      io.out(hosts.map(({ name }) => `${name}\n`).join(''))
    })
  return withKeys(command)
}
