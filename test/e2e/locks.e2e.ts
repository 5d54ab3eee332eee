import { readdirSync, readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type HeldProject, heldProject, type Running } from '../support/held.ts'

let project: HeldProject
beforeEach(() => {
  project = heldProject()
})
afterEach(() => project.end())

async function ends(running: Running, code: number): Promise<string> {
  expect(await running.ended(), running.text()).toBe(code)
  return running.text()
}
const latest = (state = '.upgrade-fleet') =>
  readdirSync(project.at(`${state}/runs`))
    .toSorted()
    .at(-1) ?? ''

test('a rollback whose lock was released takes nothing more back, and says so; asked for again, it does', async () => {
  project.make('go')
  await ends(project.held('job'), 0)
  const back = project.run('rollback', '--output', 'lines')
  await back.says('| undoes')
  const text = await ends(project.run('unlock', '--run', latest()), 0)
  expect(text).toMatch(/^here \| released; what still runs there of it: .*\/undo-1\/back$/m)
  project.make('back')
  expect(await ends(back, 7)).toMatch(/the lock of here was released with unlock by \S+ on \S+ at \d{4}-/)
  expect([project.lines('a'), project.lines('b')]).toEqual([1, 0])
  await ends(project.run('rollback'), 0)
  expect([project.lines('a'), project.lines('b')]).toEqual([0, 0])
})

test('a resume and a rollback that find their hosts locked leave their run as it was', async () => {
  const first = project.held('job', '--state', 'one')
  await first.says('| holds')
  first.child.kill('SIGINT')
  project.make('go')
  await ends(first, 130)
  const journal = () => readFileSync(project.at(`one/runs/${latest('one')}/journal.jsonl`), 'utf8')
  const before = { journal: journal(), runs: readdirSync(project.at('one/runs')) }
  // Another controller, held up by the question that nobody answers: killed there, it leaves its lock.
  const other = project.terminal(`held.ts -e dir=${project.at('.')} -e what=approve --state other`)
  await other.says('Go on?')
  process.kill(project.inTerminal(), 'SIGKILL')
  await other.ended()
  const holder = new RegExp(`Locked by the run ${latest('other')} of .*: here\\.`)
  expect(await ends(project.run('resume', '--state', 'one'), 7)).toMatch(holder)
  expect(await ends(project.run('rollback', '--state', 'one'), 7)).toMatch(holder)
  expect({ journal: journal(), runs: readdirSync(project.at('one/runs')) }).toEqual(before)
  await ends(project.run('unlock', '--run', latest('other')), 0)
  await ends(project.run('resume', '--state', 'one'), 0)
})

test('on a terminal unlock asks for the id of the run, and releases nothing for another', async () => {
  const killed = project.held('job')
  await killed.says('| holds')
  killed.child.kill('SIGKILL')
  await killed.ended()
  const run = latest()
  expect(await ends(project.run('unlock'), 2)).toContain('Nobody can confirm here')
  expect(await ends(project.run('unlock', 'wbe', '--run', run), 2)).toContain('wbe')
  for (const [said, end, after] of [
    ['another', 'ended with 2', 'locked by'],
    [run, 'ended with 0', 'free'],
  ] as const) {
    const asked = project.terminal('unlock')
    await asked.says('Its id, to release its locks')
    asked.child.stdin?.write(`${said}\r`)
    await asked.ended()
    expect(asked.text()).toContain(end)
    expect(await ends(project.run('unlock', '--list'), 0)).toMatch(new RegExp(`^here \\| ${after}`))
  }
})

test('what only looks takes no lock', async () => {
  await ends(project.held('job', '--check'), 0)
  await ends(project.run('plan', 'held.ts', '-e', `dir=${project.at('.')}`, '-e', 'what=job'), 0)
  expect(readdirSync(project.at('.'))).not.toContain('work')
})
