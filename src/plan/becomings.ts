import { accountOf } from '../model/account.ts'
import type { Account } from '../model/connection.ts'
import { evaluate, tasksOf } from '../model/evaluate.ts'
import { type Host, machineOf } from '../model/host.ts'
import { playsOf, type Schedule, tasksAndHandlers } from '../model/schedule.ts'
import { fold } from '../model/state.ts'

/**
 * The accounts that a schedule wants on each machine, as its playbook says them. A task whose machine only the run will know
 * counts for its host's.
 */
export function becomings(schedule: Schedule): ReadonlyMap<Host, readonly Account[]> {
  const state = fold([])
  const found = new Map<string, { machine: Host; accounts: Map<string, Account> }>()
  const add = (machine: Host, account: Account) => {
    const known = found.get(machine.name) ?? { machine, accounts: new Map() }
    found.set(machine.name, known)
    known.accounts.set(JSON.stringify(account), account)
  }
  for (const phase of playsOf(schedule))
    for (const host of phase.waves.flat()) {
      // Locks and looking around are of the machine's own account.
      add(machineOf(host), {})
      for (const step of tasksAndHandlers(phase.play)) {
        const account = accountOf(phase.play, step)
        const tasks = tasksOf(schedule, state, phase, host, step)
        const made = 'kind' in tasks ? [] : tasks.map((task) => evaluate(schedule, state, task))
        const machines = made.flatMap((one) => (one.kind === 'action' ? [one.machine] : []))
        for (const machine of machines.length > 0 ? machines : [machineOf(host)]) add(machine, account)
      }
    }
  return new Map([...found.values()].map(({ machine, accounts }) => [machine, [...accounts.values()]]))
}
