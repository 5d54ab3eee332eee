import { type KeptRun, listRecords, readRuns } from '../journal/runs.ts'
import { fold, type State } from '../model/state.ts'
import { anyBegun } from './known.ts'

/**
 * Which of these runs may still need what they backed up, by the journals here: those that can be resumed or have something to take
 * back and did not end well, the newest that did, and those whose journal cannot be read.
 */
export async function neededRuns(state: string, ids: readonly string[]): Promise<readonly string[]> {
  const kept = await listRecords(state)
  const asked = kept.filter(({ folder }) => ids.includes(folder.id)).toReversed()
  const needed: string[] = []
  let ended = false
  for (const run of asked) {
    const so = await stateOf(kept, run)
    if (so !== undefined && (so === 'unreadable' || (anyBegun(so) && (so.outcome !== 'ok' || !ended))))
      needed.push(run.folder.id)
    if (so !== undefined && so !== 'unreadable' && anyBegun(so) && so.outcome === 'ok') ended = true
  }
  return needed
}

// A run with its rollbacks: what was taken back needs nothing any more.
async function stateOf(kept: readonly KeptRun[], run: KeptRun): Promise<State | 'unreadable' | undefined> {
  const back = kept.filter(({ record }) => record.kind === 'rollback' && record.of === run.folder.id)
  const all = await readRuns([run, ...back]).catch(() => undefined)
  if (all === undefined) return 'unreadable'
  return all.length === 0 ? undefined : fold(all.flatMap(({ events }) => events))
}
