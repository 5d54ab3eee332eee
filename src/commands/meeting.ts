import { keepRoster, type Misnamed } from '../connect/roster.ts'
import type { Connection } from '../model/connection.ts'
import { ConnectionError, InputError } from '../model/errors.ts'
import { stableText } from '../model/json.ts'
import type { MachineIdentity } from '../model/machine-identity.ts'
import { sanitize } from '../model/sanitize.ts'
import { type RunContext, tell } from '../run/context.ts'

/** The machines of one run, met before anything is changed on them. */
export interface Meeting {
  /** Throws a ConnectionError `another-machine` where a name does not mean the machine that it should. */
  admits(connection: Connection): void
  /** What was refused so far. */
  readonly refused: readonly Misnamed[]
  /** Tells of the machines that were met, and from now on of each that is. */
  tellTo(context: RunContext): void
}

/** Meets machines; `known` are those that the names meant before, but for the hosts that are accepted as new. */
export function meetMachines(
  known: ReadonlyMap<string, MachineIdentity>,
  accepted: readonly string[] = [],
): Meeting {
  const roster = keepRoster(known, new Set(accepted))
  const refused: Misnamed[] = []
  let telling: RunContext | undefined
  const tellOf = (names: Iterable<string>) => {
    if (telling === undefined) return
    const { state } = telling
    const machines = [...names].flatMap((name) => {
      const who = roster.met.get(name)
      const told = stableText({ ...who }) === stableText({ ...state.machines.get(name) })
      return who === undefined || told ? [] : [{ name, ...who }]
    })
    if (machines.length > 0) tell(telling, { type: 'machines.met', machines })
  }
  return {
    refused,
    admits: ({ endpoint, who }) => {
      const found = who()
      const misnamed = found && roster.meet(endpoint, found)
      if (misnamed === undefined) return tellOf([endpoint.name])
      refused.push(misnamed)
      const { host, problem, next } = misnamed
      throw new ConnectionError(host, 'another-machine', `${problem}\n${next}`)
    },
    tellTo: (context) => {
      telling = context
      tellOf(roster.met.keys())
    },
  }
}

/** Names that do not mean the machines that they should. Nothing was changed. */
export class MachinesMisnamed extends InputError {
  constructor(all: readonly Misnamed[]) {
    const steps = [...new Set(all.map(({ next }) => next))].slice(0, 5)
    super(
      [
        'Names of the inventory do not mean the machines that they should; nothing was changed:',
        ...all.map(({ problem }) => `  ${sanitize(problem)}`),
        ...steps.slice(0, -1),
      ],
      steps.at(-1),
    )
  }
}

/** Machines showed host keys that are not theirs. Nobody logged in to them, and nothing was changed. */
export class KeysRefused extends InputError {
  constructor(all: readonly ConnectionError[]) {
    const lines = all.map(({ message }) => message.split('\n'))
    super(
      [
        'Host keys are not the ones that are known; nothing was changed:',
        ...lines.map(([what = '']) => `  ${sanitize(what)}`),
      ],
      lines[0]?.at(-1),
    )
  }
}
