import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runProgram } from '../../src/commands/program.ts'
import type { Event } from '../../src/model/event.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { fakeIo } from '../support/io.ts'
import { keepRun } from '../support/kept-runs.ts'

async function call(...args: string[]) {
  const io = fakeIo()
  return { code: await runProgram(io, args), ...io.written }
}

test('without a run, runs says so beside its empty list', async () => {
  expect(await call('runs')).toEqual({
    code: 0,
    out: '',
    err: 'There is no run in /nowhere/.upgrade-fleet.\n',
  })
})

test.each([['show'], ['resume'], ['rollback']])('%s without a run is refused', async (command) => {
  const { code, err } = await call(command)
  expect(code).toBe(2)
  expect(err).toMatch(/There is no run in .*--state/s)
})

test('a playbook that is not there is told with where it was looked for, by check as by run', async () => {
  const { code, err } = await call('check', 'playbooks/nowhere.ts')
  expect(code).toBe(2)
  expect(err).toMatch(
    /^playbooks\/nowhere\.ts: expected a playbook, got no such file in \/nowhere\n.*\.ts file/,
  )
})

test.each([
  [['run', 'a.ts', '--nope'], /unknown option '--nope'\nSee: upgrade-fleet run --help/],
  [['lab', 'break', '--nope'], /unknown option '--nope'\nSee: upgrade-fleet lab break --help/],
  [
    ['exec', 'all', 'ls', '-la'],
    /unknown option '-la'\nAn option of the command itself stands behind --: .* -- ls -la\nSee: /,
  ],
  [['exec', 'all'], /missing required argument 'command'\nSee: upgrade-fleet exec --help/],
])('%j names the help to look at', async (args, message) => {
  const { code, err } = await call(...args)
  expect(code).toBe(2)
  expect(err).toMatch(message)
})

test('faults stand in two columns, however long their names are', async () => {
  const { out } = await call('lab', 'break', '--list')
  for (const line of out.trimEnd().split('\n')) expect(line).toMatch(/^[a-z0-9-]+ {2,}\S/)
})

test('the help tells the exit codes', async () => {
  expect((await call('--help')).out).toMatch(/130 {2}interrupted, resumable/)
})

describe('with kept runs', () => {
  let cwd = ''
  beforeEach(async () => {
    cwd = await mkdtemp(join(fastDirectory(), 'runs-'))
  })
  afterEach(() => rm(cwd, { recursive: true }))

  const state = () => join(cwd, '.upgrade-fleet')
  const said: Event = { type: 'task.said', task: 'p/h/t', line: 'one' }
  const ended: Event = { type: 'run.ended', outcome: 'failed', seconds: 1 }
  const resumed: Event = { type: 'run.resumed', run: 'r1', playbook: 'p', changed: true, waves: [] }

  async function typed(...args: string[]) {
    const io = fakeIo({ cwd })
    return { code: await runProgram(io, args), ...io.written }
  }

  test('runs tells of one that was resumed and killed that it did not end', async () => {
    await keepRun(state(), 'r1', [said, ended, resumed, said])
    expect((await typed('runs')).out).toMatch(/^r1 {2}not ended/)
  })

  test('the latest run is found without a look at older ones, which may be damaged', async () => {
    const { journal } = await keepRun(state(), 'r1', [said, said])
    await writeFile(journal, (await readFile(journal, 'utf8')).replace('one', 'two'))
    await keepRun(state(), 'r2', [said, ended])
    expect(await typed('show')).toMatchObject({ code: 0, out: expect.stringContaining('r2: failed') })
  })
})
