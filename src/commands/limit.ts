import { type Command, Option } from 'commander'
import { pathText } from '../inventory/issues.ts'
import { type EndedHow, type LimitSources, patternParts, refuseSlips } from '../inventory/limit.ts'
import { problem } from '../inventory/located.ts'
import { matchParts, patternWarnings, splitPattern } from '../inventory/patterns.ts'
import { magicVars, resolveVars } from '../inventory/templates.ts'
import { hostsWhere, namesInWhere } from '../inventory/where.ts'
import { InputError } from '../model/errors.ts'
import { type Inventory, type InventoryHost, placeOfVar } from '../model/inventory.ts'
import type { Io } from '../model/io.ts'
import { didYouMean } from '../model/nearest.ts'
import { taskParts } from '../model/schedule.ts'
import { fold } from '../model/state.ts'
import { plural } from '../report/text.ts'
import { findHistory } from './known.ts'
import { stateDirectory } from './paths.ts'

/** How hosts are chosen besides a pattern. */
export interface ChoiceFlags {
  readonly where?: string
  readonly allowEmpty?: boolean
  readonly limit?: string
  readonly state?: string
}

/** `--limit`, and `--where` and `--allow-empty`, which go with every pattern and every limit. */
export function withChoice(command: Command, limit = '-l, --limit <pattern>'): Command {
  return command
    .option(limit, 'work on these hosts alone: a pattern, @FILE with one a line, or @run:ID:failed')
    .addOption(
      new Option(
        '--where <condition>',
        'of these, the hosts whose variables say so: \'apim_version < "2.6.0" && zone == "a"\'',
      ),
    )
    .option('--allow-empty', 'let parts of a pattern match nothing')
}

/**
 * The hosts that a pattern means, `@FILE` and `@run:ID:failed` in it included, that are within `--limit` and for which `--where`
 * holds, in the pattern's order. Throws an InputError where none is left, unless `--allow-empty`. `validated` is what a fleet's schemas made of a host's variables, which win over those of the files.
 */
export async function chosenHosts(
  io: Io,
  inventory: Inventory,
  pattern: string,
  flags: ChoiceFlags,
  validated: (host: string) => object = () => ({}),
): Promise<readonly InventoryHost[]> {
  const allowEmpty = flags.allowEmpty ?? false
  const match = async (text: string) => {
    refuseSlips(text)
    const parts = await patternParts(text, limitSources(io, flags))
    for (const warning of patternWarnings(parts)) io.err(`warning: ${warning}\n`)
    return matchParts(inventory, parts, { allowEmpty })
  }
  const meant = await match(pattern)
  const within = flags.limit === undefined ? undefined : await match(flags.limit)
  const names = new Set(within?.map(({ name }) => name))
  const hosts = within === undefined ? meant : meant.filter(({ name }) => names.has(name))
  if (within !== undefined && hosts.length === 0 && !allowEmpty)
    throw new InputError(
      `--limit ${flags.limit}: leaves none of the ${plural(meant.length, 'host')} of "${pattern}"`,
      'See what both mean: upgrade-fleet hosts PATTERN',
    )
  return flags.where === undefined ? hosts : where(inventory, hosts, flags.where, allowEmpty, validated)
}

function where(
  inventory: Inventory,
  hosts: readonly InventoryHost[],
  condition: string,
  allowEmpty: boolean,
  validated: (host: string) => object,
): readonly InventoryHost[] {
  const names = namesInWhere(condition)
  const asked = hosts.map((host) => {
    const magic = magicVars(host)
    const { vars, wrong } = resolveVars(host.vars, names, magic)
    const [first] = wrong
    if (first !== undefined)
      throw new InputError(
        problem(
          placeOfVar(inventory, host, first.path).place,
          `hosts.${host.name}.${pathText(first.path)}`,
          `${first.message} (--where asks for it)`,
        ),
      )
    return { name: host.name, host, vars: { ...magic, ...vars, ...validated(host.name) } }
  })
  const found = hostsWhere(condition, asked).map(({ host }) => host)
  if (found.length === 0 && !allowEmpty)
    throw new InputError(
      `--where ${condition}: holds for none of ${hosts.length} hosts`,
      'See what they say: upgrade-fleet inventory --host NAME; or allow it: --allow-empty',
    )
  return found
}

/**
 * What a run keeps of its `--limit`: the pattern as it was typed, or the hosts' names where it was more than one, so that a resume
 * weeks later means the same hosts. Undefined: all. Throws an InputError where no host is left, which would be all of them.
 */
export async function limitToKeep(
  io: Io,
  inventory: Inventory,
  flags: ChoiceFlags,
  validated: (host: string) => object,
): Promise<string | undefined> {
  const { limit, ...others } = flags
  const { allowEmpty } = others
  if (limit !== undefined) refuseSlips(limit)
  const unclear = patternWarnings(splitPattern(limit ?? ''))
  if (unclear.length > 0) throw new InputError(unclear.map((one) => `--limit: ${one}`))
  if (flags.where === undefined && !(allowEmpty && limit !== undefined) && !limit?.includes('@')) return limit
  const hosts = await chosenHosts(io, inventory, limit ?? 'all', others, validated)
  if (hosts.length === 0) throw new InputError('--limit and --where leave no host to work on')
  // The comma at the end makes a single name a list too, whatever marks are in it.
  return hosts.map(({ name }) => `${name},`).join('')
}

/** Files from where the user stands, and runs of the state directory. */
export const limitSources = (io: Io, { state }: Pick<ChoiceFlags, 'state'>): LimitSources => ({
  cwd: io.cwd,
  hostsOfRun: (run, how) => hostsOfRun(stateDirectory(io, state), run, how),
})

async function hostsOfRun(state: string, id: string, how: EndedHow): Promise<readonly string[]> {
  const { run } = await findHistory(state, id === 'latest' ? undefined : id)
  const { tasks } = fold(run.events)
  const names = new Set<string>()
  for (const [task, { status }] of tasks) {
    const ended = how === 'failed' ? status === 'failed' || status === 'unknown' : status === 'unreachable'
    if (ended) names.add(taskParts(task).host)
  }
  const known = new Set(run.record.inventory.hosts.map(({ name }) => name))
  const others = [...names].filter((name) => !known.has(name))
  // A thing ended so: its machine is the one to go to, which the journal does not say.
  if (others.length > 0)
    throw new InputError(
      `@run:${id}:${how}: ${others.join(', ')} ${others.length === 1 ? 'is' : 'are'} reached through a host${didYouMean(others[0] ?? '', known)}`,
      'Name the hosts themselves: --limit HOSTS',
    )
  return [...names]
}
