import { machineOf } from '../model/host.ts'
import { playsOf } from '../model/schedule.ts'
import type { Limit } from './back-limit.ts'
import { type Begun, begunOf, pointsOf, restingOf } from './points.ts'
import type { Known } from './undo.ts'

/** What a rollback to before a cut-over would take from users. */
export interface Loss {
  /** The last cut-over that was reached. */
  readonly gate: string
  /** How many changes of before it are still in place. */
  readonly changes: number
  /** The plays before it whose restore points would be brought back: what was written since they were made is lost. */
  readonly points: readonly string[]
}

/** What taking back (to the end of the play `to`, or everything) of what was done for the machines of a limit, loses; undefined when it does not go back behind a cut-over. */
export function lossOf(known: Known, to: string | undefined, limit: Limit = () => true): Loss | undefined {
  const { schedule, state } = known
  const gate = [...state.cutovers].at(-1)
  if (gate === undefined) return undefined
  const { phases } = schedule
  const end =
    to === undefined ? -1 : phases.findIndex((phase) => phase.kind === 'play' && phase.play.name === to)
  // A gate that the playbook does not give any more stands at its end: all that was done may be in use.
  const found = phases.findIndex((phase) => phase.kind === 'cutover' && phase.name === gate)
  const at = found < 0 ? phases.length : found
  const isIn = ({ task }: Begun) => limit(machineOf(task.host))
  const plays = playsOf(schedule)
  const taken = plays.filter((phase) => phases.indexOf(phase) > end)
  const points = new Set(
    taken.filter((phase) => restingOf(known, phase).some(isIn)).flatMap((phase) => pointsOf(schedule, phase)),
  )
  const behind = plays.filter(
    (phase) => phases.indexOf(phase) < at && (points.has(phase) || taken.includes(phase)),
  )
  const changes = behind.flatMap((phase) => begunOf(known, phase)).filter(isIn).length
  if (changes === 0) return undefined
  return {
    gate,
    changes,
    points: behind.filter((phase) => points.has(phase)).map((phase) => phase.play.name),
  }
}
