import type { TaskResult } from '../model/event.ts'
import type { RolloutEnd } from './decide.ts'

type Stopped = Extract<RolloutEnd, { kind: 'stopped' }>

/** Why a rollout was stopped, for a person: which rule, with what numbers, and which hosts of the play ended how. */
export function reasonText({ breach }: Stopped, results: ReadonlyMap<string, TaskResult>): string {
  const named = (which: (result: TaskResult) => boolean) =>
    [...results].filter(([, result]) => which(result)).map(([host, result]) => `${host} (${result})`)
  const failed = named((result) => result !== 'ok' && result !== 'cancelled')
  const stopped = [...results].filter(([, result]) => result === 'cancelled').map(([host]) => host)
  const names = [
    ...(failed.length > 0 ? [`: ${failed.join(', ')}`] : []),
    ...(stopped.length > 0 ? [`; stopped on their way: ${stopped.join(', ')}`] : []),
  ]
  return [ruleText(breach), ...names].join('')
}

function ruleText(breach: Stopped['breach']): string {
  switch (breach.rule) {
    case 'maxFailPercentage':
      return `${breach.failed} of ${breach.of} hosts of this wave failed, ${breach.allowed} % are allowed to`
    case 'anyErrorsFatal':
      return `${breach.failed} of ${breach.of} hosts of this wave failed, and any error is fatal`
    case 'canary':
      return `${breach.failed} of ${breach.of} canary hosts failed`
    case 'all failed':
      return 'no host of this wave ended well'
    case 'maxFailures':
      return `${breach.failed} failed in this ${breach.scope}, ${breach.allowed} may`
    case 'minHealthy':
      return `${breach.inService} hosts of this play are in service, and ${breach.least} must be (minHealthy): no other can be worked on`
    default:
      return breach satisfies never
  }
}
