import { stat } from 'node:fs/promises'
import { type KnownRun, listRecords, readRuns } from '../journal/runs.ts'
import { type Past, pastOf } from '../plan/past.ts'

/** More tells nothing new. */
const most = 50
/** Bytes of journals: each is read whole, at some 30 MB a second. */
const mostBytes = 16 * 1024 * 1024

/**
 * What earlier runs of a playbook took, by the latest journals in the state directory: the newest, and as many more as are
 * soon read. One that is damaged hinders nobody.
 */
export async function pastRuns(state: string, playbook: string): Promise<Past> {
  const kept = await listRecords(state).catch(() => [])
  const runs: KnownRun[] = []
  let bytes = 0
  for (const run of kept.slice(-most).toReversed()) {
    const size = await stat(run.folder.journal).then(
      (found) => found.size,
      () => 0,
    )
    bytes += size
    if (bytes > mostBytes && runs.length > 0) break
    runs.push(...(await readRuns([run]).catch(() => [])))
  }
  return pastOf(
    playbook,
    runs.toReversed().map((run) => run.events),
  )
}
