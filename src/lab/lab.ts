import { readFile, rm, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InputError } from '../model/errors.ts'
import { buildLab } from './build.ts'
import { databaseUser, type Schemas } from './database.ts'
import { everyHost, parseFault } from './faults.ts'
import { databaseAddress, homeOf, labHosts, machinesOf, sshPort, svnAddress } from './fleet.ts'
import { onHost } from './hosts.ts'
import { writeSettings } from './java.ts'
import { missingNeeds } from './needs.ts'
import { isOldRelease, oldReleases } from './pack/release.ts'
import { missingPostgreSql } from './postgresql.ts'
import { restoreAll, startAll, stopAll } from './power.ts'
import { alive } from './processes.ts'
import { engineOf, shapes } from './shapes.ts'
import type { Settings } from './standin/settings.ts'
import { type LabShape, type LabState, labDir, readState } from './state.ts'
import { listens } from './subversion.ts'

export type { LabState } from './state.ts'

/** Where a lab is to stand and what it is to be like. */
export interface LabOptions extends Partial<Omit<LabShape, 'from'>> {
  /** The release that the fleet is to begin at; one that no lab begins at is refused. */
  readonly from?: string
  /** The tool's state directory, absolute; the lab is in `lab` under it. */
  readonly state: string
  /** The project directory, absolute: `inventory/lab` is written there. */
  readonly project: string
  /** Gets a line for each thing worth telling. */
  readonly say?: (line: string) => void
}

const usual: LabShape = {
  from: '1.9.1',
  pace: 1,
  range: '127.77.0',
  shape: 'distributed',
  database: 'mariadb',
}

/** Makes and starts a lab, or says that it is up. Throws an {@link InputError} where the machine or the options forbid it. */
export async function labUp(options: LabOptions): Promise<LabState> {
  const say = options.say ?? (() => undefined)
  const began = performance.now()
  const dir = labDir(options.state)
  const given = Object.fromEntries(
    (['from', 'pace', 'range', 'shape', 'database'] as const)
      .filter((key) => options[key] !== undefined)
      .map((key) => [key, options[key]]),
  )
  const missing = [...missingNeeds(), ...(options.database === 'postgresql' ? missingPostgreSql() : [])]
  if (missing.length > 0) throw new InputError(missing)
  const from = options.from ?? usual.from
  if (!isOldRelease(from))
    throw new InputError(
      `A lab begins at ${oldReleases.slice(0, -1).join(', ')} or ${oldReleases.at(-1)}, not at ${from}.`,
      'Type `upgrade-fleet lab up --from 1.9.1`.',
    )
  const shape: LabShape = { ...usual, ...given, from }
  const before = await readState(dir)
  if (before !== undefined && (await running(before))) {
    const other = (Object.keys(given) as (keyof LabShape)[]).filter((key) => before[key] !== shape[key])
    if (other.length === 0) {
      say(`The lab is already up on ${before.range}.`)
      return before
    }
    const text = other.map((key) => `--${key} ${before[key]}`).join(' ')
    throw new InputError(
      `A lab is up with ${text}.`,
      'Type `upgrade-fleet lab down` first, or give another --state.',
    )
  }
  if (before !== undefined) await labDown(options)
  const off: LabState = {
    ...shape,
    dir,
    project: options.project,
    hosts: {},
    databaseServer: undefined,
    svn: undefined,
  }
  await refuseTaken(shape)
  try {
    say('Making the lab: packs, database, repositories, hosts.')
    await rm(dir, { recursive: true, force: true })
    await buildLab(dir, { ...shape, from }, options.project)
    await writeSettings(dir, { pace: shape.pace, faults: {} })
    await restoreAll(dir, shape)
    say('Starting it.')
    const up = await startAll(off)
    say(
      `The lab is up on ${shape.range} after ${seconds(began)} s. Its inventory is inventory/lab/hosts.yml.`,
    )
    return up
  } catch (error) {
    await labDown(options).catch(() => undefined)
    throw error
  }
}

