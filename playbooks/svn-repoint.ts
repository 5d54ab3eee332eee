import { apim, fail, play, playbook, skip, svn, xml } from 'upgrade-fleet'
import { fleet } from '../inventory/fleet.ts'

/**
 * Takes a fleet that serves with SVN from `svn.old_url` to the clean repository `svn.url`, without an upgrade: gateways down, no
 * `.svn` left, the address changed, the manager commits first, each worker proved against it. Rollback brings all of it back.
 */
export default playbook('svn-repoint', { fleet, together: () => 'svn' }, (site) => {
  const { migration, vars } = site
  const repository = vars.svn
  if (repository === undefined)
    return [
      play('SVN', migration).task('there', () => fail('The inventory names no svn: nothing to repoint')),
    ]
  const gateways = apim
    .startOrder(site, vars.apim_version)
    .map(({ role, hosts }) => ({
      role,
      hosts: hosts.filter(apim.runsNow).filter((host) => apim.isGateway(site, host)),
    }))
    .filter(({ hosts }) => hosts.length > 0)
  const hosts = gateways.flatMap((rank) => rank.hosts)
  const serverOf = (host: (typeof hosts)[number]) =>
    apim.oldServer(host, apim.roleOf(site, host) ?? 'gateway-worker', vars.apim_version)

  // Reads only: the fleet is well, on the old repository, and the new one is clean.
  const look = play('look', hosts, { collect: true })
    .task('serves', ({ host }) => apim.serves({ server: serverOf(host) }))
    .task('configuration', ({ host }) =>
      apim.agrees({
        home: host.vars.apim_home,
        svn: repository.old_url,
        keystorePassword: vars.keystores.password !== undefined,
      }),
    )
    .task('secure vault', ({ host }) =>
      apim.vault({
        home: host.vars.apim_home,
        javaHome: host.vars.java_home,
        keystore: vars.keystores.file,
        told: host.vars.apim_vault_password,
      }),
    )
    .task('supervisor', ({ host }) => apim.supervised({ home: host.vars.apim_home }))
    .task('APIs', ({ host }) => apim.served({ server: serverOf(host) }))
  const clean = play('clean repository', migration, { collect: true }).task('clean', () =>
    svn.clean({ repository }),
  )

  // Workers first: a manager that loses its tree while they run would take their APIs away.
  const stops = gateways.toReversed().map(({ role, hosts: of }) =>
    play(`stop ${role}`, of)
      .task(
        'by its supervisor',
        ({ host, from }) => {
          const { manager } = from(look, host).supervisor
          return manager ? apim.stopThrough({ server: serverOf(host), manager }) : skip('it runs under none')
        },
        { become: true },
      )
      .task('stop', ({ host }) => apim.stop({ server: serverOf(host) })),
  )
  const copies = play('no .svn', hosts)
    .task('detached', ({ host, from }) =>
      apim.after(
        stops.flatMap((stop) => stop.hosts.map((each) => from(stop, each).stop)),
        // What was not committed is in the tree, which the manager commits whole.
        svn.detach({ trees: apim.copyRoots(host.vars.apim_home), modified: 'anyway' }),
      ),
    )
    .task('none left', ({ host, detached }) =>
      apim.after(detached, svn.none({ trees: apim.copyRoots(host.vars.apim_home) })),
    )
  const repoint = play('repoint', hosts).task('carbon.xml', ({ host }) =>
    xml({
      path: `${host.vars.apim_home}/repository/conf/carbon.xml`,
      edits: [{ at: 'DeploymentSynchronizer/SvnUrl', text: repository.url }],
    }),
  )
  const claim = play('take the repository', migration).task('claimed', () => svn.claim({ repository }))

  // One after the other: the manager commits, and no worker starts before its commit is proved.
  const starts = gateways.map(({ role, hosts: of }) => {
    const stop = stops.find(({ name }) => name === `stop ${role}`)
    return play(`start ${role}`, of, { serial: 1, anyErrorsFatal: true })
      .task(
        'by its supervisor',
        ({ host, from }) => {
          const manager = stop && apim.ran(from, stop, host)?.by
          return manager ? apim.startThrough({ server: serverOf(host), manager }) : skip('it ran under none')
        },
        { become: true },
      )
      .task('start', ({ host, from }) => {
        const was = stop && apim.ran(from, stop, host)
        return was
          ? apim.start({ server: { ...serverOf(host), ...apim.asRan(was) } })
          : fail('it did not run before')
      })
      .task('healthy', ({ host, start }) => apim.healthy({ server: serverOf(host), since: start.since }))
      .task('APIs', ({ host, from, healthy }) =>
        apim.after(healthy, apim.stillServed({ server: serverOf(host), paths: from(look, host).APIs.paths })),
      )
      .task(
        'synchronized',
        ({ host, APIs }) =>
          apim.after(
            APIs,
            apim.synchronized({
              repository,
              gateway: host.name,
              home: host.vars.apim_home,
              seconds: host.vars.apim_health.answer,
            }),
          ),
        { delegateTo: migration },
      )
  })

  return [look, clean, ...stops, copies, repoint, claim, ...starts]
})
