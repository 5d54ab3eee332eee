import { listRecords, readRuns } from '../journal/runs.ts'
import { type Past, pastOf } from '../plan/past.ts'

/** More tells nothing new, and each journal is read whole. */
const most = 50

/** What earlier runs of a playbook took, by the latest journals in the state directory. One that is damaged hinders nobody. */
export async function pastRuns(state: string, playbook: string): Promise<Past> {
  const kept = await listRecords(state).catch(() => [])
  const runs = await Promise.all(kept.slice(-most).map((run) => readRuns([run]).catch(() => [])))
  return pastOf(
    playbook,
    runs.flat().map((run) => run.events),
  )
}
