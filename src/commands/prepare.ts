import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { warmUp } from '../connect/ssh.ts'
import { type ExtraVars, namesOf, paramsOf, parseExtraVars, withExtraVars } from '../inventory/extra-vars.ts'
import { findInventory } from '../inventory/find-inventory.ts'
import { badInventory, inspectInventory } from '../inventory/load-inventory.ts'
import { matchHosts } from '../inventory/patterns.ts'
import { siteOf } from '../inventory/site.ts'
import {
  makeRunFolder,
  newRunId,
  nextRunId,
  openState,
  type RunFolder,
  type RunRecord,
} from '../journal/runs.ts'
import { loadPlaybook } from '../load/load-playbook.ts'
import { InputError } from '../model/errors.ts'
import type { Site } from '../model/fleet.ts'
import type { Inventory } from '../model/inventory.ts'
import type { Io } from '../model/io.ts'
import type { Playbook } from '../model/playbook.ts'
import type { Schedule } from '../model/schedule.ts'
import { isTelling } from '../model/telling.ts'
import { type Limit, schedulePlaybook } from '../plan/schedule.ts'
import { becomeTyped, type LoginFlags, type RunFlags, selectionOf } from './flags.ts'
import { limitToKeep } from './limit.ts'
import { inventoryInput } from './options.ts'
import { keyPath, packageUrl, stateDirectory } from './paths.ts'
import { secretsIn } from './ready.ts'
import { type KeyFlags, newTyped } from './typed.ts'
import { valueProblems } from './value-problems.ts'

/** A playbook applied to an inventory, checked as far as no connection is needed. */
export interface Prepared {
  readonly run: string
  readonly state: string
  /** Where the bundle is: the run's folder, or a temporary one that `discard` removes. */
  readonly folder: RunFolder
  readonly record: RunRecord
  /** The record's inventory with the extra vars over it: what connections are made by. */
  readonly inventory: Inventory
  readonly schedule: Schedule
  readonly site: Site
  /** The names of the site's secrets. */
  readonly secrets: readonly string[]
  discard(): Promise<void>
}

/** Loads and checks everything that was typed. With `keep`, the bundle is in the run's own folder. */
export async function prepare(
  io: Io,
  file: string,
  flags: Pick<
    RunFlags,
    | 'inventory'
    | 'limit'
    | 'where'
    | 'allowEmpty'
    | 'extraVars'
    | 'forks'
    | 'state'
    | 'tags'
    | 'skipTags'
    | 'startAtTask'
  > &
    Pick<LoginFlags, 'user' | 'privateKey' | 'timeout' | 'become' | 'becomeUser' | 'becomeMethod'> &
    KeyFlags,
  keep: boolean,
): Promise<Prepared> {
  const state = stateDirectory(io, flags.state)
  if (keep) await openState(state, io.uid)
  const run = keep ? await nextRunId(state, io.now()) : newRunId(io.now())
  const folder = keep ? await makeRunFolder(state, run) : await temporaryFolder(run)
  const discard = () => rm(folder.path, { recursive: true, force: true })
  // The bundler is a process of its own: the inventory is read meanwhile, and what is needed later loaded.
  const loading = loadPlaybook(file, { cwd: io.cwd, runDir: folder.path, packageUrl: packageUrl() })
  const ended = loading.catch(() => undefined)
  if (keep) void warmUp()
  try {
    const { sources, note } = await findInventory(io, flags.inventory)
    if (note !== undefined) io.err(`${note}\n`)
    const { unseal } = await newTyped(io, flags)
    const beside = dirname(resolve(io.cwd, file))
    const { inventory, problems } = await inspectInventory(inventoryInput(io, sources, beside, unseal))
    const extraVars = await parseExtraVars(flags.extraVars, io.cwd, unseal)
    if (keep) warnOfPlain(io, extraVars)
    const loaded = await loading.catch((error: unknown) => {
      if (problems.length === 0 || !(error instanceof InputError)) throw error
      throw badInventory([...problems, ...inventory.warnings, ...error.problems])
    })
    if (problems.length > 0) {
      const { vars } = paramsOf(loaded.playbook.params, extraVars)
      const more = valueProblems(loaded.playbook, inventory, vars, 'partly read').problems
      throw badInventory([...problems, ...more])
    }
    const selection = selectionOf(flags)
    const { user, privateKey, timeout } = flags
    const become = becomeTyped(flags)
    const record: RunRecord = {
      kind: 'run',
      playbook: resolve(io.cwd, file),
      digest: loaded.digest,
      bundle: basename(loaded.bundle),
      bundleDigest: loaded.bundleDigest,
      inventory,
      extraVars,
      limit: await limitToKeep(io, inventory, flags, validatedBy(loaded.playbook, inventory, extraVars)),
      ...(selection !== undefined && { selection }),
      forks: flags.forks,
      ...((user ?? privateKey ?? timeout ?? become) !== undefined && {
        login: {
          ...(user !== undefined && { user }),
          ...(privateKey !== undefined && { privateKey: keyPath(io, privateKey) }),
          ...(timeout !== undefined && { timeout }),
          ...become,
        },
      }),
    }
    return { run, state, folder, record, ...applied(loaded.playbook, record), discard }
  } catch (error) {
    await ended
    await discard()
    throw error
  }
}

