import { Command } from 'commander'
import { findHost, graph, listing } from '../inventory/listing.ts'
import { InputError } from '../model/errors.ts'
import type { Io } from '../model/io.ts'
import type { Json } from '../model/json.ts'
import { didYouMean } from '../model/nearest.ts'
import { extraVarsOption, type InventoryOptions, inventoryOf, inventoryOption } from './options.ts'
import { withKeys } from './typed.ts'

interface Options extends InventoryOptions {
  readonly list?: boolean
  readonly graph?: boolean
  readonly host?: string
}

/** `inventory --list | --graph | --host NAME`: what the inventory says, as `ansible-inventory` prints it. */
export function inventoryCommand(io: Io): Command {
  const command = new Command('inventory')
    .description("prints the inventory's hosts, groups and variables")
    .option('--list', 'all of it as JSON, as ansible-inventory does')
    .option('--graph', 'groups and hosts as a tree')
    .option('--host <name>', "one host's variables as JSON")
    .addOption(inventoryOption())
    .addOption(extraVarsOption())
    .action(async (options: Options) => {
      const wanted = [options.list, options.graph, options.host].filter((option) => option !== undefined)
      if (wanted.length !== 1) {
        throw new InputError(
          'inventory: expected one of --list, --graph and --host NAME',
          'Try: upgrade-fleet inventory --graph',
        )
      }
      const { inventory } = await inventoryOf(io, options)
      if (options.list) io.out(json(listing(inventory)))
      else if (options.host === undefined) io.out(`${graph(inventory)}\n`)
      else {
        const names = inventory.hosts.map(({ name }) => name)
        const host = findHost(inventory, options.host)
        if (host === undefined) {
          throw new InputError(
            `--host ${options.host}: expected a host of the inventory${didYouMean(options.host, names)}`,
          )
        }
        io.out(json(host.vars))
      }
    })
  return withKeys(command)
}

const json = (value: Json) => `${JSON.stringify(sorted(value), null, 4)}\n`

function sorted(value: Json): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]))
}
