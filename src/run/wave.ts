import type { TaskResult } from '../model/event.ts'
import type { Host } from '../model/host.ts'
import type { PlayPhase } from '../model/schedule.ts'
import type { RunContext } from './context.ts'
import { allEnded } from './deadline.ts'
import { decide } from './decide.ts'
import { runHost } from './host.ts'

/** The worst that came of a host in a wave; `ok` when all its tasks are done. */
export type HostEnd = { readonly host: Host; readonly result: TaskResult }

/** Works on the hosts of one wave side by side, `forks` at a time, and says what came of each. */
export async function runWave(
  context: RunContext,
  phase: PlayPhase,
  hosts: readonly Host[],
  unsettled: string | undefined,
): Promise<readonly HostEnd[]> {
  const { maxFailPercentage = 0, anyErrorsFatal = false } = phase.play.options
  const ends: HostEnd[] = []
  let halted = false
  const next = hosts[Symbol.iterator]()
  const worker = async (): Promise<void> => {
    for (const host of next) {
      const result = await runHost(context, phase, host, unsettled, async () => !halted)
      ends.push({ host, result })
      const failed = ends.filter((end) => end.result !== 'ok').length
      halted ||= decide({ size: hosts.length, failed, maxFailPercentage, anyErrorsFatal }) === 'stop now'
    }
  }
  // When the journal fails, every host learns it at its next entry. What is under way by then is let to its end first.
  await allEnded(Array.from({ length: Math.min(context.forks, hosts.length) }, worker))
  return ends
}
