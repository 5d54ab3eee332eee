import { randomBytes } from 'node:crypto'
import { open, readdir, readFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { InputError } from '../model/errors.ts'
import type { Stamped } from '../model/event.ts'
import type { Inventory } from '../model/inventory.ts'
import { fromPlain, type Json, toPlain } from '../model/json.ts'
import type { Selection } from '../model/selection.ts'
import { makeStateDirectory } from './directory.ts'
import { afterDamage, DamagedJournal, readJournal } from './file.ts'

/** What a run was asked to do: kept beside its journal, so that resume and rollback use the same. */
export interface RunRecord {
  readonly kind: 'run' | 'rollback'
  /** The run that a rollback takes back. */
  readonly of?: string
  /** The play that a rollback ends at, when it does not take back everything. */
  readonly to?: string
  /** The pattern of the hosts that a rollback takes back, when not all; `limit` is that of the run. */
  readonly onlyHosts?: string
  /** The playbook's file as it was typed, absolute; the bundle beside the journal is what runs. */
  readonly playbook: string
  readonly digest: string
  /** Name of the bundled playbook within the run's folder. */
  readonly bundle: string
  /** SHA-256 of that file; runs of older versions have none. */
  readonly bundleDigest?: string
  readonly inventory: Inventory
  readonly extraVars: Readonly<Record<string, Json>>
  readonly limit: string | undefined
  /** The tasks that are done, when not all are. */
  readonly selection?: Selection
  readonly forks: number
  /** What was typed for the hosts that do not say it themselves: the user, the key file, the seconds for a login. */
  readonly login?: {
    readonly user?: string
    readonly privateKey?: string
    readonly timeout?: number
    readonly become?: boolean
    readonly becomeUser?: string
    readonly becomeMethod?: 'sudo' | 'su' | 'doas'
  }
}

/**
 * Makes a state directory (0700) or finds it. What lies in it is run later (the bundled playbooks), so it must be of the
 * user of that uid and closed to writers: throws an InputError otherwise.
 */
export async function openState(state: string, uid: number | undefined): Promise<void> {
  await makeStateDirectory(state)
  const found = await stat(state)
  const mode = (found.mode & 0o777).toString(8).padStart(4, '0')
  if (uid !== undefined && found.uid !== uid)
    throw new InputError(`${state}: expected a directory of yours (uid ${uid}), got one of uid ${found.uid}`)
  if ((found.mode & 0o022) !== 0)
    throw new InputError(
      `${state}: expected a directory that nobody else may write to, got mode ${mode}`,
      `Look at what is in it, then close it: chmod 700 '${state}'`,
    )
}

/** The folder of one run: `<state>/runs/<id>`. */
export interface RunFolder {
  readonly id: string
  readonly path: string
  readonly journal: string
}

/** An id that sorts by time: `20261122-115900-a1b2`. */
export function newRunId(now: Date): string {
  const time = now.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15)
  return `${time}-${randomBytes(2).toString('hex')}`
}

/**
 * An id that sorts after all runs of the state directory: that of now, or of the second after the newest where the clock is
 * not past that. Which run is the latest must not depend on a clock that was set back.
 */
export async function nextRunId(state: string, now: Date): Promise<string> {
  const ids = await readdir(join(state, 'runs')).catch(() => [])
  const times = ids.sort().map((id) => /^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)-/.exec(id))
  const [, ...numbers] = times.findLast((time) => time !== null) ?? []
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = numbers.map(Number)
  const free = Date.UTC(year, month - 1, day, hour, minute, second + 1)
  return newRunId(new Date(numbers.length === 0 ? now : Math.max(free, now.getTime())))
}

/** The folder of a run, whether it exists or not. */
export function runFolder(state: string, id: string): RunFolder {
  const path = join(state, 'runs', id)
  return { id, path, journal: join(path, 'journal.jsonl') }
}

/** Makes a run's folder, 0700. */
export async function makeRunFolder(state: string, id: string): Promise<RunFolder> {
  const folder = runFolder(state, id)
  await makeStateDirectory(join(folder.path, 'hosts'))
  return folder
}

/** Keeps a run's record, whole or not at all. */
export async function saveRecord(folder: RunFolder, record: RunRecord): Promise<void> {
  const path = join(folder.path, 'run.json')
  const file = await open(`${path}.new`, 'w', 0o600)
  await file.writeFile(JSON.stringify(toPlain(record as unknown as Json)))
  await file.sync().finally(() => file.close())
  await rename(`${path}.new`, path)
}

/** Reads a run's record back. Throws {@link DamagedJournal} when it cannot be read. */
export async function readRecord(folder: RunFolder): Promise<RunRecord> {
  const path = join(folder.path, 'run.json')
  const text = await readFile(path, 'utf8')
  try {
    return fromPlain(JSON.parse(text)) as unknown as RunRecord
  } catch {
    throw new DamagedJournal(`${path}: what was asked for cannot be read: it is no JSON.\n${afterDamage}`)
  }
}

/** A run that was asked for. It may have no journal: then its controller died before the first event. */
export interface KeptRun {
  readonly folder: RunFolder
  readonly record: RunRecord
}

/** A run that is there: its record and the events of its journal. */
export interface KnownRun extends KeptRun {
  readonly events: readonly Stamped[]
}

/** One run, or undefined when it is not there or has no journal. Throws {@link DamagedJournal}. */
export async function findRun(state: string, id: string): Promise<KnownRun | undefined> {
  const folder = runFolder(state, id)
  const record = await readRecord(folder).catch(absent)
  return record && (await readRuns([{ folder, record }]))[0]
}

/** What was asked for in a state directory, the oldest first, without a look at the journals. */
export async function listRecords(state: string): Promise<readonly KeptRun[]> {
  const ids = await readdir(join(state, 'runs')).catch(() => [])
  const records = await Promise.all(
    ids.sort().map(async (id) => {
      const folder = runFolder(state, id)
      const record = await readRecord(folder).catch(absent)
      return record && { folder, record }
    }),
  )
  return records.filter((run) => run !== undefined)
}

/** All runs that have a journal, the oldest first. Throws {@link DamagedJournal} when one of them is damaged. */
export async function listRuns(state: string): Promise<readonly KnownRun[]> {
  return readRuns(await listRecords(state))
}

/** These runs with the events of their journals; those without a journal are left out. */
export async function readRuns(kept: readonly KeptRun[]): Promise<readonly KnownRun[]> {
  const runs = await Promise.all(
    kept.map(async (run) => {
      const events = await readJournal(run.folder.journal).catch(absent)
      const [first] = events ?? []
      if (first?.type === 'run.started' && first.run !== run.folder.id)
        throw new DamagedJournal(
          `${run.folder.journal}: this is the journal of the run ${first.run}.\n${afterDamage}`,
        )
      return events && { ...run, events }
    }),
  )
  return runs.filter((run) => run !== undefined)
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
