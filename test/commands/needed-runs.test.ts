import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { neededRuns } from '../../src/commands/needed-runs.ts'
import type { Event, Outcome } from '../../src/model/event.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { keepRun } from '../support/kept-runs.ts'
import { makeProject, prelude } from '../support/project.ts'

let state = ''
beforeEach(() => {
  state = mkdtempSync(join(fastDirectory(), 'needed-'))
})
afterEach(() => rmSync(state, { recursive: true }))

const task = 'p/h/t' as const
const changed: readonly Event[] = [
  {
    type: 'task.started',
    task,
    module: 'm',
    kind: 'change',
    input: null,
    remembered: null,
    attempt: 1,
    undo: 'function',
  },
  { type: 'task.ended', task, result: 'changed', output: null, seconds: 1 },
]
const ended = (outcome: Outcome): Event => ({ type: 'run.ended', outcome, seconds: 1 })
const undone: readonly Event[] = [
  { type: 'undo.started', task, purpose: 'rollback' },
  { type: 'undo.ended', task, purpose: 'rollback', seconds: 1 },
]

test('what is open, what failed, and the newest that ended well are needed; what was taken back and what changed nothing are not', async () => {
  await keepRun(state, 'r1', [...changed, ended('ok')])
  await keepRun(state, 'r2', [...changed, ended('failed')])
  await keepRun(state, 'r3', [...changed, ended('failed')])
  await keepRun(state, 'r3-back', [...undone, ended('rolled-back')], { kind: 'rollback', of: 'r3' })
  await keepRun(state, 'r4', changed)
  await keepRun(state, 'r5', [...changed, ended('ok')])
  await keepRun(state, 'r6', [ended('ok')])
  await keepRun(state, 'r7', undefined)
  const all = ['r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7', 'of somebody else']
  expect(await neededRuns(state, all)).toEqual(['r5', 'r4', 'r2'])
  // Of the sets that are there, r1 is that of the newest run that ended well.
  expect(await neededRuns(state, ['r1', 'r3'])).toEqual(['r1'])
})

test('a run whose journal cannot be read keeps what it has', async () => {
  const { journal } = await keepRun(state, 'r1', [...changed, ended('ok')])
  writeFileSync(journal, 'damaged\n{}\n')
  await keepRun(state, 'r2', [...changed, ended('ok')])
  expect(await neededRuns(state, ['r1', 'r2'])).toEqual(['r2', 'r1'])
})

test('a module is told by the journals beside the run that asks, in a check and a plan too', async () => {
  const book = `${prelude}
const write2 = (dir: string) => write({ path: dir + '/first', text: 'x' })
export default playbook('walk', { fleet }, (site) => [
  play('first', site.web[0]).task('mark', ({ host }) => write2(host.vars.dir)),
])
`
  const asking = (...runs: string[]) => `${prelude}
const ask = observe('test.ask', (on, { runs }: { runs: string[] }) => on.needed(runs))
export default playbook('asks', { fleet }, (site) => [
  play('ask', site.web[0]).task('needed', () => ask({ runs: ${JSON.stringify(runs)} })),
])
`
  const own = await makeProject({ 'walk.ts': book })
  expect(await own.call(['run', 'walk.ts', '--yes'])).toMatchObject({ code: 0 })
  const [run = ''] = readdirSync(join(own.cwd, '.upgrade-fleet/runs'))
  writeFileSync(join(own.cwd, 'asks.ts'), asking(run, 'another'))
  for (const more of [['--check'], []]) {
    const { code, out } = await own.call(['run', 'asks.ts', '--yes', '--output', 'json', ...more])
    expect(code).toBe(0)
    const found = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .find((event) => event.type === 'task.ended')
    expect(found.output).toEqual([run])
  }
  const planned = await own.call(['plan', 'asks.ts', '--out', 'plan.json'])
  expect(planned.code).toBe(0)
  const { facts } = JSON.parse(readFileSync(join(own.cwd, 'plan.json'), 'utf8'))
  expect(facts).toMatchObject([{ task: 'ask/a/needed', output: [run] }])
  expect(await own.call(['run', '--plan', 'plan.json', '--yes'])).toMatchObject({ code: 0 })
})
