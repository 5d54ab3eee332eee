import { chmod, mkdir, mkdtemp, open, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { fileJournal, JournalFailed } from '../../src/journal/file.ts'
import { hostLogs } from '../../src/journal/host-logs.ts'
import { journalLine, readLine } from '../../src/journal/line.ts'
import { openState } from '../../src/journal/runs.ts'
import type { Stamped } from '../../src/model/event.ts'
import type { Json } from '../../src/model/json.ts'
import { redactor } from '../../src/model/redact.ts'
import { isSecret } from '../../src/model/secret.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hostile-'))
})
afterAll(() => rm(folder, { recursive: true }))

const event = (output: Json): Stamped => ({
  seq: 1,
  at: '',
  type: 'task.ended',
  task: 'p/h/t',
  result: 'ok',
  output,
  seconds: 0,
})

test('a machine cannot make its answer a secret of the controller by way of the journal', () => {
  const output: Json = { $secret: 'env:AWS_SECRET', nested: [{ $$secret: 'x' }] }
  const { line } = journalLine(event(output), '')
  const read = readLine(line.trimEnd(), '')
  const back = 'event' in read && read.event.type === 'task.ended' ? read.event.output : undefined
  expect(isSecret(back)).toBe(false)
  expect(JSON.parse(JSON.stringify(back))).toEqual(output)
})

test('keys of a machine never reach a prototype', () => {
  const output = JSON.parse('{"__proto__":{"polluted":true}}') as Json
  const { line } = journalLine(event(output), '')
  readLine(line.trimEnd(), '')
  expect('polluted' in {}).toBe(false)
})

test.each([
  ['one that begins with another', ['pass', 'password123'], 'x password123 y', 'x *** y'],
  ['one line of several', ['first line\nsecond line'], 'said: second line', 'said: ***'],
  ['of three characters, as a word', ['abc'], 'abc abcd =abc;', '*** abcd =***;'],
  ['of one character, not at all', ['1'], 'exit code 1', 'exit code 1'],
  ['as XML by number', ['a&b<c'], '<p>a&#38;b&#60;c</p>', '<p>***</p>'],
  ['as JSON', ['a"b\\c'], '{"p":"a\\"b\\\\c"}', '{"p":"***"}'],
  [
    'base64 for URLs',
    ['\u00ff\u00fe\u00ff\u00feab'],
    Buffer.from('\u00ff\u00fe\u00ff\u00feab').toString('base64url'),
    '***',
  ],
])('a secret is hidden: %s', (_what, secrets, text, shown) => {
  expect(redactor(() => secrets)(text)).toBe(shown)
})

test('a journal that cannot be written says so, once and for all', async () => {
  const path = join(folder, 'full')
  const { journal } = await fileJournal(path, () => new Date(0))
  const probe = await open(path)
  const full = vi.spyOn(Object.getPrototypeOf(probe), 'datasync').mockRejectedValueOnce(new Error('ENOSPC'))
  await probe.close()
  journal.append({ type: 'task.said', task: 'p/h/t', line: 'x' })
  await expect(journal.sync()).rejects.toThrow(JournalFailed)
  expect(() => journal.append({ type: 'task.said', task: 'p/h/t', line: 'y' })).toThrow(JournalFailed)
  await expect(journal.sync()).rejects.toThrow(JournalFailed)
  await journal.close()
  expect(full).toHaveBeenCalledTimes(1)
})

test('a state directory that others may write to is refused', async () => {
  const state = join(folder, 'open')
  await mkdir(state)
  await chmod(state, 0o777)
  await expect(openState(state, undefined)).rejects.toThrow(/nobody else may write.*chmod 700/s)
  await chmod(state, 0o700)
  await openState(state, process.getuid?.())
  await expect(openState(state, 4_000_000)).rejects.toThrow(/of yours/)
})

test('what a task said and why it failed stands in a file of its own, closed to others and bounded', async () => {
  const logs = hostLogs(folder, 200)
  const at = { seq: 1, at: '2026-11-22T10:00:00.000Z', task: 'p/h/copy[../../x]' }
  logs.event({ ...at, type: 'task.said', line: 'hello \u001b[31m' })
  logs.event({ ...at, type: 'task.output', line: 'printed \u001b[31m' })
  for (let n = 0; n < 50; n++) logs.event({ ...at, type: 'task.said', line: 'more and more' })
  logs.event({ ...at, type: 'task.ended', result: 'failed', message: 'sick', seconds: 1 })
  const path = logs.pathOf(at.task)
  expect(path.startsWith(join(folder, 'h'))).toBe(true)
  const text = await readFile(path, 'utf8')
  expect(text).toMatch(/Z hello \\x1b\[31m\n.*Z \| printed \\x1b\[31m\n.*is left out\n.*failed: sick\n$/s)
  expect(text.length).toBeLessThan(400)
  expect((await stat(path)).mode & 0o777).toBe(0o600)
})

test('what was printed is in its file at the latest when the run ends', async () => {
  const logs = hostLogs(folder)
  const at = { seq: 1, at: '2026-11-22T10:00:00.000Z', task: 'p/h2/t' }
  logs.event({ ...at, type: 'task.output', line: 'one' })
  logs.event({ ...at, type: 'task.output', line: 'two' })
  logs.end()
  expect(await readFile(logs.pathOf(at.task), 'utf8')).toMatch(/\| one\n.*\| two\n$/)
})
