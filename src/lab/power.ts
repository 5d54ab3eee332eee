import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { databasePassword } from './build.ts'
import { restoreDatabase, startDatabase } from './database.ts'
import { homeOf, type LabHost, labHosts, machinesOf, profileAt, startLine } from './fleet.ts'
import { restoreHost } from './host-contents.ts'
import { bootHost, haltHost, onHost } from './hosts.ts'
import { startPostgreSql } from './postgresql.ts'
import { end, type Proc, until } from './processes.ts'
import { environmentsOf, shapes, sharedDirectory } from './shapes.ts'
import { shell } from './shell.ts'
import { type LabShape, type LabState, writeState } from './state.ts'
import { listens, restoreRepositories, startSubversion } from './subversion.ts'

/** Puts everything that was saved in its place. Nothing of the lab may run. */
export async function restoreAll(
  dir: string,
  { range, shape }: Pick<LabShape, 'range' | 'shape'>,
): Promise<void> {
  const $ = await shell()
  const shared = environmentsOf(shape).filter(({ shares }) => shares)
  const exports = ['', ...shared.map(({ name }) => sharedDirectory(name))].map((below) =>
    join(dir, `export${below}`),
  )
  await rm(join(dir, 'export'), { recursive: true, force: true })
  await rm(join(dir, 'export-old'), { recursive: true, force: true })
  await Promise.all([
    restoreDatabase(dir),
    restoreRepositories(dir),
    $`cp -a ${join(dir, 'saved/export-old')} ${join(dir, 'export-old')}`,
    $`install -d -o 802 -g 802 -m 755 ${exports}`,
    ...machinesOf(labHosts(range, shape)).map((host) => restoreHost(dir, host.name)),
  ])
}

/** Starts database, Subversion, hosts and servers, and stores after each step what must be ended later. */
export async function startAll(off: LabState): Promise<LabState> {
  let state = off
  const note = async (change: Partial<LabState>) => {
    state = { ...state, ...change }
    const now = state
    saving = saving.then(() => writeState(now))
    await saving
  }
  let saving: Promise<void> = Promise.resolve()
  const hosts = labHosts(off.range, off.shape)
  await note({})
  await Promise.all([
    databasePassword(off.dir)
      .then((password) =>
        off.database === 'postgresql'
          ? startPostgreSql(off.dir, off.range, password)
          : startDatabase(off.dir, off.range, password, shapes[off.shape].schemas),
      )
      .then((databaseServer) => note({ databaseServer })),
    startSubversion(off.dir, off.range).then((svn) => note({ svn })),
    ...machinesOf(hosts).map(async (host) => {
      const proc = await bootHost(off.dir, host)
      await note({ hosts: { ...state.hosts, [host.name]: proc } })
    }),
  ])
  await Promise.all(hosts.map((host) => startServer(state, host)))
  return state
}

/** Ends everything that the lab started, at once: what it leaves on disk is thrown away or replaced. */
export async function stopAll(state: LabState): Promise<LabState> {
  const servers = [state.databaseServer, state.svn].filter((proc): proc is Proc => proc !== undefined)
  // PostgreSQL's own processes, and its memory, go with it at this signal; at a KILL they would outlive it.
  const signal = state.database === 'postgresql' ? 'SIGQUIT' : 'SIGKILL'
  await Promise.all([
    ...Object.values(state.hosts).map(haltHost),
    ...servers.map((proc) => end(proc, proc === state.databaseServer ? signal : 'SIGKILL')),
  ])
  return { ...state, hosts: {}, databaseServer: undefined, svn: undefined }
}

async function startServer(state: LabState, host: LabHost): Promise<void> {
  const proc = state.hosts[host.machine]
  if (proc === undefined) throw new Error(`Host ${host.name} is not running.`)
  if (!(await until(() => listens(host.address, 2222), 20, 50))) throw new Error(`No sshd on ${host.name}.`)
  if (profileAt(host, state.from) === undefined) return
  const home = homeOf(state.from, host.base)
  await onHost(proc, startLine(host, state.from))
  const log = join(state.dir, 'hosts', host.machine, home, 'repository/logs/wso2carbon.log')
  const started = await until(
    async () => (await textOf(log)).includes('WSO2 Carbon started in'),
    60 + 60 * state.pace,
    50,
  )
  if (!started) throw new Error(`The server of ${host.name} does not start: see ${log}`)
}

async function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '')
}
