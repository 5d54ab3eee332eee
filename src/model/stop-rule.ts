import type { PlayOptions } from './play.ts'

/**
 * How many hosts of a wave must fail before the run stops, by the rule of rolling runs: the smallest number that is more
 * than the play allows. Undefined when no number of failures stops it (it allows all, or it only collects findings).
 */
export function failuresThatStop(
  size: number,
  { maxFailPercentage = 0, anyErrorsFatal = false, collect = false }: PlayOptions,
): number | undefined {
  if (collect || size === 0) return undefined
  if (anyErrorsFatal) return 1
  for (let failed = 1; failed <= size; failed++) if (failed / size > maxFailPercentage / 100) return failed
  return undefined
}
