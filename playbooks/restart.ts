import { apim, fail, play, playbook, skip, z } from 'upgrade-fleet'
import { fleet } from '../inventory/fleet.ts'

/** `-e at=3.0.0`: the version that serves now, where it is not the one that the inventory says. */
const params = z.object({ at: z.enum(apim.versions).optional() })

/** Restarts servers one after the other in their start order, each with the flags it ran with; any hosts: `--limit gateway_workers`. */
export default playbook('restart', { fleet, params, leavesAsFound: true }, (site, { at }) => {
  const version = at ?? site.vars.apim_version
  const ranks = apim.startOrder(site, version)

  // A server that was sick before is not blamed on the restart, and none is stopped that would not be started again.
  const before = ranks.map(({ role, hosts }) =>
    play(`look at ${role}`, hosts, { collect: true })
      .task('serves', ({ host }) => apim.serves({ server: apim.serverAt(site, host, role, version) }))
      .task('APIs', ({ host }) =>
        apim.isGateway(site, host)
          ? apim.served({ server: apim.serverAt(site, host, role, version) })
          : skip('it is no gateway'),
      )
      .task('supervisor', ({ host }) =>
        apim.supervised({ home: apim.serverAt(site, host, role, version).home }),
      ),
  )

  const restarts = ranks.map(({ role, hosts }, rank) =>
    play(`restart ${role}`, hosts, { serial: 1, anyErrorsFatal: true })
      // A unit takes the end of a server that it did not stop for a failure.
      .task(
        'supervisor stops',
        ({ host, from }) => {
          const manager = before[rank] && from(before[rank], host).supervisor.manager
          return manager
            ? apim.stopThrough({ server: apim.serverAt(site, host, role, version), manager })
            : skip('it runs under none')
        },
        { become: true },
      )
      .task('stop', ({ host }) => apim.stop({ server: apim.serverAt(site, host, role, version) }))
      .task(
        'supervisor starts',
        ({ host, 'supervisor stops': stopped }) =>
          stopped?.was?.by
            ? apim.startThrough({
                server: apim.serverAt(site, host, role, version),
                manager: stopped.was.by,
              })
            : skip('it ran under none'),
        { become: true },
      )
      .task('start', ({ host, stop, 'supervisor stops': stopped }) => {
        const was = stopped?.was ?? stop.was
        return was === null
          ? fail(`${role} on ${host.name} did not run`)
          : apim.start({ server: { ...apim.serverAt(site, host, role, version), ...apim.asRan(was) } })
      })
      .task('healthy', ({ host, start }) =>
        apim.healthy({ server: apim.serverAt(site, host, role, version), since: start.since }),
      )
      .task('APIs', ({ host, from, healthy }) => {
        const served = before[rank] && from(before[rank], host).APIs
        return served === undefined
          ? skip('it is no gateway')
          : apim.after(
              healthy,
              apim.stillServed({
                server: apim.serverAt(site, host, role, version),
                paths: served.paths,
              }),
            )
      }),
  )

  return [...before, ...restarts]
})
