import { hostsText, thingsOf } from '../model/count.ts'
import type { PlannedPart, PlannedTask } from './outline.ts'

/** What a plan comes to, counted; machines and things apart. */
export interface Tally {
  /** `8 hosts, 3 things`. */
  readonly hosts: string
  readonly changes: number
  readonly same: number
  /** Tasks of which nobody knows yet what they come to; `later` counts those of them whose input is not known either. */
  readonly unknown: number
  readonly later: number
  readonly observed: number
  readonly skipped: number
}

/** The tasks of a plan, in its order; what is done once for many hosts stands there once. */
export const plannedTasks = (parts: readonly PlannedPart[]): readonly PlannedTask[] =>
  parts.flatMap((part) => (part.kind === 'wave' ? eachOnce(part.planned) : []))

/** Without the other hosts of what is done once. */
export const eachOnce = (planned: readonly PlannedTask[]): readonly PlannedTask[] =>
  planned.filter(({ once }) => once?.isFirst !== false)

/** Counts a plan. */
export function tally(parts: readonly PlannedPart[]): Tally {
  const waves = parts.filter((part) => part.kind === 'wave')
  const tasks = plannedTasks(parts)
  const count = (...kinds: readonly string[]) =>
    tasks.filter(({ known }) => kinds.includes('expected' in known ? known.expected.kind : known.kind)).length
  return {
    hosts: hostsText(
      waves.flatMap((wave) => wave.hosts),
      thingsOf(waves),
    ),
    changes: count('would-change'),
    same: count('no-change'),
    unknown: count('unknown', 'later'),
    later: count('later'),
    observed: count('observed'),
    skipped: count('skip'),
  }
}

/** The first change that nothing brings back, in the order of waves and tasks; one that is so already counts for nothing. */
export function pointOfNoReturn(parts: readonly PlannedPart[]): PlannedTask | undefined {
  for (const part of parts) {
    if (part.kind !== 'wave') continue
    const never = part.planned.filter(
      ({ known }) => 'back' in known && known.back?.kind === 'never' && known.expected.kind !== 'no-change',
    )
    const names = part.planned.map((task) => task.name)
    const [first] = never.toSorted((a, b) => names.indexOf(a.name) - names.indexOf(b.name))
    if (first !== undefined) return first
  }
  return undefined
}
