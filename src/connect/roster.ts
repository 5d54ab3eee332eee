import type { Endpoint } from '../model/connection.ts'
import { anotherBy, areTwo, kinship, type MachineIdentity } from '../model/machine-identity.ts'

/** What is wrong with the machine that a name means, and what to do about it. */
export interface Misnamed {
  readonly host: string
  readonly problem: string
  readonly next: string
}

/** The machines that names were found to mean. */
export interface Roster {
  /** Takes note of a machine that was connected to; or says why it must not be changed under that name. */
  meet(endpoint: Endpoint, who: MachineIdentity): Misnamed | undefined
  /** Those that were not refused, by name. */
  readonly met: ReadonlyMap<string, MachineIdentity>
}

/**
 * A roster. `known` are the machines that the names meant before (in a run that is gone on with, in a plan), but for those
 * that a person `accepted` as new. Two names must not mean one machine unless the inventory says so, since two tasks would
 * change it side by side; hosts with `ansible_connection: local` say so by that.
 */
export function keepRoster(
  known: ReadonlyMap<string, MachineIdentity>,
  accepted: ReadonlySet<string> = new Set(),
): Roster {
  const met = new Map<string, MachineIdentity>()
  const endpoints = new Map<string, Endpoint>()
  const byMark = new Map<string, string[]>()
  const byRoot = new Map<string, string[]>()
  const rootOf = ({ name, sameMachine = name }: Endpoint) => sameMachine
  return {
    met,
    meet: (endpoint, who) => {
      const { name } = endpoint
      const before = accepted.has(name) ? undefined : known.get(name)
      const by = before && anotherBy(before, who)
      if (by !== undefined)
        return {
          host: name,
          problem: `${name} is another machine than before: ${by}. Either its name means several (DNS, a load balancer), or it was installed anew`,
          next: `If ${name} was installed anew and is to be gone on with: --accept-machine ${name}`,
        }
      const marks = [who.id, who.key].flatMap((mark) => mark ?? [])
      const alike = marks.flatMap((mark) => byMark.get(mark) ?? [])
      for (const other of new Set(alike)) {
        const its = endpoints.get(other)
        const found = met.get(other)
        if (its === undefined || found === undefined || other === name || rootOf(its) === rootOf(endpoint))
          continue
        if (its.kind === 'local' && endpoint.kind === 'local') continue
        const problem = twins(name, who, other, found)
        if (problem !== undefined) return problem
      }
      for (const other of byRoot.get(rootOf(endpoint)) ?? []) {
        const found = met.get(other)
        if (other !== name && found !== undefined && areTwo(found, who))
          return {
            host: name,
            problem: `${name} and ${other} are two machines, and upgrade_fleet_same_machine says that they are one`,
            next: 'Correct upgrade_fleet_same_machine in the inventory.',
          }
      }
      met.set(name, who)
      endpoints.set(name, endpoint)
      note(byRoot, rootOf(endpoint), name)
      for (const mark of marks) note(byMark, mark, name)
      return undefined
    },
  }
}

function note(names: Map<string, string[]>, under: string, name: string): void {
  const before = names.get(under)
  if (before === undefined) names.set(under, [name])
  else if (!before.includes(name)) before.push(name)
}

function twins(
  name: string,
  who: MachineIdentity,
  other: string,
  its: MachineIdentity,
): Misnamed | undefined {
  const kin = kinship(its, who)
  const what = who.id !== undefined && who.id === its.id ? 'machine-id' : 'host key'
  switch (kin) {
    case 'others':
      return undefined
    case 'one':
      return {
        host: name,
        problem: `${name} and ${other} are one machine (the same ${what}): tasks would change it side by side`,
        next: `Leave one of them out; or, if both names are meant, say so in the inventory: upgrade_fleet_same_machine: ${other} for ${name}`,
      }
    case 'copies':
      return {
        host: name,
        problem: `${name} and ${other} have the same ${what} and run side by side: one is a copy of the other`,
        next:
          what === 'machine-id'
            ? `Give ${name} a machine-id of its own: there, as root, rm /etc/machine-id && systemd-machine-id-setup`
            : `Give ${name} host keys of its own: there, as root, rm /etc/ssh/ssh_host_* && ssh-keygen -A`,
      }
    default:
      return kin satisfies never
  }
}
