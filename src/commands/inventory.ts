import { resolve } from 'node:path'
import { Command } from 'commander'
import { inventoryDiff } from '../inventory/compare.ts'
import { explainVar } from '../inventory/explain.ts'
import { parseExtraVars } from '../inventory/extra-vars.ts'
import { findInventory } from '../inventory/find-inventory.ts'
import { findHost, graph, listing } from '../inventory/listing.ts'
import { loadInventory, readDraft } from '../inventory/load-inventory.ts'
import { settle } from '../inventory/settle.ts'
import { magicVars, resolveVars } from '../inventory/templates.ts'
import { unsafeText } from '../inventory/unsafe.ts'
import { InputError, placeText } from '../model/errors.ts'
import type { Io } from '../model/io.ts'
import type { Json } from '../model/json.ts'
import { didYouMean } from '../model/nearest.ts'
import { sanitize } from '../model/sanitize.ts'
import { isTelling } from '../model/telling.ts'
import {
  extraVarsOption,
  type InventoryOptions,
  inventoryInput,
  inventoryOf,
  inventoryOption,
  playbookDirOption,
} from './options.ts'
import { schemaCommand } from './schema.ts'
import { newTyped, withKeys } from './typed.ts'

interface Options extends InventoryOptions {
  readonly list?: boolean
  readonly graph?: boolean
  readonly host?: string
}

/** `inventory --list | --graph | --host NAME | explain HOST.VAR | diff A B | schema`: what the inventory says, as `ansible-inventory` prints it, and why. */
export function inventoryCommand(io: Io): Command {
  const options = (command: Command) =>
    withKeys(command.addOption(inventoryOption()).addOption(playbookDirOption()).addOption(extraVarsOption()))
  const command = options(new Command('inventory'))
    .description("prints the inventory's hosts, groups and variables")
    .option('--list', 'all of it as JSON, as ansible-inventory does')
    .option('--graph', 'groups and hosts as a tree')
    .option('--host <name>', "one host's variables as JSON")
    .action(async (given: Options) => print(io, given))
  const explain = options(new Command('explain'))
    .description('prints who says a variable of a host: the one that wins, and all others')
    .argument('<host.var>', 'such as gw1.dc1.apim_version')
    .action(async (text: string, _own: object, self: Command) => explained(io, text, self.optsWithGlobals()))
  const diff = withKeys(new Command('diff'))
    .description('prints what is different between two inventories')
    .argument('<a>', 'a source, as -i takes it')
    .argument('<b>', 'another')
    .addOption(playbookDirOption())
    .action(async (a: string, b: string, _own: object, self: Command) =>
      differing(io, [a, b], self.optsWithGlobals()),
    )
  return command.addCommand(explain).addCommand(diff).addCommand(schemaCommand(io))
}

async function print(io: Io, options: Options): Promise<void> {
  const wanted = [options.list, options.graph, options.host].filter((option) => option !== undefined)
  if (wanted.length !== 1) {
    throw new InputError(
      'inventory: expected one of --list, --graph, --host NAME, explain HOST.VAR, diff A B and schema',
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
        'See what there is: upgrade-fleet inventory --graph',
      )
    }
    io.out(json(host.vars))
  }
}

async function explained(io: Io, text: string, options: InventoryOptions): Promise<void> {
  const { sources, note } = await findInventory(io, options.inventory ?? [])
  if (note !== undefined) io.err(`${note}\n`)
  const { unseal } = await newTyped(io, options)
  const extraVars = await parseExtraVars(options.extraVars ?? [], io.cwd, unseal)
  const input = inventoryInput(io, sources, resolve(io.cwd, options.playbookDir ?? '.'), unseal)
  const { draft, read } = await readDraft(input)
  const { hosts, warnings } = settle(draft, read)
  for (const warning of new Set(warnings)) io.err(`warning: ${warning}\n`)
  // Those of -e win over what any file says, and may say it alone.
  const hostOf = (variable: string) =>
    text.endsWith(`.${variable}`) ? draft.hosts.get(text.slice(0, -variable.length - 1)) : undefined
  const typed = Object.keys(extraVars).find((name) => hostOf(name) !== undefined)
  if (typed !== undefined) io.out(`${shown(typed, extraVars[typed] ?? null)}  -e  (wins)\n`)
  const { host, variable, said } = explainVar(draft, text)
  for (const [at, { place, group, value }] of said.entries()) {
    const wins = at === 0 && typed === undefined ? '  (wins)' : ''
    const owner = group === undefined ? `host ${host}` : `group ${group}`
    io.out(sanitize(`${shown(variable, value)}  ${owner}  ${placeText(place)}${wins}\n`))
  }
  const found = hosts.find(({ name }) => name === host)
  if (found === undefined || !JSON.stringify(found.vars[variable])?.includes('{{')) return
  const { vars, wrong } = resolveVars({ ...found.vars, ...extraVars }, [variable], magicVars(found))
  for (const { path, message } of wrong) io.out(sanitize(`  ${path.map(String).join('.')}: ${message}\n`))
  if (wrong.length === 0) io.out(sanitize(`  that is: ${shown(variable, vars[variable] ?? null)}\n`))
}

async function differing(
  io: Io,
  [a, b]: readonly [string, string],
  options: InventoryOptions,
): Promise<void> {
  const { unseal } = await newTyped(io, options)
  const load = (source: string) =>
    loadInventory(inventoryInput(io, [source], resolve(io.cwd, options.playbookDir ?? '.'), unseal))
  const before = await load(a)
  const after = await load(b)
  for (const warning of [...before.warnings, ...after.warnings]) io.err(`warning: ${warning}\n`)
  const lines = inventoryDiff(before, after, shown)
  io.out(sanitize(lines.length === 0 ? 'no difference\n' : lines.map((line) => `${line}\n`).join('')))
}

// A password that stands openly in an inventory need not stand on a screen too.
const shown = (name: string, value: Json): string => {
  const isHidden = (key: string, one: unknown) =>
    isTelling(key) && (typeof one === 'string' || unsafeText(one) !== undefined)
  if (isHidden(name, value)) return '(hidden)'
  return JSON.stringify(value, (key, one: unknown) => (isHidden(key, one) ? '(hidden)' : one))
}

const json = (value: Json) => `${JSON.stringify(sorted(value), null, 4)}\n`

function sorted(value: Json): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]))
}
