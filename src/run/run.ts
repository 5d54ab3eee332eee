import { evaluateGate } from '../model/evaluate.ts'
import type { Outcome, TaskResult } from '../model/event.ts'
import type { Approval, Conclusion, Cutover } from '../model/playbook.ts'
import type { PlayPhase } from '../model/schedule.ts'
import { type RunContext, tell } from './context.ts'
import { tellDue } from './due.ts'
import { worse } from './host.ts'
import { isOutOf, runPlay } from './play.ts'
import { reasonText } from './reason.ts'

/** What a run goes on with after a phase. */
type Verdict = { readonly kind: 'on' } | { readonly kind: 'end'; readonly outcome: Outcome }

/**
 * Goes through a schedule from where its state stands: a new run begins with an empty state, a resumed one with that
 * of its journal. Tells everything as events, `run.started` or `run.resumed` and `run.ended` excepted.
 */
export async function runSchedule(context: RunContext): Promise<Outcome> {
  const outcome = await runPhases(context)
  tellDue(context)
  return outcome
}

async function runPhases(context: RunContext): Promise<Outcome> {
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
    const { end, results } = await runPlay(context, phase, {
      isOut: isOutOf(out),
      failedBefore: out.size,
      unsettled,
    })
    const into = collecting ? found : out
    for (const [host, result] of results)
      if (result !== 'ok') into.set(host, worse(into.get(host) ?? 'ok', result))
    if (end.kind === 'interrupted') return 'interrupted'
    if (end.kind === 'late') {
      tell(context, { type: 'stopped', play: phase.play.name, reason: end.why })
      return 'interrupted'
    }
    if (end.kind === 'stopped') {
      tell(context, { type: 'stopped', play: phase.play.name, reason: reasonText(end, results) })
      return outcomeOf([...out.values()])
    }
    const following = phases[at + 1]
    const goesOn = collecting && following?.kind === 'play' && following.play.options.collect === true
    if (collecting && !goesOn) {
      if (found.size > 0) return collected(context, phase, found, following === undefined)
      found = new Map()
    }
    unsettled ??= context.check ? firstUnsettled(context, phase) : undefined
  }
  return out.size > 0 ? outcomeOf([...out.values()]) : 'ok'
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
  const answer = await context.approve(phase.name, context.redact(question))
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

/** In check mode: the first task of a play of which a later play would find a changed world. */
function firstUnsettled(context: RunContext, phase: PlayPhase): string | undefined {
  const prefix = `${phase.play.name}/`
  for (const [id, task] of context.state.tasks)
    if (id.startsWith(prefix) && ['would-change', 'not-known'].includes(task.status)) return id
  return undefined
}

/** What findings are worth: before the first change they block what follows; after it, or where nothing follows, the run has failed. */
function collected(
  context: RunContext,
  phase: PlayPhase,
  found: ReadonlyMap<string, TaskResult>,
  isLast: boolean,
): Outcome {
  const changed = [...context.state.tasks.values()].some((task) => task.begun)
  const results = [...found.values()].filter((result) => result !== 'blocked')
  const unreachable = results.length > 0 && results.every((result) => result === 'unreachable')
  const what = `${found.size} ${found.size === 1 ? 'host has' : 'hosts have'} findings: ${[...found.keys()].join(', ')}`
  const reason = changed ? what : `${what}; nothing was changed`
  tell(context, { type: 'stopped', play: phase.play.name, reason })
  if (unreachable) return 'unreachable'
  return changed || isLast ? 'failed' : 'blocked'
}

/** What failed hosts are worth together; hosts that were only told to stop are worth nothing, and alone no failure. */
function outcomeOf(results: readonly TaskResult[]): Outcome {
  if (results.length > 0 && results.every((result) => result === 'cancelled')) return 'interrupted'
  if (results.includes('unknown')) return 'needs-operator'
  const failed = results.filter((result) => result !== 'cancelled')
  return failed.length > 0 && failed.every((result) => result === 'unreachable') ? 'unreachable' : 'failed'
}
