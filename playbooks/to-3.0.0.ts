import { apim, approve, conclude, playbook, type Site, via, z } from 'upgrade-fleet'
import { fleet } from '../inventory/fleet.ts'

const before = z.enum(['1.10.0', '2.0.0', '2.1.0', '2.2.0', '2.5.0', '2.6.0'])

/**
 * `-e via=2.0.0`: which version comes right before the target; several, in order, with commas (`via=1.10.0,2.6.0`).
 * `-e land=2.6.0`: where the fleet is started besides the target.
 */
export const params = z.object({
  via: z
    .string()
    .transform((list) => list.split(','))
    .pipe(z.array(before))
    .optional(),
  land: z.enum(['2.6.0']).optional(),
})

/** The way of a whole fleet to a version, and nothing of it before preflight is green. */
export function upgrade(site: Site<typeof fleet>, to: apim.Target, wish: apim.Wish = {}) {
  const { migration, vars } = site
  const hops = apim.route(vars.apim_version, to, wish)
  const landings = apim.landings(site, hops)
  const databases = via(migration, vars.databases)

  // Reads only: what stands there, and everything that is missing, told at once.
  const look = apim.looked(site, to)
  const done = conclude('already there', ({ from }) => apim.allAt(site, look, to, from))
  const preflight = apim.preflight(site, hops, landings)
  const together = apim.preflightTogether(site, preflight, look)
  const supervisors = apim.supervisors(site)
  const baseline = apim.baseline(site, databases, look)
  const served = apim.servedBefore(site)
  const works = apim.worksBefore(site)

  // The old fleet still serves while files travel.
  const stage = apim.stage(site, hops)

  // Nobody starts the old servers by himself; everything down and proved down; then backups, each read back in full.
  const stops = apim.stops(site, vars.apim_version, supervisors)
  const fence = apim.fenced(site, stops)
  const schedules = apim.schedulesOff(databases, apim.down(stops))
  const homes = apim.homeBackups(site)
  const repository = apim.svnBackup(site)
  const trees = apim.firstTrees(site, apim.down(stops))

  // Each hop: fence, checkpoint, SQL and clients on the migration host, evidence, gates. A landing starts the whole
  // fleet behind health gates; one that is not the last is stopped again before the next hop.
  const [first, ...others] = apim.walk(site, hops, {
    databases,
    baseline,
    served,
    works,
    supervisors,
    looked: look,
    down: apim.down(stops),
  })
  const manifests = apim.manifests(site, {
    supervisors,
    stops,
    schedules,
    homes,
    databases,
    dumps: first.checkpoint,
    newVersions: landings,
  })
  const wayBack = apim.rehearsal(site, { databases, dumps: first.checkpoint, homes, repository })
  const migrate = approve('migrate', ({ from }) => {
    const count = from.all(homes).length
    return `All servers are down; ${count} homes and ${vars.databases.length} databases are backed up and read back. ${wayBack.said(from)} Migrate to ${to}?`
  })

  return [
    ...[look, done, preflight, together, supervisors.look, baseline, served, works],
    ...stage,
    ...apim.drained(site),
    ...[supervisors.hold, ...stops.map((stop) => stop.play), fence, schedules],
    ...[homes, repository, ...trees],
    ...[...first.before, manifests, ...wayBack.plays, migrate],
    ...first.plays,
    ...others.flatMap((step) => [...step.before, ...step.plays]),
    apim.schedulesOn(databases, schedules),
    apim.releases('give units back', supervisors, 'pointed'),
    ...apim.letIn(site, to),
  ]
}

export default playbook(
  'to-3.0.0',
  { fleet, params, together: () => 'databases' },
  (site, { via: last, land }) =>
    upgrade(site, '3.0.0', { via: last, ...(land !== undefined && { land: [land] }) }),
)
