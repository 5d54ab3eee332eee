import { decide, type RolloutEnd } from '../../src/run/decide.ts'
import {
  after,
  type Happening,
  type Lost,
  type Rollout,
  type Rules,
  rolloutOf,
  type Stage,
} from '../../src/run/rollout.ts'

/** A rollout with hosts by name that only `decide` moves: what a real run must be seen to do, step for step. */
export interface Shadow {
  /** The hosts at work, each with the step that it is at. */
  atWork(): readonly string[]
  /** A host at work ends its step so. */
  ends(host: string, how: 'ok' | Lost): void
  interrupt(): void
  /** The waves that have begun, from 1. */
  readonly begun: readonly number[]
  /** How it ended, once it did. */
  end(): RolloutEnd | undefined
  /** How many steps of each host are done, and which hosts were begun and are not at their end. */
  readonly done: ReadonlyMap<string, number>
  stageOf(host: string): Stage
}

/** Begins a rollout of `steps` steps over these waves; of some hosts steps are done already. */
export function shadowOf(
  rules: Rules,
  waves: readonly (readonly string[])[],
  steps: number,
  from: {
    readonly stages: ReadonlyMap<string, Stage>
    readonly done: ReadonlyMap<string, number>
    readonly absent: number
  },
): Shadow {
  const stages = new Map(waves.flat().map((host) => [host, from.stages.get(host) ?? 'waiting'] as const))
  const done = new Map(from.done)
  const more = { hosts: waves.flat().length, failedBefore: from.absent, interrupted: false }
  let rollout: Rollout = rolloutOf(
    rules,
    waves.map((wave) => wave.map((host) => stages.get(host) ?? 'waiting')),
    more,
  )
  let end: RolloutEnd | undefined
  const begun: number[] = []
  const asks = new Map<string, number>()
  const held: string[] = []
  /** Hosts whose next step was done before: they end it at once. */
  const instant: string[] = []

  const happened = (event: Happening) => {
    rollout = after(rollout, event)
  }
  const enter = (host: string, step: number) => {
    asks.set(host, step)
    stages.set(host, 'working')
    if (step < (done.get(host) ?? 0)) instant.push(host)
  }
  const lose = (host: string, stage: Lost) => {
    stages.set(host, stage)
    happened({ type: 'ended', stage })
  }
  const advance = (host: string) => {
    const step = (asks.get(host) ?? 0) + 1
    done.set(host, Math.max(step, done.get(host) ?? 0))
    const decision = decide(rollout)
    if (step === steps) {
      stages.set(host, 'done')
      happened({ type: 'ended', stage: 'done' })
    } else if ('halt' in decision && decision.halt) lose(host, 'cancelled')
    else if (rules.linear && step > rollout.step) {
      asks.set(host, step)
      stages.set(host, 'held')
      held.push(host)
      happened({ type: 'held', step })
    } else enter(host, step)
  }
  const settle = () => {
    while (end === undefined) {
      const decision = decide(rollout)
      if (decision.act === 'end') end = decision.end
      else if (decision.act === 'soak') happened({ type: 'soaked' })
      else if (decision.act === 'next') happened({ type: 'next' })
      else if (decision.act === 'close') happened({ type: 'closed' })
      else if (decision.act === 'open') {
        begun.push(rollout.at + 1)
        happened({ type: 'opened' })
      } else if (decision.act === 'begin') {
        const wave = waves[rollout.at] ?? []
        const next =
          wave.find((host) => stages.get(host) === 'halfway') ??
          wave.find((host) => stages.get(host) === 'waiting')
        happened({ type: 'begun' })
        enter(next ?? '', 0)
      } else if (decision.act === 'release') {
        const [host = ''] = held.splice(
          held.findIndex((one) => asks.get(one) === decision.step),
          1,
        )
        happened({ type: 'released', step: decision.step })
        if (decision.halt) lose(host, 'cancelled')
        else enter(host, decision.step)
      } else {
        const host = instant.shift()
        if (host === undefined) return
        advance(host)
      }
    }
  }
  settle()
  return {
    atWork: () =>
      [...stages]
        .flatMap(([host, stage]) => (stage === 'working' ? [`${host}/${asks.get(host)}`] : []))
        .toSorted(),
    ends(host, how) {
      if (how === 'ok') advance(host)
      else lose(host, how)
      settle()
    },
    interrupt() {
      happened({ type: 'interrupted' })
      settle()
    },
    begun,
    end: () => end,
    done,
    stageOf: (host) => stages.get(host) ?? 'waiting',
  }
}
