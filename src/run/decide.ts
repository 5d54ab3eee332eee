/** A wave as the stop rule sees it. Failed counts hosts that failed, whose outcome is unknown, and that are unreachable. */
export interface WaveCount {
  readonly size: number
  readonly failed: number
  readonly maxFailPercentage: number
  readonly anyErrorsFatal: boolean
}

/** What the rule says: go on, let this wave end and start no other, or stop the hosts of this wave too at their next task. */
export type Decision = 'go on' | 'stop after this wave' | 'stop now'

/** The stop rule of a rolling run, the only one: more of a wave failed than is allowed. */
export function decide(wave: WaveCount): Decision {
  if (wave.failed === 0) return 'go on'
  if (wave.anyErrorsFatal) return 'stop now'
  return wave.failed / wave.size > wave.maxFailPercentage / 100 ? 'stop after this wave' : 'go on'
}
