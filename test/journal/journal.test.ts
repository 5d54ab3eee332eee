import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DamagedJournal, fileJournal, readJournal } from '../../src/journal/file.ts'
import { takeLock } from '../../src/journal/lock.ts'
import { listRuns, makeRunFolder, newRunId, nextRunId, saveRecord } from '../../src/journal/runs.ts'
import type { Event } from '../../src/model/event.ts'
import { isSecret, secret } from '../../src/model/secret.ts'
import { until } from '../support/until.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'journal-'))
})
afterAll(() => rm(folder, { recursive: true }))

const now = () => new Date('2026-11-22T10:00:00Z')
const said = (line: string): Event => ({ type: 'task.said', task: 'p/h/t', line })

async function written(name: string, count: number): Promise<string> {
  const path = join(folder, name)
  const { journal } = await fileJournal(path, now)
  for (let n = 1; n <= count; n++) journal.append(said(`line ${n}`))
  await journal.close()
  return path
}

describe('the journal file', () => {
  test('keeps what was appended, in order, and goes on with the next number', async () => {
    const path = await written('order', 3)
    const { journal, events } = await fileJournal(path, now)
    expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3])
    journal.append({ type: 'task.progress', task: 'p/h/t', done: 1, total: 2, unit: 'bytes' })
    expect(journal.append(said('more')).seq).toBe(4)
    await journal.close()
    expect(await readJournal(path)).toHaveLength(4)
  })

  test('a sync covers everything that was appended before it, whoever calls it', async () => {
    const path = join(folder, 'group')
    const { journal } = await fileJournal(path, now)
    await Promise.all(
      Array.from({ length: 50 }, async (_, n) => {
        journal.append(said(`${n}`))
        await journal.sync()
        expect(await readFile(path, 'utf8')).toContain(`"line":"${n}"`)
      }),
    )
    await journal.close()
  })

  test('a torn tail is cut off at every byte of the last line', async () => {
    const whole = await readFile(await written('whole', 3), 'utf8')
    const last = whole.trimEnd().lastIndexOf('\n') + 1
    for (let size = last; size < whole.length; size++) {
      const path = join(folder, 'torn')
      await writeFile(path, whole.slice(0, size))
      const { journal, events } = await fileJournal(path, now)
      expect(events).toHaveLength(2)
      journal.append(said('after'))
      await journal.close()
      expect((await readJournal(path)).map(({ seq }) => seq)).toEqual([1, 2, 3])
    }
  })

  test('damage before the end is refused, naming the line', async () => {
    const path = await written('flipped', 3)
    const text = await readFile(path, 'utf8')
    await writeFile(path, text.replace('line 2', 'line X'))
    await expect(readJournal(path)).rejects.toThrow(DamagedJournal)
    await expect(readJournal(path)).rejects.toThrow(/flipped:3: .*checksum/)
  })

  test('a line that is missing is refused', async () => {
    const path = await written('missing', 3)
    const lines = (await readFile(path, 'utf8')).split('\n')
    await writeFile(path, lines.toSpliced(1, 1).join('\n'))
    await expect(readJournal(path)).rejects.toThrow(/missing:2: .*does not follow/)
  })

  test('a secret is kept as its name', async () => {
    const path = join(folder, 'secret')
    const { journal } = await fileJournal(path, now)
    const input = { password: secret('env:DB') }
    journal.append({
      type: 'task.started',
      task: 'p/h/t',
      module: 'm',
      kind: 'change',
      input,
      remembered: null,
      attempt: 1,
      undo: 'function',
    })
    await journal.close()
    expect(await readFile(path, 'utf8')).toContain('"password":{"$secret":"env:DB"}')
    const [event] = await readJournal(path)
    expect(event?.type === 'task.started' && isSecret((event.input as { password: unknown }).password)).toBe(
      true,
    )
  })
})

