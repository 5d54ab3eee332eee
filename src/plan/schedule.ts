import { InputError } from '../model/errors.ts'
import type { Site } from '../model/fleet.ts'
import { hookProblems } from '../model/hook.ts'
import { type Host, machineOf } from '../model/host.ts'
import { isPlay, type Play } from '../model/play.ts'
import type { Part, Playbook } from '../model/playbook.ts'
import type { Phase, Schedule } from '../model/schedule.ts'
import type { Selection } from '../model/selection.ts'
import { splitTogether } from '../model/together.ts'
import { leftOutProblems } from './left-out.ts'
import { partProblems, playProblems } from './problems.ts'
import { selectParts, tagProblems } from './select.ts'
import { wavesOfPlay } from './waves.ts'

/** Which hosts are worked on; a thing is when its machine is. */
export type Limit = (host: Host) => boolean

/**
 * Calls the playbook with the site and makes its phases: plays cut into waves of the hosts within the limit. Throws an
 * {@link InputError} with everything that can be known to be wrong without a connection.
 */
export function schedulePlaybook(
  playbook: Playbook,
  site: Site,
  params: unknown,
  limit: Limit = () => true,
  selection?: Selection,
): Schedule {
  const all = call(playbook, site, params)
  const parts = selection === undefined ? all : selectParts(all, selection)
  const { leavesAsFound = false, together, hooks = [] } = playbook
  const refused = splitTogether(
    together,
    parts.filter(isPlay).flatMap((play) => play.hosts),
    limit,
  )
  if (refused.length > 0)
    throw new InputError(refused, 'Limit to whole fleets (--limit), or leave the limit out.')
  const phases = parts.map((part): Phase => (isPlay(part) ? phaseOf(part, limit) : part))
  const schedule = {
    playbook: playbook.name,
    ...(leavesAsFound && { leavesAsFound }),
    ...(together && { together }),
    ...(hooks.length > 0 && { hooks }),
    phases,
  }
  const left = leftOutProblems(schedule)
  if (left.length > 0)
    throw new InputError(
      left.map((line) => `playbook ${playbook.name}: ${line}`),
      'Nothing was done. Ask for these tasks too, or for fewer.',
    )
  const problems = [
    ...partProblems(parts),
    ...hookProblems(hooks),
    ...tagProblems(all, playbook.tags),
    ...playProblems(schedule, namesOf(site, parts)),
  ]
  if (problems.length > 0)
    throw new InputError(
      problems.map((line) => `playbook ${playbook.name}: ${line}`),
      'Nothing was done. Correct the playbook and run it again.',
    )
  return schedule
}

/** The machines that tasks may be delegated to: those of the site, and those that plays have anyway. */
function namesOf(site: Site, parts: readonly Part[]): ReadonlySet<string> {
  const { all } = site as unknown as { readonly all: readonly Host[] }
  return new Set(
    [...all, ...parts.filter(isPlay).flatMap((play) => play.hosts)].map((host) => machineOf(host).name),
  )
}

function phaseOf(play: Play, limit: Limit): Phase {
  const hosts = play.hosts.filter((host) => limit(machineOf(host)))
  return { kind: 'play', play, waves: wavesOfPlay(play, hosts) }
}

function call(playbook: Playbook, site: Site, params: unknown): readonly Part[] {
  try {
    return playbook
      .plays(site, params)
      .filter((part): part is Part => typeof part === 'object' && part !== null)
  } catch (error) {
    if (error instanceof InputError) throw error
    const why = error instanceof Error ? error.message : String(error)
    throw new InputError(
      `playbook ${playbook.name}: it cannot be called: ${why}`,
      'Correct the playbook and run it again.',
    )
  }
}
