import { evaluate, tasksOf } from '../model/evaluate.ts'
import { type Host, machineOf } from '../model/host.ts'
import { type PlayPhase, playsOf, type Schedule, tasksAndHandlers } from '../model/schedule.ts'
import { fold } from '../model/state.ts'

/**
 * The machines of a schedule that a run of it may change, each once, in order: those with a task that is known to be a change,
 * or of which nobody knows before the run what it will be.
 */
export function changingMachines(schedule: Schedule): readonly Host[] {
  const nothing = fold([])
  const found = new Map<string, Host>()
  const changes = (phase: PlayPhase, host: Host): boolean =>
    tasksAndHandlers(phase.play).some((step) => {
      const tasks = tasksOf(schedule, nothing, phase, host, step)
      if ('kind' in tasks) return true
      return tasks.some((task) => {
        const made = evaluate(schedule, nothing, task)
        return made.kind === 'action' ? made.action.work.kind === 'change' : made.kind === 'later'
      })
    })
  for (const phase of playsOf(schedule))
    for (const host of phase.waves.flat()) {
      const machine = machineOf(host)
      if (!found.has(machine.name) && changes(phase, host)) found.set(machine.name, machine)
    }
  return [...found.values()]
}
