import { healthyFloor } from '../../src/model/stop-rule.ts'
import type { Stage, Tally } from '../../src/run/rollout.ts'
import { type Case, type Truth, Violation, type World } from './world.ts'

/** How a host may be found that is not back in service when all is over. */
const named: ReadonlySet<Stage> = new Set<Stage>([
  'halfway',
  'absent',
  'failed',
  'unknown',
  'unreachable',
  'cancelled',
])

/** What must hold whatever happens, said once more without a word of `decide`: from the hosts as they truly are. */
export function inspect(one: Case, before: World, what: string, now: World): void {
  const must = (holds: boolean, rule: string) => {
    if (!holds) throw new Violation(rule)
  }
  const { options } = one
  const working = now.hosts.filter(({ stage }) => stage === 'working')
  const out = now.hosts.filter(({ stage }) => stage !== 'waiting' && stage !== 'done')
  const current = now.hosts.filter(({ wave }) => wave === now.rollout.at)

  must(
    now.hosts.length - out.length >=
      Math.min(healthyFloor(options, now.hosts.length), now.hosts.length - (one.absent ?? 0)),
    'never fewer than minHealthy in service',
  )
  must(working.length <= one.forks, 'never more than --forks at work')
  must(
    working.every(({ wave }) => wave === now.rollout.at),
    'only the wave that is open is worked on',
  )
  if (typeof options.window === 'number' && !(options.canary !== undefined && now.rollout.at === 0))
    must(working.length <= options.window, 'never more at work than the window is wide')
  must(sameTally(now.rollout.wave, current), 'the rollout counts what is')

  if (what === 'begin') {
    must(!breached(one, before), 'no new host after a breach')
    must(!before.rollout.interrupted, 'no new host after an interrupt')
  }
  if (what === 'goes on') {
    const fatal = options.anyErrorsFatal === true || options.strategy === 'linear'
    must(!(fatal && breached(one, before)), 'no new task after a breach that is fatal')
  }
  if (what === 'open') {
    must(!breached(one, before), 'no new wave after a breach')
    const earlier = now.hosts.filter(({ wave }) => wave < now.rollout.at)
    must(
      earlier.every(({ stage }) => !['waiting', 'halfway', 'working', 'held'].includes(stage)),
      'a wave begins when the ones before it have ended',
    )
    if (options.canary !== undefined && now.rollout.at > 0)
      must(
        now.hosts.every(({ wave, stage }) => wave > 0 || stage === 'done' || stage === 'absent'),
        'the canary must be good before the rest begins',
      )
    const isFresh = current.every(({ stage }) => stage === 'waiting' || stage === 'absent')
    const isFirst = earlier.every(({ stage }) => stage === 'absent')
    if (options.soak !== undefined && isFresh && !isFirst)
      must(before.rollout.soaked, 'between two waves is the soak time')
  }
  if (options.strategy === 'linear') {
    const under = current.filter(({ stage }) => ['waiting', 'halfway', 'working', 'held'].includes(stage))
    // A host that is held has ended the task before the one that it asks for.
    const level = Math.min(...under.map(({ step }) => step))
    must(
      under.every(({ stage, step }) => stage !== 'working' || step <= level),
      'no host begins a task before all of the wave ended the one before it',
    )
  }
  if (now.over !== undefined && before.over === undefined) {
    const stages = new Set(now.hosts.map(({ stage }) => stage))
    must(!stages.has('working') && !stages.has('held'), 'every host ends in a named state')
    must(
      out.every(({ stage }) => named.has(stage)),
      'every drain has its restore, or a name that says that the host is out',
    )
    const left = now.hosts.filter(({ stage }) => stage === 'waiting' || stage === 'halfway')
    if (now.over.kind === 'done') {
      must(left.length === 0, 'the rollout is done when every host was worked on')
      must(!breached(one, now), 'a breach is never the good end')
      must(!now.rollout.interrupted, 'an interrupt is never the good end')
    }
    if (now.over.kind === 'interrupted') must(now.rollout.interrupted, 'interrupted only by an interrupt')
    if (now.over.kind === 'stopped') {
      const floor = healthyFloor(options, now.hosts.length)
      const spare = now.hosts.length - out.length - floor
      const starved =
        floor > 0 && left.length > 0 && spare < (options.strategy === 'linear' ? current.length : 1)
      must(breached(one, now) || starved, 'stopped only where a rule says so')
    }
  }
}

/** The stop rule, from the hosts of the wave alone. Whatever did not end well in this attempt has failed, but those told to stop. */
function breached({ options, absent = 0 }: Case, { hosts, rollout }: World): boolean {
  const isFailed = ({ stage }: Truth) => ['failed', 'unreachable', 'unknown'].includes(stage)
  const wave = hosts.filter((host) => host.wave === rollout.at)
  const failed = wave.filter(isFailed).length
  const inPlay = hosts.filter(isFailed).length
  if (failed === 0) return false
  const { maxFailures = {}, maxFailPercentage = options.maxFailures === undefined ? 0 : 100 } = options
  return (
    options.anyErrorsFatal === true ||
    (options.canary !== undefined && rollout.at === 0) ||
    failed * 100 > maxFailPercentage * wave.length ||
    failed > (maxFailures.wave ?? failed) ||
    inPlay > (maxFailures.play ?? inPlay) ||
    inPlay + absent > (maxFailures.run ?? inPlay + absent) ||
    wave.every((host) => isFailed(host) || host.stage === 'absent')
  )
}

function sameTally(tally: Tally, hosts: readonly Truth[]): boolean {
  const left: Record<Stage, number> = { ...tally }
  for (const { stage } of hosts) left[stage] -= 1
  return Object.values(left).every((count) => count === 0)
}
