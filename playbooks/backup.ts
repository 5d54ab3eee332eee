import { apim, database, play, playbook, via } from 'upgrade-fleet'
import { fleet } from '../inventory/fleet.ts'

/** Backs up a fleet of 1.x, 2.0.0 or 2.6.0 as a whole: a backup is only worth something if all of it is of one moment. */
export default playbook('backup', { fleet, together: () => 'databases', leavesAsFound: true }, (site) => {
  const { migration, vars } = site
  const databases = via(migration, vars.databases)

  const supervisors = apim.supervisors(site)
  const stops = apim.stops(site, vars.apim_version, supervisors)
  const fence = apim.fenced(site, stops)
  const quiet = play('fence databases', databases).task('nobody connected', ({ host, from }) =>
    apim.after(apim.down(stops)(from), database.fenced({ db: host.vars })),
  )

  const schedules = apim.schedulesOff(databases, apim.down(stops))
  const hosts = site.all.map(({ name }) => name)
  const dumps = play('dump databases', databases)
    .task('nobody else', ({ host, from }) =>
      apim.after(from(schedules, host).paused, apim.alone({ hosts, databases: [host.vars] })),
    )
    .task('dump', ({ host }) =>
      database.dump({ db: host.vars, to: apim.backupsOf(site, migration), name: 'backup' }),
    )
  const homes = apim.homeBackups(site)
  const repository = apim.svnBackup(site)
  const manifests = apim.manifests(site, {
    supervisors,
    stops,
    schedules,
    homes,
    databases,
    dumps,
    newVersions: [],
  })

  // Only what ran before is started again, with the flags it ran with.
  const starts = apim.restarts(site, vars.apim_version, (from, host, role) => {
    const stopped = stops.find((stop) => stop.role === role)
    return stopped && apim.ran(from, stopped.play, host)
  })

  return [
    ...[supervisors.look, supervisors.hold, ...stops.map((stop) => stop.play)],
    ...[fence, quiet, schedules, dumps, homes, repository, manifests],
    ...[apim.schedulesOn(databases, schedules), ...starts],
    apim.releases('give supervisors back', supervisors, 'all'),
  ]
})