/** What the fleet's schemas make of each host's variables, once somebody asks. */
function validatedBy(
  playbook: Playbook,
  inventory: Inventory,
  extraVars: ExtraVars,
): (host: string) => object {
  let known: ReadonlyMap<string, object> | undefined
  return (name) => {
    if (known === undefined) {
      const { vars } = paramsOf(playbook.params, extraVars)
      const site: Site = siteOf(playbook.fleet, inventory, vars, namesOf(playbook.params))
      known = new Map(site.all.map((host) => [host.name, { ...vars, ...Object(host.vars) }]))
    }
    return known.get(name) ?? {}
  }
}

/** What is typed openly is kept openly, and every user of the machine sees it in the list of processes. */
function warnOfPlain(io: Io, extraVars: ExtraVars): void {
  for (const [key, value] of Object.entries(extraVars))
    if (typeof value === 'string' && isTelling(key) && !/^(true|false|yes|no)$/i.test(value))
      io.err(
        `warning: -e ${key}: its value will stand in run.json as it is. A secret is handed over by name: -e '{"${key}": {"env": "NAME"}}'\n`,
      )
}

/** What a record's playbook gives for its inventory and extra vars; the same in every process. */
export function applied(
  playbook: Playbook,
  record: Pick<RunRecord, 'inventory' | 'extraVars' | 'limit' | 'selection'>,
): Pick<Prepared, 'inventory' | 'schedule' | 'site' | 'secrets'> {
  const { params, vars } = paramsOf(playbook.params, record.extraVars as ExtraVars)
  const { problems, site } = valueProblems(playbook, record.inventory, vars)
  if (problems.length > 0 || site === undefined) throw new InputError(problems)
  const inventory = withExtraVars(record.inventory, vars)
  return {
    inventory,
    site,
    secrets: [...secretsIn(site)],
    schedule: schedulePlaybook(
      playbook,
      site,
      params,
      limitOf(record.inventory, record.limit),
      record.selection,
    ),
  }
}

/** Whether a host is within `--limit`. Throws an InputError for a pattern that means nothing. */
export function limitOf(inventory: Inventory, pattern: string | undefined): Limit {
  if (pattern === undefined) return () => true
  const within = new Set(matchHosts(inventory, pattern).map((host) => host.name))
  return (host) => within.has(host.name)
}

async function temporaryFolder(id: string): Promise<RunFolder> {
  const path = await mkdtemp(join(tmpdir(), 'upgrade-fleet-'))
  return { id, path, journal: join(path, 'journal.jsonl') }
}
