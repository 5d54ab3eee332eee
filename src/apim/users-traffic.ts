import type { Host } from '../model/host.ts'
import { play } from '../model/play.ts'
import { approve, cutover, type Part } from '../model/playbook.ts'
import * as traffic from '../modules/traffic.ts'
import { type Node, runsNow } from './schemas.ts'
import type { ApimSite } from './site.ts'
import type { Version } from './versions.ts'
import { serving } from './walk.ts'

const hooked = (hosts: readonly Host<Node>[]) =>
  hosts.flatMap((host) => {
    const hook = host.vars.apim_traffic
    return hook === undefined ? [] : [{ host, hook: hookOf(hook) }]
  })

function hookOf(hook: NonNullable<Node['apim_traffic']>): traffic.Hook {
  if (hook.kind === 'haproxy') return hook
  const { kind, out, in: back, quiet } = hook
  return { kind, out: { argv: out }, in: { argv: back }, ...(quiet && { quiet }) }
}

/** The hosts that serve now and have a hook, out of the traffic before anything is stopped. Undone, once the old servers are healthy, they are back in. */
export function drained(site: ApimSite): readonly Part[] {
  const all = hooked(site.all.filter(runsNow))
  if (all.length === 0) return []
  return [
    play(
      'out of the traffic',
      all.map(({ host }) => host),
    ).task('out', ({ host }) => traffic.out({ hook: of(all, host) })),
  ]
}

/**
 * Users let in to the new fleet, where a host has a hook: after a yes, and after the cut-over is on disk. From there a rollback
 * asks for the run's id, and takes the hosts out first. The fleet is asked once more when all are in.
 */
export function letIn(site: ApimSite, version: Version): readonly Part[] {
  const all = hooked(site.all)
  if (all.length === 0) return []
  const into = play(
    'into the traffic',
    all.map(({ host }) => host),
    { anyErrorsFatal: true },
  ).task('in', ({ host }) => traffic.in({ hook: of(all, host) }))
  return [
    approve(
      'let users in',
      () =>
        `All servers of ${version} are healthy. Let users in? After that going back loses what they write.`,
    ),
    cutover(`users are served by ${version}`),
    into,
    ...serving(site, version, (from) => all.map(({ host }) => from(into, host).in)),
  ]
}

function of(all: ReturnType<typeof hooked>, host: Host): traffic.Hook {
  const found = all.find((each) => each.host.name === host.name)
  if (found === undefined) throw new RangeError(`${host.name} has no hook.`)
  return found.hook
}
