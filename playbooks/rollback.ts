import { apim, approve, database, fail, file, play, playbook, skip, svn, via } from 'upgrade-fleet'
import { fleet } from '../inventory/fleet.ts'

/**
 * For the night when controller and journal are gone: takes the fleet back by what the backups' manifests on the targets
 * say, and by nothing else. What the databases hold now is dumped first.
 */
export default playbook('rollback', { fleet, together: () => 'databases' }, (site) => {
  const { migration, vars } = site
  const old = site.all.filter(apim.runsNow)
  const databases = via(migration, vars.databases)

  // Reads only: each manifest, and each backup that it names, whole.
  const manifests = play('read manifests', old, { collect: true }).task('manifest', () =>
    apim.readManifest({ backups: vars.backups }),
  )
  const oneRun = play('one run', migration, { collect: true }).task('same', ({ from }) => {
    const runs = new Set(old.map((host) => from(manifests, host).manifest.run))
    return runs.size === 1
      ? skip('all are of one run')
      : fail(`The newest manifests are of several runs: ${[...runs].join(', ')}`)
  })
  const restoreThem = approve('roll back', ({ from }) => {
    const runs = new Set(from.all(manifests).map(({ results }) => results.manifest.run))
    return `Go back to the backups of run ${[...runs].join(', ')}? What was written since is lost to the users; the databases are dumped as they are first.`
  })

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
  const quiet = play('stop migration homes', migration).each('migration', apim.targets, ({ host, item }) =>
    apim.quiet({ home: apim.migrationHomeOf(host.vars.apim_base, item) }),
  )
  const fence = play('fence', site.all).task('servers gone', ({ from }) =>
    apim.after(
      stops.flatMap((stop) => stop.hosts.map((host) => [from(stop, host).new, from(stop, host).old])),
      apim.fence(null),
    ),
  )

  const present = play('dump what is there', databases).task('dump', ({ host }) =>
    database.dump({ db: host.vars, to: vars.backups, name: 'before-rollback' }),
  )
  const restore = play('restore databases', databases, { restoredBy: [present] }).task(
    'restore',
    ({ host, from }) => {
      const { manifest } = from(manifests, migration)
      const found = manifest.dumps.find((each) => each.database === host.name)
      return found
        ? database.restore({ db: host.vars, dump: found.dump })
        : fail(`The manifest has no dump of ${host.name}`)
    },
  )

  // New homes go aside, so that an upgrade can begin anew; old homes were not touched, and that is proved.
  const aside = play('set new homes aside', site.all).each('home', apim.targets, ({ host, item }) => {
    const home = apim.homeOf(host.vars.apim_base, item)
    return host.vars.apim_home === home ? skip('it is the old home') : file.setAside({ path: home })
  })
  const shared = vars.shared_deployment
  const share =
    shared &&
    play('clear shared directory', site.gateway_managers[0]).task('cleared', () =>
      apim.clearShare({ dir: shared }),
    )
  const intact = play('old homes', old).task('intact', ({ host, from }) => {
    const { home } = from(manifests, host).manifest
    return apim.homeIntact({ home: host.vars.apim_home, file: home.file, volatile: apim.volatile })
  })

  const starts = apim.restarts(site, vars.apim_version, (from, host) => from(manifests, host).manifest.was)
  const repository = vars.svn
  const svnEmptied =
    repository &&
    play('empty the new SVN repository', migration).task('emptied', () => svn.empty({ repository }))

  return [
    manifests,
    oneRun,
    restoreThem,
    ...stops,
    quiet,
    fence,
    present,
    restore,
    aside,
    share,
    intact,
    ...starts,
    svnEmptied,
  ]
})
