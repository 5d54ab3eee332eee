import { seconds } from '../model/duration.ts'
import type { Host } from '../model/host.ts'
import type { Play, PlayOptions, Share } from '../model/play.ts'
import { healthyFloor } from '../model/stop-rule.ts'

type Waves = readonly (readonly Host[])[]

const orders = ['inventory', 'reverse_inventory', 'sorted', 'reverse_sorted', 'shuffle']
const strategies = ['free', 'linear']

/** What is wrong with how a play would roll over its hosts, each as a clause after the play's name. */
export function rolloutProblems(play: Play, waves: Waves): readonly string[] {
  const { options } = play
  const wrong = [...valueProblems(options), ...pairProblems(options)]
  // What follows is worked out from the values.
  return wrong.length > 0 ? wrong : [...healthProblems(play, waves), ...spreadProblems(play, waves)]
}

function valueProblems(options: PlayOptions): readonly string[] {
  const { window, canary, minHealthy, maxFailPercentage, maxFailures = {}, soak, order, strategy } = options
  const wrong: string[] = []
  const check = (name: string, value: unknown, fine: boolean, expected: string) => {
    if (value !== undefined && !fine)
      wrong.push(`has ${name} ${JSON.stringify(value) ?? String(value)}: expected ${expected}`)
  }
  const some = 'a number of hosts from 1, or a percentage such as "25%"'
  check('window', window, isShare(window, 1), some)
  check('canary', canary, isShare(canary, 1), some)
  check(
    'minHealthy',
    minHealthy,
    isShare(minHealthy, 0),
    'a number of hosts from 0, or a percentage such as "75%"',
  )
  const percent = maxFailPercentage ?? 0
  check('maxFailPercentage', maxFailPercentage, percent >= 0 && percent <= 100, 'a number from 0 to 100')
  for (const [scope, count] of Object.entries(maxFailures)) {
    check(`maxFailures.${scope}`, count, Number.isInteger(count) && count >= 0, 'a number of hosts from 0')
    check('maxFailures', scope, ['wave', 'play', 'run'].includes(scope), 'wave, play or run')
  }
  check('soak', soak, isDuration(soak), 'seconds, or a text such as "90s", "10m", "2h"')
  check('order', order, orders.includes(order ?? ''), `one of ${orders.join(', ')}`)
  check('strategy', strategy, strategies.includes(strategy ?? ''), `one of ${strategies.join(', ')}`)
  return wrong
}

function pairProblems(options: PlayOptions): readonly string[] {
  const wrong: string[] = []
  if (options.window !== undefined && options.serial !== undefined)
    wrong.push('has both serial and window: waves are either cut, or one that slides')
  if (options.window !== undefined && options.strategy === 'linear')
    wrong.push('has both window and the linear strategy: hosts of a window are at different tasks')
  if (options.collect === true)
    for (const name of ['canary', 'minHealthy', 'maxFailures', 'soak'] as const)
      if (options[name] !== undefined) wrong.push(`collects, so nothing stops it, and has ${name}`)
  return wrong
}

function healthProblems(play: Play, waves: Waves): readonly string[] {
  const total = play.hosts.length
  const floor = healthyFloor(play.options, total)
  if (floor === 0 || total === 0) return []
  if (floor >= total)
    return [`keeps ${floor} of its ${total} hosts in service (minHealthy), so none could be worked on`]
  const largest = Math.max(0, ...waves.map((wave) => wave.length))
  return play.options.strategy === 'linear' && largest > total - floor
    ? [
        `is linear with waves of ${largest} hosts, all out of service together, and keeps ${floor} of its ${total} in service (minHealthy): make its waves smaller (serial)`,
      ]
    : []
}

function spreadProblems(play: Play, waves: Waves): readonly string[] {
  const { spread, serial, window, canary } = play.options
  if (spread === undefined) return []
  if (serial === undefined && window === undefined && canary === undefined)
    return ['is spread, and works on all its hosts at once: it needs serial, window or canary']
  const zones = new Map<string, string[]>()
  for (const host of play.hosts) {
    try {
      const zone = spread(host)
      zones.set(zone, [...(zones.get(zone) ?? []), host.name])
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      return [`cannot be spread: its function threw for ${host.name}: ${why}`]
    }
  }
  if (zones.size < 2) return []
  // A window is one wave, whose hosts are not all out of service together.
  const whole = window === undefined ? waves : waves.slice(0, canary === undefined ? 0 : 1)
  return whole.flatMap((wave, at) => {
    const within = new Set(wave.map(({ name }) => name))
    return [...zones]
      .filter(([, names]) => names.length > 1 && names.every((name) => within.has(name)))
      .map(
        ([zone, names]) =>
          `would take all ${names.length} hosts of "${zone}" (spread) out of service in its wave ${at + 1}: make its waves smaller`,
      )
  })
}

const isShare = (share: Share | undefined, least: number): boolean =>
  typeof share === 'number'
    ? Number.isInteger(share) && share >= least
    : /^\d+(\.\d+)?%$/.test(share ?? '') && Number.parseFloat(share ?? '') > 0

function isDuration(value: PlayOptions['soak']): boolean {
  try {
    return value !== undefined && seconds(value) >= 0
  } catch {
    return false
  }
}