/** Ends a lab and removes all of it, its inventory too. Harmless where there is none; says whether there was one. */
export async function labDown(options: Pick<LabOptions, 'state' | 'project'>): Promise<boolean> {
  const dir = labDir(options.state)
  const state = await readState(dir)
  if (state !== undefined) await stopAll(state)
  const inventory = join(state?.project ?? options.project, 'inventory')
  await rm(join(inventory, 'lab'), { recursive: true, force: true })
  // Only where there was no inventory before the lab's is it empty now.
  await rmdir(inventory).catch(() => undefined)
  await rm(dir, { recursive: true, force: true })
  return state !== undefined
}

/** Brings the fresh fleet back: every host boots anew from what was saved, and no fault is on. */
export async function labReset(options: Pick<LabOptions, 'state'>): Promise<LabState> {
  const state = await need(options.state)
  const off = await stopAll(state)
  await writeSettings(state.dir, { pace: state.pace, faults: {} })
  await restoreAll(state.dir, state)
  return startAll(off)
}

/** Switches a fault on (`FAULT` or `FAULT:HOST`), or all of them off (`none`). Servers see it at once. */
export async function labBreak(
  options: Pick<LabOptions, 'state'>,
  text: string,
): Promise<Settings['faults']> {
  const state = await need(options.state)
  const names = machinesOf(labHosts(state.range, state.shape)).map(({ name }) => name)
  const { slug, host } = problemAsInput(() => parseFault(text, names))
  const now = await settingsOf(state.dir)
  const faults = { ...now.faults, [host]: [...new Set([...(now.faults[host] ?? []), slug])] }
  const off = host === everyHost ? {} : { ...now.faults, [host]: [] }
  const next = slug === 'none' ? off : faults
  await writeSettings(state.dir, { ...now, faults: next })
  await leakHomes(state, next)
  return (await settingsOf(state.dir)).faults
}

/** What runs at this moment. */
export interface LabStatus extends LabShape {
  readonly hosts: readonly {
    readonly name: string
    readonly address: string
    readonly up: boolean
    /** The home of the server that runs there, if one does. */
    readonly servers: readonly string[]
    readonly ports: readonly number[]
  }[]
  readonly databaseServer: boolean
  readonly svn: boolean
  readonly faults: Settings['faults']
}

const ports = [9443, 9763, 8243, 8280, 5672, 9611, 9711, 7611, 7711, 10397, 9099, 8099]

/** Says what of a lab runs, or nothing where there is none. */
export async function labStatus(options: Pick<LabOptions, 'state'>): Promise<LabStatus | undefined> {
  const state = await readState(labDir(options.state))
  if (state === undefined) return undefined
  const hosts = labHosts(state.range, state.shape).map(async ({ name, address, machine, base, offset }) => {
    const proc = state.hosts[machine]
    const up = proc !== undefined && (await alive(proc))
    const list = `tr '\\0' '\\n' < /dev/null; for p in /proc/[0-9]*; do tr '\\0' '\\n' < $p/cmdline; done 2>/dev/null`
    const lines = up ? (await onHost(proc, `${list}; true`, 'root')).split('\n') : []
    const servers = lines
      .filter((line) => line.startsWith(`-Dcarbon.home=${base}/`))
      .map((line) => line.slice('-Dcarbon.home='.length))
    const own = ports.map((port) => port + offset)
    const open = await Promise.all(
      [sshPort, ...own].map(async (port) => ((await listens(address, port)) ? [port] : [])),
    )
    return { name, address, up, servers, ports: open.flat() }
  })
  const { from, pace, range, shape, database } = state
  const on = async (proc: LabState['svn']) => proc !== undefined && (await alive(proc))
  return {
    ...{ from, pace, range, shape, database },
    hosts: await Promise.all(hosts),
    databaseServer: await on(state.databaseServer),
    svn: await on(state.svn),
    faults: (await settingsOf(state.dir)).faults,
  }
}

