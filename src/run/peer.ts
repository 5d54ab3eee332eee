import { evaluate, tasksOf } from '../model/evaluate.ts'
import { type Host, machineOf } from '../model/host.ts'
import { hostsOf, type PlayPhase, playsOf, type Schedule, tasksAndHandlers } from '../model/schedule.ts'
import type { State } from '../model/state.ts'

/** The machine of that name among those that the playbook works over: of its hosts and things, and those that tasks are delegated to. */
export function findMachine(
  { schedule, state }: { readonly schedule: Schedule; readonly state: State },
  name: string,
): Host | undefined {
  const isIt = (machine: Host) => machine.name === name
  const plays = playsOf(schedule)
  const found = plays.flatMap(hostsOf).map(machineOf).find(isIt)
  if (found !== undefined) return found
  const delegated = (phase: PlayPhase, host: Host) =>
    tasksAndHandlers(phase.play).flatMap((step) => {
      const { delegateTo } = step.options
      if (typeof delegateTo !== 'function') return delegateTo === undefined ? [] : [machineOf(delegateTo)]
      const tasks = tasksOf(schedule, state, phase, host, step)
      if ('kind' in tasks) return []
      return tasks.flatMap((task) => {
        const made = evaluate(schedule, state, task)
        return made.kind === 'action' ? [made.machine] : []
      })
    })
  return plays.flatMap((phase) => hostsOf(phase).flatMap((host) => delegated(phase, host))).find(isIt)
}
