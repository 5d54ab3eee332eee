import { tasksOf } from '../model/evaluate.ts'
import { type Host, machineOf } from '../model/host.ts'
import { pastOf } from '../model/past.ts'
import { hostsOf, type PlayPhase, playsOf, type Schedule, type TaskAt } from '../model/schedule.ts'
import type { TaskState } from '../model/state.ts'
import { begunTasks, type Known } from './undo.ts'

/** A task that began and was not taken back since. */
export type Begun = { readonly task: TaskAt; readonly state: TaskState }

/** The plays that bring back a play's `restored` changes, in the schedule's order. */
export function pointsOf(schedule: Schedule, phase: PlayPhase): readonly PlayPhase[] {
  const names = phase.play.options.restoredBy?.map((play) => play.name) ?? []
  return playsOf(schedule).filter((one) => names.includes(one.play.name))
}

/** The begun tasks of a play, in order. */
export const begunOf = (known: Known, phase: PlayPhase): readonly Begun[] =>
  hostsOf(phase).flatMap((host) => begunTasks(known, phase, host))

/** The begun changes of a play that only its restore points bring back. */
export const restingOf = (known: Known, phase: PlayPhase): readonly Begun[] =>
  begunOf(known, phase).filter(({ state }) => state.undo === 'restored')

/**
 * Whether bringing back `earlier` on this host makes bringing back `later` there needless. A thing (a database) is one
 * and the same for both; a machine holds many, and what a point of it keeps is not known here, so each is brought back.
 */
export function supersedes(known: Known, earlier: PlayPhase, later: PlayPhase, host: Host): boolean {
  const same = earlier.play.hosts.find((other) => other.name === host.name)
  if (same?.via === undefined || host.via === undefined) return false
  if (machineOf(same).name !== machineOf(host).name) return false
  // Of what was done, not of what is still begun: the answer must be the same after a crash in the middle of a rollback.
  const modules = (phase: PlayPhase) =>
    phase.play.steps.flatMap((step) => {
      const tasks = tasksOf(known.schedule, pastOf(known.state), phase, host, step)
      if ('kind' in tasks) return []
      const states = tasks.map((task) => known.state.tasks.get(task.id))
      return states.flatMap((state) => (state?.undo === 'function' ? [state.module] : []))
    })
  const kept = modules(earlier)
  return kept.length > 0 && modules(later).every((module) => kept.includes(module))
}

/** Whether two plays have a host or thing, or a machine of such, in common. */
export function meet(one: PlayPhase, other: PlayPhase): boolean {
  const names = new Set(one.play.hosts.flatMap((host) => [host.name, machineOf(host).name]))
  return other.play.hosts.some((host) => names.has(host.name) || names.has(machineOf(host).name))
}

/** Why a restore point cannot bring anything back on some host: what it found there was not made by this run. */
export function notOurs(known: Known, point: PlayPhase): string | undefined {
  for (const host of hostsOf(point))
    for (const step of point.play.steps) {
      const id = `${point.play.name}/${host.name}/${step.name}`
      const state = known.state.tasks.get(id)
      // Done by its check alone: nothing was started, so there is neither a module nor anything remembered.
      if (state?.status === 'ok' && state.module === '')
        return `${id} found its work done before this run, so this run has nothing to bring back there`
    }
  return undefined
}