/** Where the parts of a running lab are, for tests. */
export interface LabInfo {
  readonly dir: string
  readonly inventory: string
  readonly hosts: Readonly<
    Record<
      string,
      { readonly address: string; readonly root: string; readonly home: string; readonly offset: number }
    >
  >
  readonly db: {
    readonly host: string
    readonly engine: 'mysql' | 'postgresql'
    readonly port: number
    readonly socket: string
    readonly user: string
    readonly passwordFile: string
    readonly schemas: Schemas
  }
  readonly svn: { readonly url: string; readonly root: string }
  /** Runs a shell line on a host as `wso2carbon` or root, over no network. */
  run(host: string, line: string, user?: 'wso2carbon' | 'root'): Promise<string>
}

/** Looks up a running lab by its state directory. `root` is a host's private /opt as seen from outside. */
export async function labInfo(stateDir: string): Promise<LabInfo> {
  const state = await need(stateDir)
  const all = labHosts(state.range, state.shape)
  const hosts = all.map(({ name, address, machine, base, offset }) => {
    const at = join(state.dir, 'hosts', machine)
    return [
      name,
      { address, root: join(at, 'opt'), home: join(at, homeOf(state.from, base)), offset },
    ] as const
  })
  return {
    dir: state.dir,
    inventory: join(state.project, 'inventory/lab/hosts.yml'),
    hosts: Object.fromEntries(hosts),
    db: {
      host: databaseAddress(state.range),
      ...engineOf(state.database),
      socket: join(state.dir, 'db/s.sock'),
      user: databaseUser,
      passwordFile: join(state.dir, 'secrets/db-password'),
      schemas: shapes[state.shape].schemas,
    },
    svn: { url: `svn://${svnAddress(state.range)}`, root: join(state.dir, 'svn') },
    run: async (host, line, user) => {
      const machine = all.find(({ name }) => name === host)?.machine ?? host
      const proc = (await need(stateDir)).hosts[machine]
      if (proc === undefined) throw new InputError(`The lab has no host "${host}".`)
      return onHost(proc, line, user)
    },
  }
}

function seconds(began: number): string {
  return ((performance.now() - began) / 1000).toFixed(1)
}

async function need(stateDir: string): Promise<LabState> {
  const state = await readState(labDir(stateDir))
  if (state === undefined) throw new InputError('No lab is up.', 'Type `upgrade-fleet lab up`.')
  return state
}

async function running(state: LabState): Promise<boolean> {
  const procs = [...Object.values(state.hosts), state.databaseServer, state.svn]
  const on = await Promise.all(procs.map(async (proc) => proc !== undefined && (await alive(proc))))
  return procs.length > 2 && on.every(Boolean)
}

async function refuseTaken({ range, shape, database }: LabShape): Promise<void> {
  const first = labHosts(range, shape)[0]?.address ?? ''
  const taken =
    (await listens(databaseAddress(range), engineOf(database).port)) || (await listens(first, sshPort))
  if (taken)
    throw new InputError(
      `Something listens on ${range}.*: another lab?`,
      'Give another --range, for instance 127.90.0.',
    )
}

/** `CARBON_HOME` for every ssh command of the hosts that have that fault. */
async function leakHomes(state: LabState, on: Settings['faults']): Promise<void> {
  const leaks = (host: string) => [...(on[everyHost] ?? []), ...(on[host] ?? [])].includes('carbon-home-leak')
  for (const { name } of machinesOf(labHosts(state.range, state.shape))) {
    const path = join(state.dir, 'hosts', name, 'home/wso2carbon/.ssh/environment')
    await (leaks(name) ? writeFile(path, `CARBON_HOME=${homeOf(state.from)}\n`) : rm(path, { force: true }))
  }
}

async function settingsOf(dir: string): Promise<Settings> {
  return JSON.parse(await readFile(join(dir, 'jdk/lib/lab/settings.json'), 'utf8')) as Settings
}

function problemAsInput<T>(make: () => T): T {
  try {
    return make()
  } catch (error) {
    throw error instanceof RangeError ? new InputError(error.message) : error
  }
}
