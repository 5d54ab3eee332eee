import type { Host } from '../model/host.ts'
import { play } from '../model/play.ts'
import type { Part } from '../model/playbook.ts'
import * as artifact from '../modules/artifact.ts'
import type { Node } from './schemas.ts'
import { type ApimSite, artifactsFor } from './site.ts'
import type { Hop } from './versions.ts'

const sideBySide = 4
const mostAsked = 8

/**
 * Packs, clients, drivers and scripts on their hosts; the old fleet still serves. Where hosts may log in to one another
 * (`upgrade_fleet_fan_out`), the first of each group is sent them before, and the others fetch them from it and from each
 * other, a few at a time.
 */
export function stage(site: ApimSite, hops: readonly Hop[]): readonly Part[] {
  const groups = groupsOf(site.all)
  const followers = new Set(groups.flatMap((group) => group.slice(1)))
  const leaders = site.all.filter((host) => !followers.has(host))
  const first = play('stage', leaders).each(
    'artefacts',
    ({ host }) => artifactsFor(site, host, hops),
    ({ host, item }) => artifact.stage({ base: host.vars.apim_base, artifact: item }),
  )
  if (followers.size === 0) return [first]
  const others = play('stage, from host to host', [...followers]).each(
    'artefacts',
    ({ host }) => artifactsFor(site, host, hops),
    ({ host, item }) =>
      artifact.stage({
        base: host.vars.apim_base,
        artifact: item,
        peers: peersFor(host, groups).map((peer) => ({
          name: peer.name,
          path: artifact.stagedPath(peer.vars.apim_base, item),
        })),
      }),
    { throttle: sideBySide },
  )
  return [first, others]
}

type Machine = Host<Node>

function groupsOf(hosts: readonly Machine[]): readonly (readonly Machine[])[] {
  const groups = new Map<string | true, Machine[]>()
  for (const host of hosts) {
    const key = host.vars.upgrade_fleet_fan_out
    if (key === undefined || key === false) continue
    groups.set(key, [...(groups.get(key) ?? []), host])
  }
  return [...groups.values()]
}

/** Who is asked: those that began before this host, the nearest first, so that not all ask the same; the leader has it surely. */
function peersFor(host: Machine, groups: readonly (readonly Machine[])[]): readonly Machine[] {
  const group = groups.find((each) => each.some(({ name }) => name === host.name)) ?? []
  const at = group.findIndex(({ name }) => name === host.name)
  const [leader, ...between] = group.slice(0, at)
  return [...between.toReversed().slice(0, mostAsked - 1), ...(leader === undefined ? [] : [leader])]
}
