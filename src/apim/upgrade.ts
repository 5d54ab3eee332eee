import { skip } from '../model/action.ts'
import type { Host } from '../model/host.ts'
import { type From, type Play, play } from '../model/play.ts'
import * as backup from '../modules/backup/index.ts'
import { carry } from '../modules/carry.ts'
import type * as database from '../modules/database/index.ts'
import * as svn from '../modules/svn/index.ts'

import { asRan, type Running, start, stop } from './control.ts'
import { look } from './detect.ts'

import { after, fence } from './fence.ts'
import { healthy } from './health.ts'
import { backupsOf } from './machines.ts'
import { writeManifest } from './manifest.ts'
import { type Role, roleOf, startOrder } from './roles.ts'
import type { SchedulesOff } from './schedules.ts'
import { type DatabaseVars, type OldNode, runsNow } from './schemas.ts'
import { homeOf, newServer, oldServer } from './server.ts'
import { type ApimSite, type TreeSource, treeSources } from './site.ts'
import { startThrough, stopThrough } from './supervised.ts'
import type { Supervisors } from './supervisors.ts'
import { bundle } from './trees.ts'
import type { Version } from './versions.ts'

/** What stands on each host now; it is what tells whether there is anything to do. */
export function looked(site: ApimSite, to: Version) {
  return play('look', site.all, { collect: true }).task('found', ({ host }) =>
    look({
      home: host.vars.apim_home,
      target: newServer(host, roleOf(site, host) ?? 'key-manager', to),
    }),
  )
}

/** Why there is nothing to do, if every server of the fleet is at the target and answers. */
export function allAt(
  site: ApimSite,
  looks: ReturnType<typeof looked>,
  to: Version,
  from: From,
): string | undefined {
  const servers = site.all.filter((host) => roleOf(site, host) !== undefined)
  const done = servers.every((host) => from(looks, host).found.atTarget)
  return done ? `all ${servers.length} servers are at ${to} and healthy: nothing to do` : undefined
}

type OldHost = Host<OldNode>
type Stopped = { readonly was: Running }
type Stop = Play<{ readonly stop: Stopped; readonly 'by its supervisor': Stopped | undefined }>

/**
 * The old servers stopped, in the reverse of their start order, each by its supervisor where it runs under one. Undone, they
 * start in their start order, healthy one rank after the other.
 */
export function stops(
  site: ApimSite,
  version: Version,
  supervisors: Supervisors,
): readonly { readonly role: Role; readonly play: Stop }[] {
  return startOrder(site, version)
    .toReversed()
    .map(({ role, hosts }) => ({
      role,
      play: play(`stop ${role}`, hosts.filter(runsNow))
        .task(
          'by its supervisor',
          ({ host, from }) => {
            const { manager } = supervisors.of(from, host)
            return manager
              ? stopThrough({ server: oldServer(host, role, version), manager })
              : skip('it runs under none')
          },
          { become: true },
        )
        .task('stop', ({ host }) => stop({ server: oldServer(host, role, version) })),
    }))
}

/** How a server ran before it was stopped. */
export const ran = (from: From, stopped: Stop, host: Host): Running => {
  const { stop: alone, 'by its supervisor': through } = from(stopped, host)
  return through?.was ?? alone.was
}

/** Reads the stops' outputs. */
export const down =
  (stopped: ReturnType<typeof stops>) =>
  (from: From): unknown =>
    stopped.flatMap(({ play: each }) => each.hosts.map((host) => from(each, host).stop))

/** Every machine of the fleet proved quiet, whoever may have started something again. */
export function fenced(site: ApimSite, stopped: ReturnType<typeof stops>) {
  return play('fence', site.all).task('servers gone', ({ from }) => after(down(stopped)(from), fence(null)))
}

/** The homes, all servers stopped, each read back in full. */
export function homeBackups(site: ApimSite) {
  return play('back up homes', site.all.filter(runsNow)).task('home', ({ host }) =>
    backup.tree({ path: host.vars.apim_home, to: backupsOf(site, host), name: 'home' }),
  )
}

