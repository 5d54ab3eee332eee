import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Command, Option } from 'commander'
import { fingerprint } from '../connect/known-hosts.ts'
import { type ScannedHost, type ShownKey, trustKeys } from '../connect/scan-keys.ts'
import type { Endpoint } from '../model/connection.ts'
import { ConnectionError, InputError } from '../model/errors.ts'
import type { Inventory } from '../model/inventory.ts'
import type { Io } from '../model/io.ts'
import { sanitize } from '../model/sanitize.ts'
import { plural } from '../report/text.ts'
import { askYes } from './ask.ts'
import { Exit } from './exit.ts'
import { type RunFlags, stateOption, withForks } from './flags.ts'
import { type ChoiceFlags, chosenHosts, withChoice } from './limit.ts'
import { extraVarsOption, type InventoryOptions, inventoryOf, inventoryOption } from './options.ts'
import { readyConnections } from './ready.ts'
import { inRows, isUnknown, type Scanned, scanAll } from './strangers.ts'
import { newTyped, withKeys } from './typed.ts'
import { type Vouched, vouchedFor } from './vouched.ts'
import { type World, worldOf } from './world.ts'

type ScanFlags = InventoryOptions & ChoiceFlags & Pick<RunFlags, 'forks'>
type TrustFlags = ScanFlags & { readonly fingerprint?: readonly string[]; readonly fingerprints?: string }

/** `hostkeys scan|trust PATTERN`: the keys that hosts show, and which of them are taken for theirs from now on. */
export function hostkeysCommand(io: Io): Command {
  const scan = new Command('scan')
    .description(
      'print the keys that hosts show, and what is known of them; only machines that they are behind are logged in to',
    )
    .argument('[pattern]', 'a pattern as in Ansible', 'all')
    .action(async (pattern: string, flags: ScanFlags) => {
      throw new Exit(exitOf(await scanGiven(io, pattern, flags)))
    })
  const trust = new Command('trust')
    .description('store the keys of hosts of which none is known, once somebody has compared them')
    .argument('<pattern>', 'a pattern as in Ansible')
    .addOption(
      new Option(
        '--fingerprint <fingerprint>',
        'HOST=SHA256:..., or SHA256:... for one host: stored without a question; may be given again',
      ).argParser((value: string, before: readonly string[] | undefined) => [...(before ?? []), value]),
    )
    .option(
      '--fingerprints <file>',
      'a file with such lines: HOST ... SHA256:..., as hostkeys scan prints them',
    )
    .action(async (pattern: string, flags: TrustFlags) => {
      throw new Exit(await trustGiven(io, pattern, flags))
    })
  const both = [scan, trust].map((one) =>
    withKeys(
      withChoice(
        withForks(one.addOption(stateOption()).addOption(inventoryOption()).addOption(extraVarsOption())),
      ),
    ),
  )
  const command = new Command('hostkeys').description('look at the host keys of hosts, and trust them')
  for (const one of both) command.addCommand(one)
  return command
}

/** The machines that a pattern means and those that they are behind, in rows of which each can be asked when those before are known. */
async function rowsOf(
  io: Io,
  { inventory, world }: Asked,
  pattern: string,
  flags: ScanFlags,
): Promise<readonly (readonly Endpoint[])[]> {
  const hosts = (await chosenHosts(io, inventory, pattern, flags))
    .map((host) => world.endpoint(host))
    .filter((endpoint) => endpoint.kind === 'ssh' || endpoint.kind === 'openssh')
  if (hosts.length === 0)
    throw new InputError(`hostkeys: expected hosts that are reached over SSH, got none in "${pattern}"`)
  const wanted = new Set(hosts.map((endpoint) => JSON.stringify(endpoint)))
  return Promise.all(
    inRows(hosts).map(async (row) => {
      const asked = await Promise.all(
        row.map(async (one) => wanted.has(JSON.stringify(one)) || !(await world.isKnown(one))),
      )
      return row.filter((_, at) => asked[at])
    }),
  )
}

interface Asked {
  readonly inventory: Inventory
  readonly world: World
}

async function asking<T>(io: Io, flags: ScanFlags, work: (asked: Asked) => Promise<T>): Promise<T> {
  const typed = await newTyped(io, flags)
  const { inventory } = await inventoryOf(io, { ...flags, typed })
  await readyConnections(io, inventory.hosts, typed)
  const world = worldOf(io, inventory, true, { typed })
  try {
    return await work({ inventory, world })
  } finally {
    await world.close()
  }
}

const scanGiven = (io: Io, pattern: string, flags: ScanFlags): Promise<readonly Scanned[]> =>
  asking(io, flags, async (asked) => {
    const all: Scanned[] = []
    for (const row of await rowsOf(io, asked, pattern, flags))
      all.push(...(await scanAll(io, asked.world, row, flags.forks)))
    for (const one of all) io.out(scannedText(one, all))
    return all
  })

