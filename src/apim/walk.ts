import { InputError } from '../model/errors.ts'
import type { Host } from '../model/host.ts'
import { type From, play } from '../model/play.ts'
import type { Part } from '../model/playbook.ts'
import { environmentHome, otherEnvironments, ownOfEnvironments } from './environments.ts'
import { after } from './fence.ts'
import { serves } from './health.ts'
import { type HopPlays, named } from './hops/common.ts'
import { hopPlays } from './hops/index.ts'
import { landing } from './landing.ts'
import { refuseClashes } from './machines.ts'
import { type Role, startOrder } from './roles.ts'
import { type Node, runsNow } from './schemas.ts'
import { migrationHomeOf, newServer, oldServer, type Server } from './server.ts'
import { type ApimSite, artifactsFor, bundlePath, type HopSite, landings } from './site.ts'
import { bundle } from './trees.ts'
import type { Hop, Version } from './versions.ts'

/** One hop of the way with all that belongs to it: what must hold before, its restore point, and its plays, the landing's too. */
export type Step = {
  readonly hop: Hop
  readonly before: readonly Part[]
  readonly checkpoint: HopPlays['dumps']
  readonly plays: readonly Part[]
}

/** The whole way: each hop with its gates, the fleet landed where it must be, and stopped again where the way goes on. */
export function walk(
  site: ApimSite,
  hops: readonly Hop[],
  at: Omit<HopSite, 'site'>,
): readonly [Step, ...Step[]] {
  // What is missing from the list of artefacts is told at once, before anything is made of it.
  artifactsFor(site, site.migration, hops)
  const landed = landings(site, hops)
  refuseClashes(site, landed)
  const steps: Step[] = []
  let down = at.down
  for (const hop of hops) {
    const { fences, dumps, plays, proved } = hopPlays(hop, { ...at, site, down })
    const last = hop === hops.at(-1)
    const { apim_base: base } = site.migration.vars
    const bundled = play(`${hop.to}: trees`, site.migration).task('bundle', ({ from }) =>
      after(proved(from), bundle({ home: migrationHomeOf(base, hop.to), file: bundlePath(base, hop.to) })),
    )
    const ofOthers = otherEnvironments(site).map((environment) => {
      const { suffix } = environment
      const made = play(`${hop.to}: trees${named(environment)}`, site.migration).task('bundle', ({ from }) =>
        after(
          proved(from),
          bundle({
            home: environmentHome(site, hop.to, environment),
            file: bundlePath(base, hop.to, suffix),
            only: ownOfEnvironments,
          }),
        ),
      )
      return { environment, made }
    })
    const land = landed.includes(hop.to) ? landing(site, hop.to, { bundled, ofOthers }, at, last) : undefined
    const landPlays = land ? [...land.homes, ...land.starts, ...(last ? [] : land.leaving)] : []
    steps.push({
      hop,
      before: [...fences, dumps],
      checkpoint: dumps,
      plays: [...plays, bundled, ...ofOthers.map(({ made }) => made), ...landPlays],
    })
    if (land !== undefined) down = land.down
  }
  const [first, ...rest] = steps
  if (first === undefined)
    throw new InputError(
      `The inventory says apim_version "${site.vars.apim_version}", which is where this way ends: there is nothing to do.`,
      'Ask whether it is so: upgrade-fleet playbooks/verify.ts -e at=VERSION',
    )
  return [first, ...rest]
}

/** The server that a host has at a version: in the home that serves now, or in the one that the upgrade made. */
export function serverAt(site: ApimSite, host: Host<Node>, role: Role, version: string): Server {
  return runsNow(host) && version === site.vars.apim_version
    ? oldServer(host, role, version)
    : newServer(host, role, version)
}

/** The fleet at a version, asked once more from each host: exactly one server, which answers for its role. */
export function serving(
  site: ApimSite,
  version: Version,
  seen: (from: From) => unknown = () => undefined,
): readonly Part[] {
  return startOrder(site, version).map(({ role, hosts }) =>
    play(`verify ${role}`, hosts, { collect: true }).task('serves', ({ host, from }) =>
      after(seen(from), serves({ server: serverAt(site, host, role, version) })),
    ),
  )
}
