import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DamagedJournal, fileJournal, readJournal } from '../../src/journal/file.ts'
import { headerLine, journalLine } from '../../src/journal/line.ts'
import { type ParsedJournal, parseJournal } from '../../src/journal/parse.ts'
import { InputError } from '../../src/model/errors.ts'
import type { Stamped } from '../../src/model/event.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chain-'))
})
afterAll(() => rm(folder, { recursive: true }))

const now = () => new Date('2026-11-22T10:00:00Z')
const events: readonly Stamped[] = ['one', 'zwö\ufffdlf', 'three'].map((line, at) => ({
  seq: at + 1,
  at: now().toISOString(),
  type: 'task.said',
  task: 'p/h/t',
  line,
}))

/** A journal of these events, in the format of now or in that of version 1. */
function linesOf(list: readonly Stamped[], version: number): readonly string[] {
  const header = headerLine()
  let chain = version === 1 ? undefined : header.chain
  const lines = list.map((event) => {
    const next = journalLine(event, chain)
    chain = next.chain
    return next.line
  })
  return version === 1 ? lines : [header.line, ...lines]
}

const parse = (lines: readonly string[]) => parseJournal(Buffer.from(lines.join('')))
const whole = (version: number) => Buffer.from(linesOf(events, version).join(''))

/** Nothing but a beginning of what was written, or refused. */
function expectHonest(read: ParsedJournal, size: number, what: string): void {
  expect(read.events, what).toEqual(events.slice(0, read.events.length))
  if (read.damage === undefined && read.tooNew === undefined) expect(read.size + read.torn, what).toBe(size)
}

describe.each([1, 2])('a journal of version %i', (version) => {
  test('is read back', () => {
    const read = parseJournal(whole(version))
    expect(read).toMatchObject({ version, events, torn: 0 })
    expect(read.damage).toBeUndefined()
  })

  test('cut at any byte, it is what was whole before', () => {
    const bytes = whole(version)
    for (let size = 0; size < bytes.length; size++) {
      const read = parseJournal(bytes.subarray(0, size))
      expectHonest(read, size, `${size}`)
      expect(read.damage, `${size}`).toBeUndefined()
    }
  })

  test('with any one bit turned, its end is cut off or it is refused', () => {
    const bytes = whole(version)
    const lastLine = bytes.subarray(0, -1).lastIndexOf(0x0a) + 1
    for (let at = 0; at < bytes.length; at++)
      for (let bit = 0; bit < 8; bit++) {
        const turned = Buffer.from(bytes)
        turned[at] = (bytes[at] ?? 0) ^ (1 << bit)
        const read = parseJournal(turned)
        expectHonest(read, bytes.length, `${at}.${bit}`)
        expect(read.events.length, `${at}.${bit}`).toBeLessThan(events.length)
        // The end of the last line but one is part of what may be torn: the line after it then belongs to it.
        if (at < lastLine - 1) expect(read.damage, `${at}.${bit}`).toBeDefined()
      }
  })

  test('without one of its lines, or with two of them changed over, it is refused', () => {
    const lines = linesOf(events, version)
    const first = version === 1 ? 0 : 1
    for (let at = first; at < lines.length - 1; at++) {
      expect(parse(lines.toSpliced(at, 1)).damage, `without ${at}`).toBeDefined()
      const swapped = lines.with(at, lines[at + 1] ?? '').with(at + 1, lines[at] ?? '')
      expect(parse(swapped).damage, `swapped ${at}`).toBeDefined()
      expect(parse(lines.toSpliced(at, 0, lines[at] ?? '')).damage, `twice ${at}`).toBeDefined()
    }
  })
})

test('a line of another journal is refused though its number and checksum fit, at the end too', () => {
  const mine = linesOf(events, 2)
  const others = linesOf(
    events.map((event) => ({ ...event, at: '2026-11-23T10:00:00.000Z' })),
    2,
  )
  // The first event of another run fits the header as well as the right one: the line after it shows it.
  for (const [at, line] of [
    [1, 3],
    [2, 3],
    [3, 4],
  ] as const)
    expect(parse(mine.with(at, others[at] ?? '')).damage).toEqual({
      line,
      why: expect.stringContaining('does not follow'),
    })
})

test('a journal whose first line is missing is refused', () => {
  const [, ...rest] = linesOf(events, 2)
  for (const lines of [rest, rest.slice(0, 1)])
    expect(parse(lines).damage).toEqual({ line: 1, why: expect.stringContaining('first line') })
})

test('what is refused is named by file and line, with what to do, and left as it is', async () => {
  const path = join(folder, 'refused')
  const lines = linesOf(events, 2)
  await writeFile(path, lines.toSpliced(2, 1).join(''))
  const before = await readFile(path)
  await expect(fileJournal(path, now)).rejects.toThrow(DamagedJournal)
  await expect(readJournal(path)).rejects.toThrow(/refused:3: .*does not follow.*\n.*from a backup/)
  expect(await readFile(path)).toEqual(before)
})

test('a journal of a newer version is refused before anything is done, naming both', async () => {
  const path = join(folder, 'newer')
  const rest = '"journal":{"version":3,"more":"x"}}'
  const text = `{"crc":"${crc32(rest).toString(16).padStart(8, '0')}",${rest}\nwhatever that will be\n`
  await writeFile(path, text)
  const refused = fileJournal(path, now)
  await expect(refused).rejects.toThrow(InputError)
  await expect(refused).rejects.toThrow(/newer upgrade-fleet.*version 3.*up to 2.*\n.*Use that/)
  expect(await readFile(path, 'utf8')).toBe(text)
})

test('a journal goes on in the version in which it was begun', async () => {
  const path = join(folder, 'old')
  await writeFile(path, linesOf(events, 1).join(''))
  const { journal } = await fileJournal(path, now)
  journal.append({ type: 'task.said', task: 'p/h/t', line: 'four' })
  await journal.close()
  expect(parseJournal(await readFile(path))).toMatchObject({ version: 1, torn: 0 })
  expect(await readJournal(path)).toHaveLength(4)
})

test('the lines that are written are those of FORMAT.md', () => {
  expect(linesOf(events.slice(0, 1), 2).join('')).toMatchInlineSnapshot(`
    "{"crc":"eacd3fa1","journal":{"version":2}}
    {"crc":"39bc8357","chain":"9cea1f1431c0ec80f725167025d1ebed","event":{"seq":1,"at":"2026-11-22T10:00:00.000Z","type":"task.said","task":"p/h/t","line":"one"}}
    "
  `)
})
