import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { confirmLoss } from '../../src/commands/after-cutover.ts'
import { runProgram } from '../../src/commands/program.ts'
import { afterwards } from '../../src/commands/run.ts'
import { loadInventory } from '../../src/inventory/load-inventory.ts'
import type { Event, Stamped } from '../../src/model/event.ts'
import type { Io } from '../../src/model/io.ts'
import { bundled } from '../support/bundle.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { fakeIo } from '../support/io.ts'
import { keepRun } from '../support/kept-runs.ts'
import { files } from '../support/site.ts'

let book = ''
let cwd = ''
beforeAll(async () => {
  book = await bundled(fileURLToPath(new URL('../support/books/cutover.ts', import.meta.url)))
  cwd = await mkdtemp(join(fastDirectory(), 'cutover-'))
})
afterAll(() => rm(cwd, { recursive: true }))

const task = 'start/here/server'
const done: readonly Event[] = [
  {
    type: 'task.started',
    task,
    module: 'start',
    kind: 'change',
    input: null,
    remembered: null,
    attempt: 1,
    undo: 'function',
  },
  { type: 'task.ended', task, result: 'changed', output: null, seconds: 0 },
  { type: 'cutover', gate: 'users in' },
]

/** A run of the book that has cut over, kept as `run` keeps it. */
async function kept(
  id: string,
): Promise<{ io: (more?: Partial<Io>) => ReturnType<typeof fakeIo>; state: string }> {
  const state = join(cwd, id)
  const vars = `{ ansible_connection: local, upgrade_fleet_dir: ${join(cwd, `${id}-work`)} }`
  const at = await files({ 'hosts.yml': `web: { hosts: { here: ${vars} } }\n` })
  const inventory = await loadInventory({ sources: ['hosts.yml'], cwd: at, env: {} })
  const { path } = await keepRun(state, id, done, { inventory, playbook: '/books/cutover.ts' })
  await copyFile(book, join(path, 'playbook.mjs'))
  return {
    state,
    io: (more = {}) =>
      fakeIo({ cwd, home: cwd, pid: process.pid, env: { PATH: process.env['PATH'] }, ...more }),
  }
}

test('a rollback after the cut-over says what is lost and changes nothing, until the run is named once more', async () => {
  const { state, io } = await kept('r1')
  const call = async (...more: string[]) => {
    const one = io()
    return { code: await runProgram(one, ['rollback', 'r1', '--state', state, ...more]), ...one.written }
  }
  for (const more of [[], ['--yes'], ['--after-cutover', 'r2']]) {
    const { code, err } = await call(...more)
    expect(code, more.join(' ')).toBe(2)
    expect(err).toMatch(/cut over \("users in" at 2026-11-22T10:00:00.000Z\).*1 change of before/)
    expect(err).toContain('upgrade-fleet rollback r1 --after-cutover r1')
  }
  const { code, out, err } = await call('--after-cutover', 'r1')
  expect(err).toMatch(/cut over/)
  expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('start > here > server: undone') })
  expect((await call()).code).toBe(0)
})

test('after a failure behind the cut-over, --on-failure rollback stops without a terminal: the failure stands', async () => {
  const { state, io } = await kept('r3')
  const one = io()
  const flags = { onFailure: 'rollback', state, check: false, forks: 1, yes: true } as Parameters<
    typeof afterwards
  >[3]
  expect(await afterwards(one, 'r3', 'failed', flags)).toBe(3)
  expect(one.written.err).toMatch(
    /cut over.*\nSo nothing was rolled back.*\nIf it must be: upgrade-fleet rollback r3 --after-cutover r3/s,
  )
  expect(one.written.out).toBe('')
})

test('on a terminal the id is asked for, and nothing else is a yes', async () => {
  const loss = { gate: 'users in', changes: 2, points: ['dumps'] }
  const events: readonly Stamped[] = [
    {
      seq: 1,
      at: '2026-11-22T09:00:00Z',
      type: 'task.ended',
      task: 'dumps/one/dump',
      result: 'changed',
      seconds: 0,
    },
    { seq: 2, at: '2026-11-22T10:00:00Z', type: 'cutover', gate: 'users in' },
  ]
  const asked = async (answer: string) => {
    const io = fakeIo({ answers: true })
    await confirmLoss(io, 'r1', loss, events, undefined, async () => answer)
    return io.written.err
  }
  expect(await asked('r1 ')).toMatch(
    /"dumps" goes back to 2026-11-22T09:00:00Z: what was written since then is lost/,
  )
  for (const answer of ['', 'yes', 'r2'])
    await expect(asked(answer)).rejects.toThrow(/nothing was rolled back/)
})
