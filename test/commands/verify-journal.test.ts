import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runProgram } from '../../src/commands/program.ts'
import type { Event } from '../../src/model/event.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { fakeIo } from '../support/io.ts'
import { keepRun } from '../support/kept-runs.ts'

let cwd = ''
beforeEach(async () => {
  cwd = await mkdtemp(join(fastDirectory(), 'verify-'))
})
afterEach(() => rm(cwd, { recursive: true }))

const events: readonly Event[] = ['one', 'two', 'three'].map((line) => ({
  type: 'task.said',
  task: 'p/h/t',
  line,
}))
const state = () => join(cwd, '.upgrade-fleet')

async function call(...args: string[]) {
  const io = fakeIo({ cwd })
  return { code: await runProgram(io, args), ...io.written }
}

test('a run and its rollbacks are good, the latest run where none is named', async () => {
  await keepRun(state(), '20261122-100000-aaaa', events)
  await keepRun(state(), '20261122-110000-bbbb', events, { kind: 'rollback', of: '20261122-100000-aaaa' })
  await keepRun(state(), '20261122-120000-cccc', undefined)
  const { code, out } = await call('verify-journal', '20261122-110000-bbbb')
  expect(code).toBe(0)
  expect(
    out.match(/3 events, from 2026-11-22T10:00:00.000Z to .*; format version 2\n {2}good/g),
  ).toHaveLength(2)
  expect(await call('verify-journal')).toMatchObject({
    code: 0,
    out: expect.stringMatching(/cccc.*\n.*no journal/),
  })
})

test('a torn tail is told by its bytes, and stays', async () => {
  const { journal } = await keepRun(state(), 'r1', events)
  const { length } = await readFile(journal)
  await truncate(journal, length - 5)
  const before = await readFile(journal)
  const { code, out } = await call('verify-journal', 'r1')
  expect(code).toBe(0)
  const rest = before.length - (before.lastIndexOf(0x0a) + 1)
  expect(out).toMatch(new RegExp(`2 events.*\\n.*good.*\\n.*torn tail of ${rest} bytes`))
  expect(await readFile(journal)).toEqual(before)
})

test('damage is told by its line, exit 6; the other runs can be listed and looked at all the same', async () => {
  await keepRun(state(), 'r1', events)
  const { journal } = await keepRun(state(), 'r2', events)
  const text = await readFile(journal, 'utf8')
  await writeFile(journal, text.replace('two', 'TWO'))
  const { code, out } = await call('verify-journal', 'r2')
  expect(code).toBe(6)
  expect(out).toMatch(/1 event,.*\n {2}DAMAGED: line 3: its checksum does not fit/)
  expect(await call('verify-journal', 'r1')).toMatchObject({ code: 0 })
  expect((await call('runs')).out).toMatch(/r1 {2}not ended .*\nr2 {2}damaged /)
  expect((await call('show', 'r1')).out).toContain('three')
  expect(await call('show', 'r2')).toMatchObject({ code: 6, err: expect.stringMatching(/journal.jsonl:3: /) })
})

test('the journal of another run in its place is refused', async () => {
  const started = (run: string): Event => ({
    type: 'run.started',
    run,
    kind: 'run',
    playbook: 'p',
    inventory: [],
    digest: '',
    tool: '',
    check: false,
    waves: [],
  })
  const [one, two] = [
    await keepRun(state(), 'r1', [started('r1')]),
    await keepRun(state(), 'r2', [started('r2')]),
  ]
  await writeFile(one.journal, await readFile(two.journal))
  expect(await call('verify-journal', 'r1')).toMatchObject({
    code: 6,
    out: expect.stringContaining('journal of the run r2'),
  })
  expect(await call('show', 'r1')).toMatchObject({ code: 6, err: expect.stringContaining('run r2') })
})

test('a run that is not there is refused with the nearest', async () => {
  await keepRun(state(), '20261122-100000-aaaa', events)
  const { code, err } = await call('verify-journal', '20261122-100000-aaab')
  expect(code).toBe(2)
  expect(err).toContain('did you mean "20261122-100000-aaaa"?')
})

test('what was asked for that cannot be read is damage too', async () => {
  const { path } = await keepRun(state(), 'r1', events)
  await writeFile(join(path, 'run.json'), '{')
  expect(await call('verify-journal', 'r1')).toMatchObject({
    code: 6,
    err: expect.stringContaining('run.json'),
  })
})

test('a journal of a newer version is refused by whatever would go on with it, and left alone', async () => {
  const { journal } = await keepRun(state(), 'r1', events)
  const rest = '"journal":{"version":3}}'
  const text = `{"crc":"${crc32(rest).toString(16).padStart(8, '0')}",${rest}\n{"whatever":1}\n`
  await writeFile(journal, text)
  for (const command of ['resume', 'rollback', 'show'])
    expect(await call(command, 'r1'), command).toMatchObject({
      code: 2,
      err: expect.stringMatching(/journal\.jsonl:1: .*newer upgrade-fleet.*version 3.*\n.*Use that/),
    })
  expect(await call('verify-journal', 'r1')).toMatchObject({
    code: 6,
    out: expect.stringMatching(/newer.*version 3/),
  })
  expect((await call('runs')).out).toMatch(/^r1 {2}newer /)
  expect(await readFile(journal, 'utf8')).toBe(text)
})