async function trustGiven(io: Io, pattern: string, flags: TrustFlags): Promise<number> {
  const given = flags.fingerprint !== undefined || flags.fingerprints !== undefined
  if (!given && !io.answers)
    throw new InputError(
      'hostkeys trust: nobody can answer here whether the fingerprints are right.',
      'Name those that you know to be right: --fingerprint HOST=SHA256:..., or --fingerprints FILE',
    )
  const text = flags.fingerprints && (await textOf(io, flags.fingerprints))
  const vouched = given
    ? vouchedFor(flags.fingerprint ?? [], text ?? '', flags.fingerprints ?? '')
    : undefined
  return asking(io, flags, async (asked) => {
    const rows = await rowsOf(io, asked, pattern, flags)
    const codes: number[] = []
    const all: Scanned[] = []
    for (const row of rows) {
      const found = await scanAll(io, asked.world, row, flags.forks)
      all.push(...found)
      for (const one of found) io.out(scannedText(one, all))
      const wanted = found.flatMap((one) => (one instanceof ConnectionError || !isUnknown(one) ? [] : [one]))
      const taken = wanted.map((host) => ({ host, keys: takenKeys(host, vouched, rows.flat().length) }))
      if (vouched === undefined && wanted.length > 0) {
        const question = `Did you compare these fingerprints with the machines' own? Store the keys of ${plural(wanted.length, 'host')}?`
        if (!(await askYes(io, question))) {
          io.err(`Nothing ${codes.length === 0 ? 'was' : 'more was'} stored.\n`)
          return 3
        }
      }
      codes.push(...(await Promise.all(taken.map(({ host, keys }) => store(io, host, keys)))))
    }
    const rest = all.filter((one) => one instanceof ConnectionError || !isUnknown(one))
    return Math.max(0, ...codes) || exitOf(rest)
  })
}

function takenKeys(
  { endpoint, keys }: ScannedHost,
  vouched: Vouched | undefined,
  hosts: number,
): readonly ShownKey[] {
  if (vouched === undefined) return keys
  return keys.filter((key) => vouched(endpoint.name, hosts).includes(key.fingerprint))
}

async function store(io: Io, host: ScannedHost, keys: readonly ShownKey[]): Promise<number> {
  const { name } = host.endpoint
  if (keys.length === 0) {
    io.err(`${name}: not stored: it shows no key with a fingerprint that you gave for it\n`)
    return 3
  }
  try {
    const file = await trustKeys(host, keys, io.home)
    io.out(`${name} | stored in ${file}: ${keys.map(({ type }) => type).join(', ')}\n`)
    return 0
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error
    io.err(`${sanitize(error.message)}\n`)
    return 3
  }
}

const isKnown = ({ keys }: ScannedHost): boolean =>
  keys.every(({ verdict }) => verdict.kind === 'known' || verdict.kind === 'unused')

function exitOf(all: readonly Scanned[]): number {
  if (all.some((one) => !(one instanceof ConnectionError) && !isKnown(one))) return 3
  return all.some((one) => one instanceof ConnectionError) ? 4 : 0
}

function scannedText(one: Scanned, all: readonly Scanned[]): string {
  if (one instanceof ConnectionError) return `${one.host} | ${one.fault}: ${sanitize(one.message)}\n`
  return one.keys
    .map((key) => `${one.endpoint.name} ${key.type} ${key.fingerprint} ${said(key)}${twins(one, key, all)}\n`)
    .join('')
}

function said({ verdict }: ShownKey): string {
  switch (verdict.kind) {
    case 'known':
      return 'known'
    case 'unused':
      return 'not recorded, and not asked for: the host is known by another of its keys'
    case 'unknown':
      return 'unknown'
    case 'changed': {
      const { file, line, type, key } = verdict.recorded
      return `CHANGED: ${file}:${line} has ${type} ${fingerprint(key)}`
    }
    case 'revoked':
      return `REVOKED: ${verdict.by.file}:${verdict.by.line}`
    case 'not-pinned':
      return `NOT THE ONE of upgrade_fleet_host_key: ${verdict.pins.join(', ')}`
    default:
      return verdict satisfies never
  }
}

/** Other machines with the same key: one machine under two names, or copies of one. Two names of one address are no news. */
function twins(one: ScannedHost, { key }: ShownKey, all: readonly Scanned[]): string {
  const same = all.flatMap((other) =>
    !(other instanceof ConnectionError) &&
    other.host !== one.host &&
    other.keys.some((its) => its.key.equals(key))
      ? [other.endpoint.name]
      : [],
  )
  return same.length === 0 ? '' : ` (the same key as ${same.join(', ')}: one machine, or copies of one)`
}

async function textOf(io: Io, file: string): Promise<string> {
  return readFile(resolve(io.cwd, file), 'utf8').catch((error: unknown) => {
    throw new InputError(`--fingerprints ${file}: ${error instanceof Error ? error.message : String(error)}`)
  })
}
