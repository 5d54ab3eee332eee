import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { endpointOf, explainEndpoint } from '../../inventory/endpoint.ts'
import { findInventory } from '../../inventory/find-inventory.ts'
import { inspectInventory } from '../../inventory/load-inventory.ts'
import { plainWarnings } from '../../inventory/plain-secrets.ts'
import { loadFleet } from '../../load/load-fleet.ts'
import { InputError } from '../../model/errors.ts'
import type { Inventory } from '../../model/inventory.ts'
import type { Io } from '../../model/io.ts'
import { inventoryInput } from '../options.ts'
import { packageUrl } from '../paths.ts'
import { findFleet } from '../schema.ts'
import { secretNames, secretsOf, varsOf } from '../secret-names.ts'
import { sshController } from '../ssh-controller.ts'
import { type KeyFlags, newTyped } from '../typed.ts'
import { valueProblems } from '../value-problems.ts'
import { about, type Finding, lookAt, modeText, sizeText } from './finding.ts'
import { revealed } from './keys.ts'
import { sshVersion } from './machine.ts'

/** What the project was looked at with. */
export interface ProjectFlags extends KeyFlags {
  readonly inventory?: readonly string[]
  readonly playbookDir?: string
  /** Whether artefacts are compared with their digests however large they are. */
  readonly digests?: boolean
}

/** The inventory, the fleet, artefacts, and the secrets that the inventory names. */
export async function lookAtProject(io: Io, flags: ProjectFlags): Promise<readonly Finding[]> {
  const inventory = await lookAtInventory(io, flags)
  const fleet = await lookAtFleet(io, inventory.loaded)
  if (inventory.loaded === undefined) return [...inventory.findings, ...fleet]
  return [
    ...inventory.findings,
    ...fleet,
    ...(await lookAtTransport(io, inventory.loaded)),
    ...(await lookAtArtifacts(io, inventory.loaded, flags.digests === true)),
    ...lookAtSecrets(io, inventory.loaded),
  ]
}

async function lookAtInventory(
  io: Io,
  flags: ProjectFlags,
): Promise<{ readonly findings: readonly Finding[]; readonly loaded?: Inventory }> {
  const { fine, note, wrong, error } = about('inventory')
  try {
    const { sources, note: said } = await findInventory(io, flags.inventory ?? [])
    const { unseal } = await newTyped(io, flags)
    const beside = resolve(io.cwd, flags.playbookDir ?? 'playbooks')
    const { inventory, problems } = await inspectInventory(inventoryInput(io, sources, beside, unseal))
    const { hosts, groups, warnings } = inventory
    const wrongs = [...new Set([...problems, ...warnings])].map((one) => wrong(one))
    const plain = plainWarnings(inventory).map((one) => note(one))
    const names = sources.join(', ')
    if (wrongs.length === 0)
      return {
        findings: [fine(`${said ?? names}: ${hosts.length} hosts in ${groups.length} groups`), ...plain],
        loaded: inventory,
      }
    // What was read of it is looked at further only where all of it was read.
    return { findings: [...wrongs, ...plain], ...(problems.length === 0 && { loaded: inventory }) }
  } catch (thrown) {
    return { findings: error(thrown) }
  }
}

async function lookAtFleet(io: Io, inventory: Inventory | undefined): Promise<readonly Finding[]> {
  const { fine, wrong, error } = about('fleet')
  try {
    const path = await findFleet(io)
    const fleet = await loadFleet(path, { cwd: io.cwd, packageUrl: packageUrl() })
    const shown = relative(io.cwd, path)
    if (inventory === undefined) return [fine(`${shown} can be loaded`)]
    const known = new Set(inventory.warnings)
    const { problems } = valueProblems({ fleet, params: undefined }, inventory, {})
    const wrongs = problems.filter((one) => !known.has(one)).map((one) => wrong(one))
    return wrongs.length > 0 ? wrongs : [fine(`the inventory is one of ${shown}`)]
  } catch (thrown) {
    return error(thrown)
  }
}

async function lookAtTransport(io: Io, inventory: Inventory): Promise<readonly Finding[]> {
  const { wrong } = about('ssh')
  const needing = inventory.hosts.filter((host) => {
    try {
      // Without ssh_config first: that has been told of already if it is wrong.
      endpointOf(inventory, host)
      return explainEndpoint(inventory, host, sshController(io)).endpoint.kind === 'openssh'
    } catch (error) {
      if (error instanceof InputError) return false
      throw error
    }
  })
  const [first] = needing
  if (first === undefined || (await sshVersion(io)) !== undefined) return []
  return [
    wrong(
      `${needing.length} hosts need the ssh program (${first.name} and others), and there is none`,
      `apt-get install openssh-client; why they need it: upgrade-fleet ping ${first.name} --explain`,
    ),
  ]
}

const cheap = 32 * 1024 * 1024

async function lookAtArtifacts(io: Io, inventory: Inventory, all: boolean): Promise<readonly Finding[]> {
  const { fine, note, wrong } = about('artifacts')
  const listed = inventory.groups.find(({ name }) => name === 'all')?.vars['artifacts']
  if (!Array.isArray(listed) || listed.length === 0)
    return [
      note(
        'none are listed: packs, clients and drivers are downloads of yours',
        `List them in ${relative(io.cwd, resolve(io.cwd, dirname(inventory.sources[0] ?? 'inventory/x'), 'artifacts.yml'))}, each with file and SHA-256 (sha256sum FILE).`,
      ),
    ]
  const findings: Finding[] = []
  const unread: number[] = []
  for (const { name, file, sha256 } of listed as { name: string; file: string; sha256: string }[]) {
    const found = await lookAt(file)
    // The inventory has told already that it is missing.
    if (found === undefined) continue
    if ((found.mode & 0o002) !== 0)
      findings.push(
        wrong(
          `${name}: everybody may write to ${file} (mode ${modeText(found.mode)})`,
          `chmod o-w '${file}'`,
        ),
      )
    if (!all && found.size > cheap) {
      unread.push(found.size)
      continue
    }
    const digest = await digestOf(file).catch((error: Error) => error)
    if (digest instanceof Error) findings.push(wrong(`${name}: ${digest.message}`))
    else if (digest !== sha256)
      findings.push(
        wrong(
          `${name}: ${file} is another file than the one that is listed: its SHA-256 is ${digest}`,
          'Download it again, or correct its sha256 in artifacts.yml once you know that it is right.',
        ),
      )
  }
  const rest = unread.reduce((sum, size) => sum + size, 0)
  return [
    ...findings,
    ...(findings.length === 0 ? [fine(`${listed.length} listed, all there`)] : []),
    ...(unread.length === 0
      ? []
      : [
          note(
            `${unread.length} (${sizeText(rest)}) were not compared with their digests`,
            'upgrade-fleet doctor --digests',
          ),
        ]),
  ]
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

function lookAtSecrets(io: Io, inventory: Inventory): readonly Finding[] {
  const { fine } = about('secrets')
  const names = [...secretNames(varsOf(inventory))].filter((name) => /^(env|file):/.test(name))
  const findings = names.flatMap((name) => revealed(secretsOf(io), name))
  return findings.length > 0 || names.length === 0
    ? findings
    : [fine(`${names.length} in files and the environment`)]
}
