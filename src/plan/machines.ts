import { evaluate, tasksOf } from '../model/evaluate.ts'
import { type Host, machineOf } from '../model/host.ts'
import { type PlayPhase, playsOf, type Schedule, tasksAndHandlers } from '../model/schedule.ts'
import { fold } from '../model/state.ts'

/**
 * The machines of a schedule, each once, in order: those that its plays are on or go through, and those that tasks are
 * delegated to. With `limit`, only what is done for these machines counts.
 */
export function allMachines(
  schedule: Schedule,
  limit: (machine: Host) => boolean = () => true,
): readonly Host[] {
  const all = playsOf(schedule).flatMap((phase) => {
    const hosts = phase.waves.flat().filter((host) => limit(machineOf(host)))
    if (hosts.length === 0) return []
    const others = tasksAndHandlers(phase.play).map(({ options }) => options.delegateTo)
    return [...hosts, ...others.flatMap((other) => (typeof other === 'object' ? [other] : []))]
  })
  return [...new Map(all.map((host) => [machineOf(host).name, machineOf(host)])).values()]
}

/**
 * The machines of a schedule that a run of it may change, each once, in order: those with a task that is known to be a change,
 * or of which nobody knows before the run what it will be. With `limit`, only what is done for these machines counts.
 */
export function changingMachines(
  schedule: Schedule,
  limit: (machine: Host) => boolean = () => true,
): readonly Host[] {
  const nothing = fold([])
  const found = new Map<string, Host>()
  // A task that is delegated changes the machine that it is done over, and not its host's.
  const changedBy = (phase: PlayPhase, host: Host): readonly Host[] =>
    tasksAndHandlers(phase.play).flatMap((step) => {
      const { delegateTo } = step.options
      const usual = [machineOf(host), ...(typeof delegateTo === 'object' ? [machineOf(delegateTo)] : [])]
      const tasks = tasksOf(schedule, nothing, phase, host, step)
      if ('kind' in tasks) return usual
      return tasks.flatMap((task) => {
        const made = evaluate(schedule, nothing, task)
        if (made.kind === 'action') return made.action.work.kind === 'change' ? [made.machine] : []
        return made.kind === 'later' ? usual : []
      })
    })
  for (const phase of playsOf(schedule))
    for (const host of phase.waves.flat().filter((one) => limit(machineOf(one))))
      for (const machine of changedBy(phase, host))
        if (!found.has(machine.name)) found.set(machine.name, machine)
  return [...found.values()]
}
