import {
  apim,
  approve,
  database,
  type From,
  fail,
  file,
  play,
  playbook,
  service,
  skip,
  svn,
  via,
  z,
} from 'upgrade-fleet'
import { fleet } from '../inventory/fleet.ts'

/** `-e run=ID`: the run whose backups are gone back to, where the newest are not meant. */
const params = z.object({
  run: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9-]*$/)
    .optional(),
})

/**
 * For the night when controller and journal are gone: takes the fleet back by what the backups' manifests on the targets
 * say, and by nothing else. What the databases hold now is dumped first.
 */
export default playbook('rollback', { fleet, params, together: () => 'databases' }, (site, { run }) => {
  const { migration, vars } = site
  const old = site.all.filter(apim.runsNow)
  const databases = via(migration, vars.databases)

  // Reads only: each manifest, and each backup that it names, whole.
  const manifests = play('read manifests', old, { collect: true }).task('manifest', ({ host }) =>
    apim.readManifest({
      backups: apim.backupsOf(site, host),
      run,
      home: host.vars.apim_home,
      version: vars.apim_version,
      databases: host.name === migration.name ? databases.map(({ name }) => name) : [],
    }),
  )
  const oneRun = play('one run', migration, { collect: true }).task('same', ({ from }) => {
    const runs = new Set(old.map((host) => from(manifests, host).manifest.run))
    return runs.size === 1
      ? skip('all are of one run')
      : fail(
          `The manifests are of several runs: ${[...runs].join(', ')}. Choose one that all hosts have: -e run=ID`,
        )
  })
  // Old homes were not touched, and that is proved.
  const intact = play('old homes', old, { collect: true }).task('intact', ({ host, from }) => {
    const { home } = from(manifests, host).manifest
    return apim.homeIntact({ home: host.vars.apim_home, file: home.file, volatile: apim.volatile })
  })

  const restoreThem = approve('roll back', ({ from }) => {
    const runs = new Set(from.all(manifests).map(({ results }) => results.manifest.run))
    return `Go back to the backups of run ${[...runs].join(', ')}? What was written since is lost to the users; the databases are dumped as they are first.`
  })

  // Units lead to the new homes if the upgrade came so far: nobody starts a server by himself while this runs.
  const supervisors = apim.supervisors(site)
  const units = play('units as before', old).task(
    'pointed back',
    ({ host, from }) => {
      const { held } = from(manifests, host).manifest
      return held && held.units.length > 0
        ? service.pointBack({ units: held.units.map(({ unit }) => unit) })
        : skip('no unit started it')
    },
    { become: true },
  )

  // Everything down: the new servers, the old ones if any runs, and what a migration left.
  const stops = apim
    .startOrder(site, '3.0.0')
    .toReversed()
    .map(({ role, hosts }) =>
      play(`stop ${role}`, hosts)
        .each('new', apim.targets, ({ host, item }) =>
          apim.stop({ server: apim.newServer(host, role, item) }),
        )
        .task('old', ({ host }) =>
          apim.runsNow(host)
            ? apim.stop({ server: apim.oldServer(host, role, vars.apim_version) })
            : skip('it had no server before'),
        ),
    )
  const quiet = play('stop migration homes', migration).each(
    'migration',
    apim.targets.flatMap((version) => apim.migrationHomes(site, version)),
    ({ item: { home } }) => apim.quiet({ home }),
  )
  const fence = play('fence', site.all).task('servers gone', ({ from }) =>
    apim.after(
      stops.flatMap((stop) => stop.hosts.map((host) => [from(stop, host).new, from(stop, host).old])),
      apim.fence(null),
    ),
  )

  // Right before each dump and each restore: nobody else, and nothing that runs by the clock.
  const hosts = site.all.map(({ name }) => name)
  const gone = (from: From) => site.all.map((host) => from(fence, host)['servers gone'])
  const paused = play('schedules off', databases).task('paused', ({ host, from }) =>
    apim.after(gone(from), database.pause({ db: host.vars })),
  )
  const present = play('dump what is there', databases)
    .task('nobody else', ({ host, from }) =>
      apim.after(from(paused, host).paused, apim.alone({ hosts, databases: [host.vars] })),
    )
    .task('dump', ({ host }) =>
      database.dump({ db: host.vars, to: apim.backupsOf(site, migration), name: 'before-rollback' }),
    )
  const restore = play('restore databases', databases, { restoredBy: [present] })
    .task('still nobody', ({ host, from }) =>
      apim.after(from(present, host).dump, apim.alone({ hosts, databases: [host.vars] })),
    )
    .task('restore', ({ host, from }) => {
      const { manifest } = from(manifests, migration)
      const found = manifest.dumps.find((each) => each.database === host.name)
      return found
        ? database.restore({ db: host.vars, dump: found.dump })
        : fail(`The manifest has no dump of ${host.name}`)
    })
  const scheduled = play('schedules on again', databases).task('on', ({ host, from }) => {
    const { schedules } = from(manifests, migration).manifest
    const was = schedules?.find((each) => each.database === host.name)
    return database.unpause({ db: host.vars, paused: was?.paused ?? [] })
  })

  // New homes go aside, so that an upgrade can begin anew.
  const aside = play('set new homes aside', site.all).each('home', apim.targets, ({ host, item }) => {
    const home = apim.homeOf(host.vars.apim_base, item)
    return host.vars.apim_home === home ? skip('it is the old home') : file.setAside({ path: home })
  })
  const shares = apim.environmentsOf(site).flatMap(({ name, writer, shared: dir }, at) => {
    const title = at === 0 ? 'clear shared directory' : `clear shared directory, ${name}`
    return dir ? [play(title, writer).task('cleared', () => apim.clearShare({ dir }))] : []
  })
  const back = play('give supervisors back', old).task(
    'released',
    ({ host, from }) => {
      const { held } = from(manifests, host).manifest
      return held ? service.release(held) : skip('nothing was held')
    },
    { become: true },
  )
  const starts = apim.restarts(site, vars.apim_version, (from, host) => from(manifests, host).manifest.was)
  const repository = vars.svn
  const svnEmptied =
    repository &&
    play('empty the new SVN repository', migration).task('emptied', () => svn.empty({ repository }))

  return [
    ...[manifests, oneRun, intact, supervisors.look],
    restoreThem,
    supervisors.hold,
    ...stops,
    units,
    quiet,
    fence,
    ...[paused, present, restore, scheduled],
    ...[aside, ...shares],
    ...[...starts, back],
    svnEmptied,
  ]
})
