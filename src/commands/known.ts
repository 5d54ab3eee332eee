import { type KeptRun, type KnownRun, listRecords, readRuns } from '../journal/runs.ts'
import { InputError } from '../model/errors.ts'
import type { Stamped } from '../model/event.ts'
import { didYouMean } from '../model/nearest.ts'
import { fold, type State } from '../model/state.ts'

/** A run with the rollbacks of it so far, the oldest first. */
export interface RunHistory {
  readonly run: KnownRun
  readonly rollbacks: readonly KnownRun[]
  /** The run's own events, then those of its rollbacks: what its state is folded from. */
  readonly events: readonly Stamped[]
  /** Runs that began after it, the newest first, and whether they changed anything; empty for a run that was named. */
  readonly later: readonly { readonly id: string; readonly changed: boolean }[]
}

/** Whether there is anything to take back. */
export const anyBegun = (so: State): boolean => [...so.tasks.values()].some((task) => task.begun)

/**
 * The run of that id; without one the newest whose own events `wanted` holds for, or the newest of all. A rollback's id stands for
 * the run that it takes back. Journals are read one after the other, and none that is older: another that is damaged is no
 * hindrance. Throws an InputError when there is none.
 */
export async function findHistory(
  state: string,
  id: string | undefined,
  wanted: (so: State, run: KnownRun) => boolean = () => true,
): Promise<RunHistory> {
  const kept = await listRecords(state)
  const named = id === undefined ? undefined : keptRun(state, kept, id)
  const found = named === undefined ? await newest(kept, wanted) : { run: await readOne(named), later: [] }
  const { run, later } = found ?? {}
  if (run === undefined || later === undefined)
    throw named === undefined ? noRun(state, kept, id) : notBegun(named)
  const rollbacks = await readRuns(rollbacksOf(kept, run))
  return { run, rollbacks, events: [run, ...rollbacks].flatMap((one) => one.events), later }
}

const readOne = async (run: KeptRun): Promise<KnownRun | undefined> => (await readRuns([run]))[0]

async function newest(
  kept: readonly KeptRun[],
  wanted: (so: State, run: KnownRun) => boolean,
): Promise<Pick<RunHistory, 'run' | 'later'> | undefined> {
  let latest: KnownRun | undefined
  const later: RunHistory['later'][number][] = []
  for (const one of kept.filter(({ record }) => record.kind === 'run').toReversed()) {
    const run = await readOne(one)
    if (run === undefined) continue
    const so = fold(run.events)
    if (wanted(so, run)) return { run, later }
    latest ??= run
    later.push({ id: run.folder.id, changed: anyBegun(so) })
  }
  return latest && { run: latest, later: [] }
}

/** The run of that id, or the newest; a rollback's id stands for the run that it takes back. Throws an InputError when there is none. */
export function keptRun(state: string, kept: readonly KeptRun[], id: string | undefined): KeptRun {
  const found =
    id === undefined
      ? kept.findLast((one) => one.record.kind === 'run')
      : kept.find((one) => one.folder.id === id)
  const of = found?.record.of
  const run = of === undefined ? found : kept.find((one) => one.folder.id === of)
  if (run === undefined) throw noRun(state, kept, id)
  return run
}

/** The rollbacks of a run, the oldest first. */
export const rollbacksOf = (kept: readonly KeptRun[], run: KeptRun): readonly KeptRun[] =>
  kept.filter((one) => one.record.of === run.folder.id)

const notBegun = ({ folder, record }: KeptRun): InputError =>
  new InputError(
    `The run ${folder.id} was not begun: its journal is not there.`,
    `Run its playbook: upgrade-fleet ${record.playbook}`,
  )

function noRun(state: string, kept: readonly KeptRun[], id: string | undefined): InputError {
  const known = kept.map((one) => one.folder.id)
  return new InputError(
    id === undefined
      ? `There is no run in ${state}.`
      : `There is no run "${id}" in ${state}${didYouMean(id, known)}`,
    known.length > 0
      ? `The latest are: ${known.slice(-5).join(', ')}`
      : 'Runs are kept in --state, by default .upgrade-fleet here.',
  )
}
