import type { PlayOptions } from '../../src/model/play.ts'
import type { Decision, decide, RolloutEnd } from '../../src/run/decide.ts'
import {
  after,
  type Lost,
  type Rollout,
  type Rules,
  rolloutOf,
  rulesOf,
  type Stage,
} from '../../src/run/rollout.ts'

/** A play to be explored: its options, the sizes of its waves, and hosts that an earlier play has lost. */
export interface Case {
  readonly options: PlayOptions
  readonly waves: readonly number[]
  readonly forks: number
  /** Of the last wave, so many are out of the run since an earlier play. */
  readonly absent?: number
}

/** A host as it truly stands, whatever the rollout thinks. `step` is the task that it is at, or asks for. */
export interface Truth {
  readonly wave: number
  readonly stage: Stage
  readonly step: number
}

/** All that is: the rollout as `decide` sees it, the hosts as they are, and how often the run was gone on with. */
export interface World {
  readonly rollout: Rollout
  readonly hosts: readonly Truth[]
  readonly attempt: number
  readonly over: RolloutEnd | undefined
}

/** A world after something happened, with what that was. */
export interface Next {
  readonly what: string
  readonly world: World
}

/** Tasks of each host. */
const steps = 2
/** A run is gone on with once. */
const attempts = 2
const losses: readonly Lost[] = ['failed', 'unreachable', 'unknown']

/** Thrown when a decision cannot be carried out, or what is must not be. */
export class Violation extends Error {}

/** The world before the first attempt. */
export function firstWorld(one: Case): World {
  const hosts = one.waves.flatMap((size, wave) =>
    Array.from({ length: size }, (_, nth): Truth => {
      const isAbsent = wave === one.waves.length - 1 && nth < (one.absent ?? 0)
      return { wave, stage: isAbsent ? 'absent' : 'waiting', step: 0 }
    }),
  )
  return begin(one, hosts, 1)
}

const known = new WeakMap<Case, Rules>()

function begin(one: Case, hosts: readonly Truth[], attempt: number): World {
  const rules = known.get(one) ?? rulesOf(one.options, hosts.length, hosts.length, one.forks)
  known.set(one, rules)
  const stages = one.waves.map((_, wave) =>
    hosts.filter((host) => host.wave === wave).map(({ stage }) => stage),
  )
  const more = { hosts: hosts.length, failedBefore: one.absent ?? 0, interrupted: false }
  return { rollout: rolloutOf(rules, stages, more), hosts, attempt, over: undefined }
}

/** The controller is gone, and the run is resumed: what had not ended is left halfway, and what was lost is tried again. */
function resumed(one: Case, world: World): World {
  const hosts = world.hosts.map((host): Truth => {
    const kept = ['waiting', 'done', 'absent'].includes(host.stage)
    return { ...host, step: 0, stage: kept ? host.stage : 'halfway' }
  })
  return begin(one, hosts, world.attempt + 1)
}

/** Everything that can happen next: what is decided, how each host may fare, an interrupt, a crash. */
export function nextWorlds(one: Case, world: World, choose: typeof decide): readonly Next[] {
  const mayResume = world.attempt < attempts
  if (world.over !== undefined)
    return mayResume && world.over.kind !== 'done' ? [{ what: 'resume', world: resumed(one, world) }] : []
  const { rollout } = world
  const decision = choose(rollout)
  const halt = 'halt' in decision && decision.halt
  const decided = decision.act === 'wait' ? [] : [{ what: decision.act, world: obey(world, decision) }]
  return [
    ...decided,
    ...distinct(world.hosts).flatMap((at) => fates(world, at, halt)),
    ...(rollout.interrupted
      ? []
      : [{ what: 'Ctrl-C', world: { ...world, rollout: after(rollout, { type: 'interrupted' }) } }]),
    ...(mayResume ? [{ what: 'crash', world: resumed(one, world) }] : []),
  ]
}

/** What is decided, done. */
function obey(world: World, decision: Decision): World {
  const { rollout, hosts } = world
  switch (decision.act) {
    case 'end':
      return { ...world, over: decision.end }
    case 'soak':
      return { ...world, rollout: after(rollout, { type: 'soaked' }) }
    case 'open':
      return { ...world, rollout: after(rollout, { type: 'opened' }) }
    case 'next':
      return { ...world, rollout: after(rollout, { type: 'next' }) }
    case 'close':
      return { ...world, rollout: after(rollout, { type: 'closed' }) }
    case 'begin': {
      const inWave = (stage: Stage) =>
        hosts.findIndex((host) => host.wave === rollout.at && host.stage === stage)
      const at = inWave('halfway') >= 0 ? inWave('halfway') : inWave('waiting')
      if (at < 0) throw new Violation('a host begins, and none is left to')
      return { ...change(world, at, { stage: 'working' }), rollout: after(rollout, { type: 'begun' }) }
    }
    case 'release': {
      const { step } = decision
      const at = hosts.findIndex((host) => host.stage === 'held' && host.step === step)
      if (at < 0) throw new Violation('a host goes on, and none was held there')
      const freed = {
        ...change(world, at, { stage: 'working' }),
        rollout: after(rollout, { type: 'released', step }),
      }
      return decision.halt ? ended(freed, at, 'cancelled') : freed
    }
    default:
      return world
  }
}

/** How the host at this place may fare: it ends its task, well or not, or is stopped before its next. Slow is being the last of all. */
function fates(world: World, at: number, halt: boolean): readonly Next[] {
  const host = world.hosts[at]
  if (host?.stage !== 'working') return []
  const { rules, step } = world.rollout
  const wrong = losses.map((stage) => ({ what: stage, world: ended(world, at, stage) }))
  if (host.step + 1 === steps) return [{ what: 'ok', world: ended(world, at, 'done') }, ...wrong]
  const asks = host.step + 1
  if (halt) return [{ what: 'stopped', world: ended(world, at, 'cancelled') }, ...wrong]
  if (rules.linear && asks > step) {
    const held = change(world, at, { stage: 'held', step: asks })
    return [
      { what: 'held', world: { ...held, rollout: after(world.rollout, { type: 'held', step: asks }) } },
      ...wrong,
    ]
  }
  return [{ what: 'goes on', world: change(world, at, { step: asks }) }, ...wrong]
}

const ended = (world: World, at: number, stage: 'done' | Lost): World => ({
  ...change(world, at, { stage }),
  rollout: after(world.rollout, { type: 'ended', stage }),
})

const change = (world: World, at: number, to: Partial<Truth>): World => ({
  ...world,
  hosts: world.hosts.map((host, place) => (place === at ? { ...host, ...to } : host)),
})

const textOf = ({ wave, stage, step }: Truth): string => `${wave}${stage}${step}`

/** Hosts of a wave that stand alike are alike: one of them is enough. Nothing is decided by which host it is. */
function distinct(hosts: readonly Truth[]): readonly number[] {
  const isAlike = (one: Truth, other: Truth) =>
    one.stage === other.stage && one.wave === other.wave && one.step === other.step
  return hosts.flatMap((host, at) => (hosts.findIndex((other) => isAlike(host, other)) === at ? [at] : []))
}

/** The same for worlds that differ only in which of their alike hosts is which. What the rollout counts is counted from the hosts. */
export function keyOf({ rollout, hosts, attempt, over }: World): string {
  const { at, open, soaked, interrupted, step } = rollout
  const alike = hosts.map(textOf).sort().join()
  return `${alike} ${at}${open}${soaked}${interrupted}${step}${attempt}${over?.kind}`
}
