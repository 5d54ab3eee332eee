import { describe, expect, test } from 'vitest'
import { healthWatch } from '../../src/apim/health-watch.ts'

const started = ['x INFO - WSO2 Carbon started in 9 sec']
const wait = { start: 100, answer: 20, gap: 1, min_healthy: 10 }

/** Each step is a second: what runs, what the log has, and what the endpoints would say if they were asked. */
function verdicts(
  steps: readonly {
    readonly alive?: readonly string[]
    readonly lines?: readonly string[]
    readonly wrong?: string
  }[],
  own = wait,
) {
  const watch = healthWatch('key-manager 3.0.0 on km', '/opt/am', own, 0)
  const said: string[] = []
  for (const [at, { alive = ['7 1'], lines = started, wrong }] of steps.entries()) {
    const verdict = watch.look({ at, lines, alive })
    said.push(verdict.is === 'failed' ? verdict.why : verdict.is)
    if (verdict.is === 'healthy' || verdict.is === 'failed') return { said, end: verdict }
    if (verdict.is === 'to be asked') watch.answered(at, wrong)
  }
  return { said, end: undefined }
}
const times = (n: number, step = {}) => Array.from({ length: n }, () => step)

describe('a server is healthy', () => {
  test('when it answered without a break for as long as is asked for, and is still that process', () => {
    const { said } = verdicts(times(20))
    expect(said).toEqual([...times(10, 'to be asked'), 'healthy'])
  })

  test('after two answers where no time is asked for', () => {
    expect(verdicts(times(5), { ...wait, min_healthy: 0 }).said).toEqual([
      'to be asked',
      'to be asked',
      'healthy',
    ])
  })

  test('not while it flaps: a bad answer begins the time anew', () => {
    const flaps = [...times(9), { wrong: '503' }]
    expect(verdicts([...flaps, ...times(20)]).said).toEqual([...times(20, 'to be asked'), 'healthy'])
    const { end } = verdicts([...flaps, ...flaps, ...flaps, ...flaps, ...flaps])
    expect(end).toMatchObject({
      why: expect.stringMatching(/started, but is not healthy/),
      evidence: ['503', expect.stringMatching(/answered well before, and then not, 4 times/)],
    })
  })

  test('not when another process took its place: its start and its answers begin anew', () => {
    const restarted = { alive: ['8 50'] }
    const { said } = verdicts([
      ...times(9),
      restarted,
      ...times(3, { ...restarted, lines: [] }),
      ...times(12, restarted),
    ])
    expect(said).toEqual([
      ...times(9, 'to be asked'),
      'restarted',
      ...times(3, 'waiting'),
      ...times(10, 'to be asked'),
      'healthy',
    ])
  })

  test('not when its script starts it again and again, faster than it is looked at', () => {
    const loop = Array.from({ length: 110 }, (_, at) => ({ alive: [`${at + 7} ${at}`], lines: [] }))
    const { end } = verdicts(loop)
    expect(end).toMatchObject({
      why: 'key-manager 3.0.0 on km has not started in 100 seconds: another process took the place of the one before 101 times',
    })
    const later = [
      ...times(3, { lines: [] }),
      { alive: ['8 3'], lines: [] },
      ...times(100, { alive: ['8 3'], lines: [] }),
    ]
    expect(verdicts(later).end).toMatchObject({ why: expect.stringMatching(/before once$/) })
  })

  test('not when it ends after its last answer', () => {
    const { said } = verdicts([...times(10), ...times(25, { alive: [] })])
    expect(said.at(-1)).toBe('key-manager 3.0.0 on km is not running')
    expect(said).not.toContain('healthy')
  })

  test('not when a fatal sign comes after good answers', () => {
    const { end } = verdicts([...times(10), { lines: [...started, 'FATAL java.lang.OutOfMemoryError: x'] }])
    expect(end).toMatchObject({ is: 'failed', evidence: ['FATAL java.lang.OutOfMemoryError: x'] })
  })

  test('not when two run from its home, when it never says that it started, nor without a good answer', () => {
    expect(verdicts([{ alive: ['7 1', '8 2'] }]).said).toEqual([
      'key-manager 3.0.0 on km runs 2 times from /opt/am',
    ])
    expect(verdicts(times(110, { lines: [] })).said.at(-1)).toMatch(/has not started in 100 seconds/)
    expect(verdicts(times(40, { wrong: 'closed' })).end).toMatchObject({ evidence: ['closed'] })
  })
})
