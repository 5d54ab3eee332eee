import { everywhere } from '../model/evaluate.ts'
import { type Host, machineOf } from '../model/host.ts'
import { hostsOf, playsOf } from '../model/schedule.ts'
import { splitTogether } from '../model/together.ts'
import { begunOf, pointsOf, restingOf } from './points.ts'
import type { Known } from './undo.ts'

/** Which machines a rollback is limited to. */
export type Limit = (machine: Host) => boolean

/**
 * Why only what was done for some machines must not be taken back (to the end of the play `to`, or all of it), one line for
 * each thing that binds them to others; empty when nothing does. What was delegated belongs to the host in its id.
 */
export function refuseLimited(known: Known, limit: Limit, to?: string): readonly string[] {
  const { schedule } = known
  const plays = playsOf(schedule)
  const taken = plays.slice(to === undefined ? 0 : plays.findIndex((phase) => phase.play.name === to) + 1)
  const isIn = (host: Host) => limit(machineOf(host))
  const split = splitTogether(schedule.together, plays.flatMap(hostsOf), limit)
  if (!taken.some((phase) => begunOf(known, phase).some(({ task }) => isIn(task.host))))
    return [...split, 'nothing that this run did for these hosts is left to be taken back']
  const shared = taken
    .flatMap((phase) => begunOf(known, phase))
    .filter(({ task }) => isIn(task.host) && task.step.options.runOnce !== undefined)
    .flatMap(({ task }) => {
      const others = everywhere(task).flatMap(({ host }) => (isIn(host) ? [] : [host.name]))
      return others.length === 0 ? [] : [`${task.id} was done once for all, for ${others.join(', ')} too`]
    })
  const resting = taken.filter((phase) => restingOf(known, phase).some(({ task }) => isIn(task.host)))
  const points = new Set(resting.flatMap((phase) => pointsOf(schedule, phase)))
  const bound = [...points].flatMap((point) => {
    const kept = begunOf(known, point)
    const covered = plays
      .filter((phase) => pointsOf(schedule, phase).includes(point))
      .flatMap((phase) => restingOf(known, phase))
    const out = (begun: typeof kept) =>
      names(begun.map(({ task }) => task.host).filter((host) => !isIn(host)))
    const who = names(covered.map(({ task }) => task.host).filter(isIn))
    const line = (what: string) => `${who} can be brought back by "${point.play.name}" alone, ${what}`
    return [
      ...(out(kept) === '' ? [] : [line(`which lies on ${out(kept)}`)]),
      ...(out(covered) === '' ? [] : [line(`which would bring back ${out(covered)} too`)]),
    ]
  })
  return [...split, ...shared, ...bound]
}

const names = (hosts: readonly Host[]): string => [...new Set(hosts.map((host) => host.name))].join(', ')