describe('runs and the lock', () => {
  test('runs are listed oldest first, half-made ones left out', async () => {
    const state = join(folder, 'state')
    const record = {
      kind: 'run',
      playbook: '/p.ts',
      digest: '',
      bundle: '',
      inventory: { sources: [], hosts: [], groups: [], places: {}, warnings: [] },
      extraVars: {},
      limit: undefined,
      forks: 5,
    } as const
    for (const time of ['2026-11-22T10:00:00Z', '2026-11-21T10:00:00Z']) {
      const made = await makeRunFolder(state, newRunId(new Date(time)))
      await saveRecord(made, record)
      await (await fileJournal(made.journal, now)).journal.close()
    }
    await makeRunFolder(state, newRunId(new Date('2026-11-23T10:00:00Z')))
    const runs = await listRuns(state)
    expect(runs.map((run) => run.folder.id.slice(0, 8))).toEqual(['20261121', '20261122'])
  })

  test('the second to lock is told who holds it; the lock of a process that is gone is taken over', async () => {
    const state = join(folder, 'locked')
    const who = { run: 'r1', user: 'ann', pid: process.pid, now: now() }
    const unlock = await takeLock(state, who)
    await expect(takeLock(state, { ...who, run: 'r2' })).rejects.toThrow(
      /run r1 of ann on .* since 2026-11-22/,
    )
    await unlock()
    await takeLock(state, { ...who, pid: 4_000_000 })
    await (await takeLock(state, { ...who, run: 'r3' }))()
  })
})

test('a run sorts after those before it, in the same second too, and when the clock was set back', async () => {
  const state = await mkdtemp(join(tmpdir(), 'state-'))
  const now = new Date('2026-11-22T23:59:59.900Z')
  expect(await nextRunId(state, now)).toMatch(/^20261122-235959-[0-9a-f]{4}$/)
  await makeRunFolder(state, '20261122-235959-ffff')
  const next = await nextRunId(state, now)
  expect(next).toMatch(/^20261123-000000-[0-9a-f]{4}$/)
  await makeRunFolder(state, next)
  expect(await nextRunId(state, new Date('2026-11-22T20:00:00Z'))).toMatch(/^20261123-000001-/)
  expect(await nextRunId(state, new Date('2026-11-24T20:00:00Z'))).toMatch(/^20261124-200000-/)
  await rm(state, { recursive: true })
})

describe('the lock under hostile circumstances', () => {
  const who = { user: 'ann', now: now() }
  const dead = 4_000_000

  test('of many who find the lock of a dead process at the same instant, one gets it', async () => {
    for (let round = 0; round < 20; round++) {
      const state = join(folder, `race-${round}`)
      await takeLock(state, { ...who, run: 'dead', pid: dead })
      const tries = await Promise.allSettled(
        Array.from({ length: 8 }, (_, n) => takeLock(state, { ...who, run: `r${n}`, pid: process.pid })),
      )
      const got = tries.filter((one) => one.status === 'fulfilled')
      expect(got).toHaveLength(1)
      for (const one of got) await one.value()
      expect((await readdir(state)).filter((name) => !name.startsWith('lock.of-'))).toEqual([])
    }
  })

  test('who died between making the lock and signing it holds nobody up', async () => {
    const state = join(folder, 'unsigned')
    await mkdir(join(state, 'lock'), { recursive: true })
    await (await takeLock(state, { ...who, run: 'r1', pid: process.pid }))()
    expect(await readdir(state)).toEqual([])
  })

  test('a pid that another process has now is not the holder; letting go leaves the lock of another alone', async () => {
    const state = join(folder, 'reused')
    const unlock = await takeLock(state, { ...who, run: 'r1', pid: process.pid })
    const path = join(state, 'lock', 'holder.json')
    const holder = JSON.parse(await readFile(path, 'utf8'))
    await writeFile(path, JSON.stringify({ ...holder, started: 'another boot 1' }))
    const second = await takeLock(state, { ...who, run: 'r2', pid: process.pid })
    await unlock()
    await expect(takeLock(state, { ...who, run: 'r3', pid: process.pid })).rejects.toThrow(/run r2/)
    await second()
  })
})

test('what nobody waits for is on disk soon', async () => {
  const path = join(folder, 'soon')
  const { journal } = await fileJournal(path, now)
  journal.append(said('not awaited'))
  await until(async () => (await readFile(path, 'utf8')).includes('not awaited'), 'the line')
  await journal.close()
})
