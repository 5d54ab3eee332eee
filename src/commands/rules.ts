import type { Io } from '../model/io.ts'
import type { Schedule } from '../model/schedule.ts'
import type { PlanDocument } from '../plan/document.ts'
import { planGuard } from '../plan/guard.ts'
import { momentOf, noTimeFor } from '../plan/not-after.ts'
import { waveOutlines } from '../plan/outline.ts'
import type { Execution } from './execute.ts'
import type { RunFlags } from './flags.ts'
import { neededRuns } from './needed-runs.ts'
import { pastRuns } from './past-runs.ts'

/** What a run or a resume is held to: the plan that it was begun by, the time that it may not pass. */
export interface HeldTo {
  /** The state directory, whose journals tell how long waves take. */
  readonly state: string
  readonly schedule: Schedule
  readonly flags: Pick<RunFlags, 'notAfter'>
  readonly plan: PlanDocument | undefined
}

/** The rules of a run or a resume. Throws an InputError about the time. */
export async function rulesOf(
  io: Io,
  { state, schedule, flags, plan }: HeldTo,
): Promise<NonNullable<Execution['rules']>> {
  const refuses = plan === undefined ? undefined : planGuard(plan)
  const moment = flags.notAfter === undefined ? undefined : momentOf(flags.notAfter, io.now())
  const past = moment && (await pastRuns(state, schedule.playbook))
  return (so) => ({
    ...(refuses && { refuses }),
    needed: (runs) => neededRuns(state, runs),
    ...(moment && past && { mayNotStart: noTimeFor(waveOutlines(schedule), past, moment, so, io.now) }),
  })
}