/** The old Subversion repository, read back in full. */
export function svnBackup(site: ApimSite) {
  const { svn: repository } = site.vars
  return (
    repository &&
    play('back up SVN', site.migration).task('dump', () =>
      svn.dump({
        repository: { ...repository, url: repository.old_url },
        to: backupsOf(site, site.migration),
        name: 'svn',
      }),
    )
  )
}

type Dumps = Play<{ readonly dump: database.Dump }>

/** What a rollback needs, left on every host: how its server ran, where its backup lies; on the migration host the dumps. */
export function manifests(
  site: ApimSite,
  made: {
    readonly supervisors: Supervisors
    readonly stops: ReturnType<typeof stops>
    readonly homes: ReturnType<typeof homeBackups>
    readonly databases: readonly Host<DatabaseVars>[]
    readonly schedules: SchedulesOff
    readonly dumps: Dumps
    readonly newVersions: readonly string[]
  },
) {
  const hosts: readonly OldHost[] = site.all.filter(runsNow)
  return play('manifests', hosts).task('manifest', ({ host, from }) => {
    const role = roleOf(site, host)
    const stopped = made.stops.find((each) => each.role === role)
    return writeManifest({
      backups: backupsOf(site, host),
      server: role === undefined ? null : oldServer(host, role, site.vars.apim_version),
      held: from(made.supervisors.hold, host).held ?? null,
      was: stopped === undefined ? null : ran(from, stopped.play, host),
      home: from(made.homes, host).home,
      newHomes: made.newVersions.map((version) => homeOf(host.vars.apim_base, version)),
      schedules:
        host.name === site.migration.name
          ? made.databases.map((db) => ({
              database: db.name,
              paused: from(made.schedules, db).paused.paused,
            }))
          : [],
      dumps:
        host.name === site.migration.name
          ? made.databases.map((db) => ({ database: db.name, dump: from(made.dumps, db).dump }))
          : [],
    })
  })
}

/** The artefacts, each from the server that has them, brought to the migration host; the homes are only read. */
export function firstTrees(site: ApimSite, seen: (from: From) => unknown) {
  const all = treeSources(site)
  const isFirst = (source: TreeSource) => source === all.find(({ host }) => host.name === source.host.name)
  const take = (name: string, sources: readonly TreeSource[], file: string) =>
    play(
      name,
      sources.map(({ host }) => host),
    ).task('bundle', ({ host, from }) => {
      const only = sources.find((each) => each.host.name === host.name)?.only
      return after(
        seen(from),
        bundle({ home: host.vars.apim_home, file: `${backupsOf(site, host)}/${file}`, only }),
      )
    })
  const taken = take('take trees', all.filter(isFirst), 'trees.tar')
  const again = all.filter((source) => !isFirst(source))
  const more = again.length === 0 ? undefined : take('take more trees', again, 'more-trees.tar')
  const brought = play('bring trees', site.migration).each('brought', all, ({ from, item }) => {
    const play = more !== undefined && again.includes(item) ? more : taken
    return carry({ ...from(play, item.host).bundle, from: item.host.name, to: item.file })
  })
  return [taken, ...(more === undefined ? [] : [more]), brought]
}

type Was = Running | undefined

/** The old servers that ran before, started in their order with the flags they ran with, each rank behind its health gate. */
export function restarts(
  site: ApimSite,
  version: Version,
  was: (from: From, host: OldHost, role: Role) => Was,
) {
  return startOrder(site, version).map(({ role, hosts }) => {
    const server = (from: From, host: OldHost) => {
      const before = was(from, host, role)
      return before ? { ...oldServer(host, role, version), ...asRan(before) } : undefined
    }
    return play(`start ${role} again`, hosts.filter(runsNow), { anyErrorsFatal: true })
      .task(
        'by its supervisor',
        ({ host, from }) => {
          const manager = was(from, host, role)?.by
          return manager
            ? startThrough({ server: oldServer(host, role, version), manager })
            : skip('it ran under none')
        },
        { become: true },
      )
      .task('start', ({ host, from }) => {
        const old = server(from, host)
        return old ? start({ server: old }) : skip('it did not run before')
      })
      .task('healthy', ({ host, from, start: started }) => {
        const old = server(from, host)
        return old && started ? healthy({ server: old, since: started.since }) : skip('it did not run before')
      })
  })
}
