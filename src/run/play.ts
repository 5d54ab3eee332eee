import { seconds } from '../model/duration.ts'
import { tasksOf } from '../model/evaluate.ts'
import type { TaskResult } from '../model/event.ts'
import { type Host, machineOf } from '../model/host.ts'
import { type PlayPhase, tasksAndHandlers } from '../model/schedule.ts'
import { type RunContext, tell } from './context.ts'
import { pause } from './deadline.ts'
import { decide, type RolloutEnd } from './decide.ts'
import { isOver } from './due.ts'
import { after, type Rollout, rolloutOf, rulesOf, type Stage } from './rollout.ts'
import { runWave } from './wave.ts'

/** What came of a play: how its rollout ended, and what came of each host that was worked on. */
export interface PlayEnd {
  /** `late`: `--not-after` keeps the next wave from beginning. */
  readonly end: RolloutEnd | { readonly kind: 'late'; readonly why: string }
  readonly results: ReadonlyMap<string, TaskResult>
}

/**
 * Goes through the waves of a play as `decide` says, from where its hosts stand. `isOut` says which hosts are out of the
 * run, `failedBefore` how many of them there are.
 */
export async function runPlay(
  context: RunContext,
  phase: PlayPhase,
  run: {
    readonly isOut: (host: Host) => boolean
    readonly failedBefore: number
    readonly unsettled: string | undefined
  },
): Promise<PlayEnd> {
  const { play, waves } = phase
  const stages = waves.map((wave) => wave.map((host) => stageOf(context, phase, host, run.isOut)))
  const rules = rulesOf(play.options, waves.flat().length, play.hosts.length, context.forks)
  const results = new Map<string, TaskResult>()
  let rollout: Rollout = rolloutOf({ ...rules, soaks: rules.soaks && !context.check }, stages, {
    hosts: play.hosts.length,
    failedBefore: run.failedBefore,
    interrupted: context.interrupted.aborted,
  })
  for (;;) {
    if (context.interrupted.aborted) rollout = after(rollout, { type: 'interrupted' })
    const decision = decide(rollout)
    const wave = rollout.at + 1
    if (decision.act === 'end') return { end: decision.end, results }
    if (decision.act === 'soak') {
      const wait = seconds(play.options.soak ?? 0)
      tell(context, { type: 'wave.soaking', play: play.name, wave, seconds: wait })
      await pause(wait * 1000, context.interrupted)
      rollout = after(rollout, { type: 'soaked' })
    } else if (decision.act === 'open') {
      const why = context.mayNotStart?.(play.name, wave)
      if (why !== undefined) return { end: { kind: 'late', why }, results }
      tell(context, { type: 'wave.started', play: play.name, wave })
      const of = (stage: Stage) => (waves[wave - 1] ?? []).filter((_, at) => stages[wave - 1]?.[at] === stage)
      const queue = [...of('halfway'), ...of('waiting')]
      rollout = await runWave(
        context,
        phase,
        after(rollout, { type: 'opened' }),
        queue,
        run.unsettled,
        results,
      )
      tell(context, { type: 'wave.ended', play: play.name, wave })
    } else rollout = after(rollout, { type: 'next' })
  }
}

/** How a host stands in a play before this attempt: a resumed run finds some of them done, and some left on their way. */
function stageOf(context: RunContext, phase: PlayPhase, host: Host, isOut: (host: Host) => boolean): Stage {
  if (phase.play.options.collect !== true && isOut(host)) return 'absent'
  if (isOver(context, phase, host)) return 'done'
  const begun = tasksAndHandlers(phase.play).some((step) => {
    const tasks = tasksOf(context.schedule, context.state, phase, host, step)
    if ('kind' in tasks) return false
    const states = tasks.map((task) => context.state.tasks.get(task.id))
    return states.some((state) => state !== undefined && (state.begun || state.status !== 'pending'))
  })
  return begun ? 'halfway' : 'waiting'
}

/** Whether a host failed in an earlier play, or the machine did that it is reached through: it is out for the rest of the run. */
export const isOutOf =
  (out: ReadonlyMap<string, TaskResult>) =>
  (host: Host): boolean =>
    out.has(host.name) || out.has(machineOf(host).name)
