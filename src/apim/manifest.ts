import { change, observe } from '../model/action.ts'
import { sh } from '../model/command.ts'
import { TaskError } from '../model/errors.ts'
import { differences } from '../modules/backup/compare.ts'
import { provenTree, type TreeBackup } from '../modules/backup/tree.ts'
import { type Dump, type Paused, provenDump } from '../modules/database/index.ts'
import { sealed, unsealed } from '../modules/seal.ts'
import type { Held } from '../modules/service.ts'
import { holds, readText } from '../modules/target.ts'
import type { Running } from './control.ts'
import type { Server } from './server.ts'

/** What a rollback needs to know of a host when controller and journal are gone. No secrets: databases are named as in the inventory. */
export type Manifest = {
  readonly format: 1
  readonly run: string
  readonly host: string
  /** The server that served before: null for a host that had none in this role. */
  readonly server: Server | null
  /** Whether it ran, with which flags and on which Java. */
  readonly was: Running
  /** What starts the server by itself and was held for the run; missing in manifests of earlier versions. */
  readonly held?: Held | null
  readonly home: Pick<TreeBackup, 'file' | 'sha256' | 'entries' | 'bytes'>
  /** Homes that the upgrade makes: their servers are to be stopped before anything is restored. */
  readonly newHomes: readonly string[]
  /** On the migration host: what ran by the clock in the databases and was turned off before they were dumped. */
  readonly schedules?: readonly ({ readonly database: string } & Paused)[]
  /** On the migration host: the dumps, by the database's name. */
  readonly dumps: readonly { readonly database: string; readonly dump: Dump }[]
}

const current = (backups: string): string => `${backups}/manifest.json`

/** The text of a manifest's file: its own digest first, so that a damaged one is refused. */
export function manifestText(manifest: Manifest): string {
  return sealed(JSON.stringify(manifest, null, 2))
}

/** Reads a manifest's file; refuses one that is damaged or of another format. */
export function parseManifest(text: string): Manifest {
  const body = unsealed(text)
  if (body === undefined) throw new TaskError('The manifest is damaged: its digest differs')
  const read: unknown = JSON.parse(body)
  if (typeof read !== 'object' || read === null || !('format' in read) || read.format !== 1)
    throw new TaskError('The manifest is of a format that this version does not know')
  return read as Manifest
}

type WriteInput = Omit<Manifest, 'format' | 'run' | 'host'> & { readonly backups: string }

/** Leaves the manifest of the backups on the host, under the run's name and as the newest. Undo takes the newest away. */
export const writeManifest = change('apim.writeManifest', {
  async remember(on, { backups }: WriteInput) {
    return {
      before: (await holds(on, sh.read`[ -f ${current(backups)} ]`))
        ? await readText(on, current(backups))
        : null,
    }
  },
  async apply(on, { backups, ...rest }) {
    // What secure vault is told is in the inventory, and stays there.
    const server = rest.server === null ? null : withoutVault(rest.server)
    const text = manifestText({ format: 1, run: on.run, host: on.name, ...rest, server })
    await on.must(sh`mkdir -p -- ${`${backups}/${on.run}`}`)
    await on.put({ text }, `${backups}/${on.run}/manifest.json`, { mode: 0o600, signal: on.signal })
    await on.put({ text }, current(backups), { mode: 0o600, signal: on.signal })
    return { path: current(backups) }
  },
  async undo(on, { backups }, { before }) {
    if (before === null) await on.must(sh`rm -f -- ${current(backups)}`)
    else await on.put({ text: before }, current(backups), { mode: 0o600, signal: on.signal })
  },
})

function withoutVault({ vault: _, ...server }: Server): Server {
  return server
}

/** What the inventory says of a host and its fleet, for the manifest to be measured by. */
export type Wanted = {
  readonly backups: string
  /** The run whose backups are meant; without it the newest. */
  readonly run?: string | undefined
  readonly home: string
  readonly version: string
  /** The databases that must be among the dumps. */
  readonly databases: readonly string[]
}

/** Why a manifest is not for this host of this fleet. */
export function against(
  manifest: Manifest,
  host: string,
  { home, version, databases }: Wanted,
): readonly string[] {
  const { server, dumps } = manifest
  return [
    ...(manifest.host === host ? [] : [`it is that of ${manifest.host}`]),
    ...(server === null || server.home === home
      ? []
      : [
          `it backed up ${server.home}, but the inventory says apim_home ${home}: set it to what served then`,
        ]),
    ...(server === null || server.version === version
      ? []
      : [
          `it is of ${server.version}, but the inventory says apim_version ${version}: set it to what served then`,
        ]),
    ...databases
      .filter((name) => !dumps.some(({ database }) => database === name))
      .map((name) => `it has no dump of ${name}`),
  ]
}

/** Reads the manifest of a host, the newest or that of a run, and proves that it is for this host and that the backups it names are whole. */
export const readManifest = observe('apim.readManifest', async (on, wanted: Wanted): Promise<Manifest> => {
  const { backups, run } = wanted
  const path = run === undefined ? current(backups) : `${backups}/${run}/manifest.json`
  if (!(await holds(on, sh.read`[ -f ${path} ]`)))
    throw new TaskError(`${on.name} has no ${path}: there is no backup to go back to`)
  const manifest = parseManifest(await readText(on, path))
  const wrong = against(manifest, on.name, wanted)
  if (wrong.length > 0) throw new TaskError(`${path} on ${on.name} cannot be gone back to`, wrong)
  const { sha256 } = await provenTree(on, manifest.home.file)
  if (sha256 !== manifest.home.sha256)
    throw new TaskError(`${manifest.home.file} on ${on.name} is not what was recorded when it was backed up`)
  // What commands made is verified by them when it is put back: they need the database's password, which is in no manifest.
  for (const { dump } of manifest.dumps) if (dump.kind === 'file') await provenDump(on, dump.file)
  return manifest
})

/** A gate: holds when a home differs from its backup in nothing but what a server writes while it runs. */
export const homeIntact = observe(
  'apim.homeIntact',
  async (on, { home, file, volatile }: { home: string; file: string; volatile: readonly string[] }) => {
    const different = await differences(on, { path: home, file, volatile })
    if (different.length > 0)
      throw new TaskError(
        `${home} on ${on.name} is not what was backed up; what was is in ${file}`,
        different.slice(0, 20),
      )
    return { home }
  },
)
