import { evaluateGate, tasksOf } from '../model/evaluate.ts'
import type { Outcome, TaskResult } from '../model/event.ts'
import { type Host, machineOf } from '../model/host.ts'
import type { Approval, Conclusion, Cutover } from '../model/playbook.ts'
import type { PlayPhase } from '../model/schedule.ts'
import { isDone } from '../model/state.ts'
import { type RunContext, tell } from './context.ts'
import { decide } from './decide.ts'
import { worse } from './host.ts'
import { type HostEnd, runWave } from './wave.ts'

/** What a run goes on with after a phase. */
type Verdict = { readonly kind: 'on' } | { readonly kind: 'end'; readonly outcome: Outcome }

/**
 * Goes through a schedule from where its state stands: a new run begins with an empty state, a resumed one with that
 * of its journal. Tells everything as events, `run.started` or `run.resumed` and `run.ended` excepted.
 */
export async function runSchedule(context: RunContext): Promise<Outcome> {
  const out = new Map<string, TaskResult>()
  let found = new Map<string, TaskResult>()
  const { phases } = context.schedule
  let unsettled: string | undefined
  for (let at = 0; at < phases.length; at++) {
    const phase = phases[at]
    if (phase === undefined) break
    if (context.interrupted.aborted) return 'interrupted'
    if (phase.kind === 'cutover') {
      await cutOver(context, phase)
      continue
    }
    if (phase.kind !== 'play') {
      const verdict = await gate(context, phase)
      if (verdict.kind === 'end') return verdict.outcome
      continue
    }
    const collecting = phase.play.options.collect === true
    const verdict = await runPlay(context, phase, collecting ? found : out, unsettled)
    if (verdict.kind === 'end') return verdict.outcome
    const following = phases[at + 1]
    const goesOn = collecting && following?.kind === 'play' && following.play.options.collect === true
    if (collecting && !goesOn) {
      if (found.size > 0) return collected(context, phase, found)
      found = new Map()
    }
    unsettled ??= context.check ? firstUnsettled(context, phase) : undefined
  }
  return out.size > 0 ? outcomeOf([...out.values()]) : 'ok'
}

async function runPlay(
  context: RunContext,
  phase: PlayPhase,
  out: Map<string, TaskResult>,
  unsettled: string | undefined,
): Promise<Verdict> {
  const { play, waves } = phase
  const { maxFailPercentage = 0, anyErrorsFatal = false, collect = false } = play.options
  for (const [at, all] of waves.entries()) {
    if (context.interrupted.aborted) return { kind: 'end', outcome: 'interrupted' }
    const hosts = all.filter((host) => collect || !isOut(out, host))
    if (hosts.every((host) => isOver(context, phase, host))) continue
    tell(context, { type: 'wave.started', play: play.name, wave: at + 1 })
    const ends = await runWave(context, phase, hosts, unsettled)
    tell(context, { type: 'wave.ended', play: play.name, wave: at + 1 })
    for (const { host, result } of ends)
      if (result !== 'ok') out.set(host.name, worse(out.get(host.name) ?? 'ok', result))
    if (context.interrupted.aborted) return { kind: 'end', outcome: 'interrupted' }
    const failed = ends.filter((end) => end.result !== 'ok')
    const decision = decide({ size: all.length, failed: failed.length, maxFailPercentage, anyErrorsFatal })
    if (decision === 'go on' || collect) continue
    tell(context, { type: 'stopped', play: play.name, reason: reason(failed, all.length, maxFailPercentage) })
    return { kind: 'end', outcome: outcomeOf(failed.map((end) => end.result)) }
  }
  return { kind: 'on' }
}

async function gate(context: RunContext, phase: Approval | Conclusion): Promise<Verdict> {
  const asked = evaluateGate(context.schedule, context.state, phase)
  if ('kind' in asked && asked.kind === 'wrong') {
    tell(context, { type: 'stopped', play: phase.name, reason: `its function is wrong: ${asked.problem}` })
    return { kind: 'end', outcome: 'failed' }
  }
  const text = 'text' in asked ? asked.text : undefined
  if (phase.kind === 'conclusion') {
    if (text === undefined) return { kind: 'on' }
    tell(context, { type: 'concluded', gate: phase.name, reason: text })
    return { kind: 'end', outcome: 'ok' }
  }
  if (context.check || context.state.approved.has(phase.name)) return { kind: 'on' }
  const question = text ?? phase.name
  const answer = await context.approve(phase.name, question)
  if (!answer.yes) {
    tell(context, { type: 'refused', gate: phase.name, question })
    return { kind: 'end', outcome: 'interrupted' }
  }
  tell(context, { type: 'approved', gate: phase.name, question, by: answer.by })
  await context.ledger.sync()
  return { kind: 'on' }
}

/** On disk before anything after it begins: a crash must not forget that users are served. */
async function cutOver(context: RunContext, { name }: Cutover): Promise<void> {
  if (context.check || context.state.cutovers.has(name)) return
  tell(context, { type: 'cutover', gate: name })
  await context.ledger.sync()
}

/** Whether a resumed run finds everything of a play on a host done. */
const isOver = (context: RunContext, phase: PlayPhase, host: Host): boolean =>
  phase.play.steps.every((step) => {
    const tasks = tasksOf(context.schedule, context.state, phase, host, step)
    return !('kind' in tasks) && tasks.every((task) => isDone(context.state.tasks.get(task.id)))
  })

/** In check mode: the first task of a play of which a later play would find a changed world. */
function firstUnsettled(context: RunContext, phase: PlayPhase): string | undefined {
  const prefix = `${phase.play.name}/`
  for (const [id, task] of context.state.tasks)
    if (id.startsWith(prefix) && ['would-change', 'not-known'].includes(task.status)) return id
  return undefined
}

/** What findings are worth: before the first change they block the run; after it, it has failed. */
function collected(context: RunContext, phase: PlayPhase, found: ReadonlyMap<string, TaskResult>): Outcome {
  const changed = [...context.state.tasks.values()].some((task) => task.begun)
  const results = [...found.values()].filter((result) => result !== 'blocked')
  const unreachable = results.length > 0 && results.every((result) => result === 'unreachable')
  const what = `${found.size} ${found.size === 1 ? 'host has' : 'hosts have'} findings: ${[...found.keys()].join(', ')}`
  const reason = changed ? what : `${what}; nothing was changed`
  tell(context, { type: 'stopped', play: phase.play.name, reason })
  if (unreachable) return 'unreachable'
  return changed ? 'failed' : 'blocked'
}

/** A host that failed in an earlier play is out for the rest of the run, and the things reached through it are. */
const isOut = (out: ReadonlyMap<string, TaskResult>, host: Host): boolean =>
  out.has(host.name) || out.has(machineOf(host).name)

function outcomeOf(results: readonly TaskResult[]): Outcome {
  if (results.includes('unknown')) return 'needs-operator'
  return results.every((result) => result === 'unreachable') ? 'unreachable' : 'failed'
}

function reason(failed: readonly HostEnd[], size: number, allowed: number): string {
  const names = failed.map((end) => `${end.host.name} (${end.result})`).join(', ')
  return `${failed.length} of ${size} hosts of this wave failed, ${allowed} % are allowed to: ${names}`
}
