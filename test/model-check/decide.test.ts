import { expect, test } from 'vitest'
import { type Decision, decide } from '../../src/run/decide.ts'
import type { Rollout, Stage, Tally } from '../../src/run/rollout.ts'
import { casesOf } from './cases.ts'
import { explore, exploreAll } from './explore.ts'

const cases = [1, 2, 3].flatMap(casesOf)

test('whatever happens, in whatever order, to up to 3 hosts: the rules of a rollout hold', () => {
  const { states, broken } = exploreAll(cases, decide)
  expect(broken).toEqual([])
  expect(states).toBeGreaterThan(100_000)
})

type Choose = typeof decide

/** The same decisions, from a rollout that is seen wrongly. */
const seeing = (change: (rollout: Rollout) => Partial<Rollout>): Choose => {
  return (rollout) => decide({ ...rollout, ...change(rollout) })
}
/** Hosts that stand this way are taken for hosts that stand that way. */
const taking = (from: Stage, to: Stage): Choose => {
  const wrong = (tally: Tally): Tally => ({ ...tally, [from]: 0, [to]: tally[to] + tally[from] })
  return seeing(({ wave, all }) => ({ wave: wrong(wave), all: wrong(all) }))
}
const ignoring = (
  rules: Partial<Rollout['rules']>,
  where: (rollout: Rollout) => boolean = () => true,
): Choose => seeing((rollout) => (where(rollout) ? { rules: { ...rollout.rules, ...rules } } : {}))
/** One decision is another. */
const instead = (change: (decision: Decision, rollout: Rollout) => Decision): Choose => {
  return (rollout) => change(decide(rollout), rollout)
}
const all = { maxFailPercentage: 100, maxFailures: { wave: 9, play: 9, run: 9 } }

test.each<[string, Choose, string]>([
  ['unreachable is no failure', taking('unreachable', 'done'), 'no new host after a breach'],
  ['an unknown outcome is no failure', taking('unknown', 'done'), 'no new host after a breach'],
  [
    'a breach is not seen in a window',
    ignoring(all, ({ rules }) => Number.isFinite(rules.window)),
    'no new host after a breach',
  ],
  ['a canary that failed does not matter', ignoring({ canary: false }), 'breach'],
  ['any error is forgiven', ignoring({ anyErrorsFatal: false }), 'no new task after a breach that is fatal'],
  ['failures of earlier plays are forgotten', seeing(() => ({ failedBefore: 0 })), 'breach'],
  ['failures of earlier waves are forgotten', seeing(({ wave }) => ({ all: wave })), ''],
  ['minHealthy is forgotten', ignoring({ minHealthy: 0 }), 'never fewer than minHealthy in service'],
  [
    'what failed counts as in service',
    seeing(({ hosts, all: { failed } }) => ({ hosts: hosts + failed })),
    'minHealthy',
  ],
  [
    'what an earlier play lost counts as in service',
    seeing(({ hosts, all: { absent } }) => ({ hosts: hosts + absent })),
    'minHealthy',
  ],
  [
    'hosts of a linear wave run ahead',
    instead(({ act, ...more }, { asked }) => {
      const [step] = Object.keys(asked)
      return act === 'wait' && step !== undefined
        ? { act: 'release', step: Number(step), halt: false }
        : ({ act, ...more } as Decision)
    }),
    'no host begins a task before all of the wave ended',
  ],
  [
    'held hosts are never let go',
    instead((decision) => (decision.act === 'release' ? { act: 'wait', halt: false } : decision)),
    'it goes on by itself',
  ],
  ['an interrupt starts one more', seeing(() => ({ interrupted: false })), 'interrupt'],
  ['forks are not counted', ignoring({ forks: 9 }), '--forks'],
  ['the window is not counted', ignoring({ window: 9 }), 'window'],
  ['the soak time is left out', ignoring({ soaks: false }), 'soak'],
  [
    'a wave is over while hosts are at work',
    instead((decision) => (decision.act === 'wait' ? { act: 'close', halt: false } : decision)),
    '',
  ],
  [
    'a wave is never over',
    instead((decision) => (decision.act === 'close' ? { act: 'wait', halt: false } : decision)),
    'it goes on by itself',
  ],
  [
    'a wave is left out',
    instead((decision, { at, waves }) =>
      decision.act === 'open' && at + 1 < waves.length ? { act: 'next' } : decision,
    ),
    '',
  ],
  [
    'the run stops for nothing',
    instead((decision) => (decision.act === 'next' ? { act: 'end', end: { kind: 'done' } } : decision)),
    'done when every host was worked on',
  ],
])('the check finds a mistake: %s', (_name, choose, rule) => {
  const brokenBy = cases.find((one) => explore(one, choose).broken?.rule.includes(rule))
  expect(brokenBy).toBeDefined()
})
