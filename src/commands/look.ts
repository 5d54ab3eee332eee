import type { Io } from '../model/io.ts'
import type { MachineIdentity } from '../model/machine-identity.ts'
import { fold, type State } from '../model/state.ts'
import type { PlanDocument } from '../plan/document.ts'
import { allMachines, changingMachines } from '../plan/machines.ts'
import { outline, type PlannedPart } from '../plan/outline.ts'
import { runSchedule } from '../run/run.ts'
import type { LoginFlags, RunFlags } from './flags.ts'
import { lookingAt } from './looking.ts'
import { neededRuns } from './needed-runs.ts'
import type { Prepared } from './prepare.ts'
import { type Met, worldOf } from './world.ts'

/** What a plan came to: its parts, what was seen (undefined: nobody was asked), and what is wrong. */
export interface Looked {
  readonly parts: readonly PlannedPart[]
  readonly state: State | undefined
  readonly findings: PlanDocument['findings']
  /** The machines that were asked, by name. */
  readonly machines?: ReadonlyMap<string, MachineIdentity>
  /** Whether all that is wrong is that hosts cannot be reached. */
  readonly unreachable: boolean
  /** Whether Ctrl-C ended it before all was seen. */
  readonly interrupted: boolean
}

type Looking = Pick<Prepared, 'schedule' | 'inventory' | 'run' | 'state'>

/** Makes the plan of what was prepared, after everything that can be observed before the first change was, unless offline. */
export async function look(
  io: Io,
  prepared: Looking,
  flags: LoginFlags & Pick<RunFlags, 'forks'> & { readonly offline: boolean },
): Promise<Looked> {
  const { schedule } = prepared
  if (flags.offline) {
    const parts = outline(schedule, fold([]))
    return { parts, state: undefined, findings: [], unreachable: false, interrupted: false }
  }
  const { state, machines, misnamed } = await observe(io, prepared, flags)
  const wrong = [...state.tasks].filter(([, task]) =>
    ['failed', 'unreachable', 'blocked'].includes(task.status),
  )
  // A host that cannot be reached is no mistake of the user's; what only waits for its answer is none either.
  const own = wrong.filter(([, task]) => task.status !== 'blocked')
  return {
    parts: outline(schedule, state, 'what was found is mended'),
    state,
    machines,
    findings: [
      ...misnamed.map(({ host, problem, next }) => ({ task: host, message: `${problem}\n${next}` })),
      ...wrong.map(([task, { message, status }]) => ({ task, message: message ?? status })),
    ],
    unreachable:
      misnamed.length === 0 && own.length > 0 && own.every(([, task]) => task.status === 'unreachable'),
    interrupted: io.interrupted.aborted,
  }
}

interface Observed extends Met {
  readonly state: State
}

/** Everything that can be observed before the first change, over read-only connections: a check run that nobody watches. */
async function observe(
  io: Io,
  { schedule, inventory, run, state: directory }: Looking,
  flags: LoginFlags & Pick<RunFlags, 'forks'>,
): Promise<Observed> {
  const world = worldOf(io, inventory, true, { ...flags, holdKeys: true })
  const state = fold([])
  try {
    await world.foresee(allMachines(schedule).map(({ name }) => name))
    await runSchedule({
      ...lookingAt(io, world, { run, schedule, state, forks: flags.forks }),
      needed: (runs) => neededRuns(directory, runs),
    })
    return { state, ...world.met(changingMachines(schedule).map(({ name }) => name)) }
  } finally {
    await world.close()
  }
}
