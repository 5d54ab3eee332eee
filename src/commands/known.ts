import { type KnownRun, listRuns } from '../journal/runs.ts'
import { InputError } from '../model/errors.ts'
import type { Stamped } from '../model/event.ts'
import { fold, type State } from '../model/state.ts'

/** A run with the rollbacks of it so far, the oldest first. */
export interface RunHistory {
  readonly run: KnownRun
  readonly rollbacks: readonly KnownRun[]
  /** The run's own events, then those of its rollbacks: what its state is folded from. */
  readonly events: readonly Stamped[]
  /** Runs that began after it, the oldest first. */
  readonly later: readonly KnownRun[]
}

/** Whether there is anything to take back. */
export const anyBegun = (so: State): boolean => [...so.tasks.values()].some((task) => task.begun)

/**
 * The run of that id; without one the newest whose own events `wanted` holds for, or the newest of all. A rollback's id stands for
 * the run that it takes back. Throws an InputError when there is none.
 */
export async function findHistory(
  state: string,
  id: string | undefined,
  wanted: (so: State) => boolean = () => true,
): Promise<RunHistory> {
  const all = await listRuns(state)
  const runs = all.filter((one) => one.record.kind === 'run')
  const historyOf = (run: KnownRun): RunHistory => {
    const rollbacks = all.filter((one) => one.record.of === run.folder.id)
    const later = runs.slice(runs.indexOf(run) + 1)
    return { run, rollbacks, events: [run, ...rollbacks].flatMap((one) => one.events), later }
  }
  const named =
    id === undefined
      ? (runs.findLast((one) => wanted(fold(one.events))) ?? runs.at(-1))
      : all.find((one) => one.folder.id === id)
  const run = named?.record.of === undefined ? named : all.find((one) => one.folder.id === named.record.of)
  if (run === undefined) {
    const known = all.map((one) => one.folder.id).slice(-5)
    throw new InputError(
      id === undefined ? `There is no run in ${state}.` : `There is no run "${id}" in ${state}.`,
      known.length > 0
        ? `The latest are: ${known.join(', ')}`
        : 'Runs are kept in --state, by default .upgrade-fleet here.',
    )
  }
  return historyOf(run)
}
