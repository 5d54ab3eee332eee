import type { TaskResult } from '../model/event.ts'
import type { Host } from '../model/host.ts'
import type { PlayPhase } from '../model/schedule.ts'
import type { RunContext } from './context.ts'
import { decide } from './decide.ts'
import { runHost, type Turn } from './host.ts'
import { after, type Happening, type Lost, type Rollout } from './rollout.ts'

/**
 * Works on the hosts of one wave as `decide` says, in this order, and puts what came of each into `results`. Gives the
 * rollout after it. When the journal fails, what is under way is let to its end first; then it throws.
 */
export async function runWave(
  context: RunContext,
  phase: PlayPhase,
  opened: Rollout,
  hosts: readonly Host[],
  unsettled: string | undefined,
  results: Map<string, TaskResult>,
): Promise<Rollout> {
  let rollout = opened
  let broken: { readonly error: unknown } | undefined
  let acting = false
  let close = () => {}
  const closed = new Promise<void>((resolve) => {
    close = resolve
  })
  const queue = [...hosts]
  const held = new Map<number, ((goes: boolean) => void)[]>()

  const happened = (event: Happening) => {
    rollout = after(rollout, event)
    act()
  }
  /** Does what is decided, one thing at a time: each may change what is decided next. */
  const act = () => {
    if (acting) return
    acting = true
    for (let more = true; more; ) {
      const decision = decide(rollout)
      more = decision.act === 'begin' || decision.act === 'release'
      if (decision.act === 'close') close()
      if (decision.act === 'begin') {
        rollout = after(rollout, { type: 'begun' })
        const host = queue.shift()
        if (host !== undefined) void work(host)
      }
      if (decision.act === 'release') {
        rollout = after(rollout, { type: 'released', step: decision.step })
        held.get(decision.step)?.shift()?.(!decision.halt)
      }
    }
    acting = false
  }
  const turn: Turn = async (step) => {
    if (rollout.rules.linear && step > rollout.step && !isHalted(rollout))
      return new Promise((resolve) => {
        const others = held.get(step)
        if (others === undefined) held.set(step, [resolve])
        else others.push(resolve)
        happened({ type: 'held', step })
      })
    return !isHalted(rollout)
  }
  const work = async (host: Host): Promise<void> => {
    let result: TaskResult = 'unknown'
    try {
      result = await runHost(context, phase, host, unsettled, turn)
    } catch (error) {
      broken ??= { error }
      happened({ type: 'interrupted' })
    }
    results.set(host.name, result)
    happened({ type: 'ended', stage: result === 'ok' ? 'done' : (result as Lost) })
  }

  const interrupt = () => happened({ type: 'interrupted' })
  context.interrupted.addEventListener('abort', interrupt)
  if (context.interrupted.aborted) interrupt()
  act()
  await closed
  context.interrupted.removeEventListener('abort', interrupt)
  if (broken !== undefined) throw broken.error
  return after(rollout, { type: 'closed' })
}

/** Whether the hosts under way stop at their next task. */
function isHalted(rollout: Rollout): boolean {
  const decision = decide(rollout)
  return 'halt' in decision && decision.halt
}
