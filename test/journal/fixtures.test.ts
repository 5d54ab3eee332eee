import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inspectJournal, readJournal } from '../../src/journal/file.ts'
import { newestVersion } from '../../src/journal/line.ts'
import type { Stamped } from '../../src/model/event.ts'
import { stableText } from '../../src/model/json.ts'
import { fold } from '../../src/model/state.ts'
import { tryBack, tryRun } from '../support/engine.ts'
import { expectGolden } from '../support/golden.ts'
import { freshWorld, makeFixture, partsOf, type World, writeJournal } from './scene.ts'

/**
 * Journals as each released version wrote them, kept for ever. That of the newest is made by `FIXTURE=make` as long as
 * it is not released; those of the others never change.
 */
const fixtures = fileURLToPath(new URL('fixtures', import.meta.url))
const versions = Array.from({ length: newestVersion }, (_, at) => at + 1)

let folder = ''
beforeAll(async () => {
  if (process.env['FIXTURE'] === 'make') await makeFixture(join(fixtures, `v${newestVersion}`))
  folder = await mkdtemp(join(tmpdir(), 'fixtures-'))
})
afterAll(() => rm(folder, { recursive: true }))

test('there is a fixture of every version', async () => {
  expect((await readdir(fixtures)).sort()).toEqual(versions.map((version) => `v${version}`).sort())
})

const goneBy: readonly Stamped['type'][] = [
  ...(['run.started', 'run.resumed', 'task.started', 'task.ended', 'task.retried'] as const),
  ...(['block.failed', 'block.again', 'due', 'tasks.rewound', 'undo.started', 'undo.ended'] as const),
  ...(['approved', 'cutover', 'stopped', 'run.ended'] as const),
]

/** What the keys are when a run that was resumed has ended. */
const goneOn = { 'a.conf': 'new', 'b.conf': 'new', 'a.state': 'started', 'b.state': 'started' }
const since2 = {
  shared: 'new',
  'a.mended': 'well',
  ...Object.fromEntries(
    ['a', 'b', 'c'].flatMap((host) => [
      [`${host}.site`, 'new'],
      [`${host}.pool`, 'in'],
      [`${host}.loaded`, 'well'],
    ]),
  ),
}

describe.each(versions)('journals of version %i', (version) => {
  const at = (name: string) => join(fixtures, `v${version}`, name)
  const world = async (name: string) => JSON.parse(await readFile(at(`${name}.world.json`), 'utf8')) as World

  test('are of that version, whole', async () => {
    for (const name of ['run', 'rollback'])
      expect(await inspectJournal(at(`${name}.jsonl`))).toMatchObject({ version, torn: 0 })
  })

  test('are folded to the state that they were folded to then', async () => {
    const run = await readJournal(at('run.jsonl'))
    const back = await readJournal(at('rollback.jsonl'))
    expectGolden(import.meta.url, `v${version}.run.txt`, stateText(run, version))
    expectGolden(import.meta.url, `v${version}.rollback.txt`, stateText([...run, ...back], version))
  })

  test('are resumed: what was done is not done again', async () => {
    const now = await world('run')
    const tried = await tryRun(partsOf(now, version), { before: await readJournal(at('run.jsonl')) })
    expect(tried.outcome).toBe('ok')
    expect(now.rows).toEqual({ one: ['seed', 's1', 's2'], two: ['seed', 's1', 's2'] })
    expect(now.keys).toEqual(version === 1 ? goneOn : { ...goneOn, ...since2 })
  })

  test('are rolled back, from the run and from the rollback that crashed', async () => {
    const run = await readJournal(at('run.jsonl'))
    const back = await readJournal(at('rollback.jsonl'))
    for (const [name, before] of [
      ['run', run],
      ['rollback', [...run, ...back]],
    ] as const) {
      const now = await world(name)
      expect((await tryBack(partsOf(now, version), { before })).outcome).toBe('ok')
      const { keys, rows } = freshWorld()
      expect({ keys: now.keys, rows: now.rows }, name).toEqual({ keys, rows })
    }
  })
})

test('the newest fixture holds every event that resume and rollback go by', async () => {
  const at = (name: string) => join(fixtures, `v${newestVersion}`, name)
  const events = [...(await readJournal(at('run.jsonl'))), ...(await readJournal(at('rollback.jsonl')))]
  const kinds = new Set(events.map(({ type }) => type))
  expect(goneBy.filter((type) => !kinds.has(type))).toEqual([])
  const ended = events.filter((event) => event.type === 'task.ended')
  expect(ended.some(({ notify }) => notify !== undefined)).toBe(true)
  expect(ended.some(({ mistake }) => mistake)).toBe(true)
  expect(events.some((event) => event.type === 'task.started' && event.on === 'lb')).toBe(true)
})

test('what is written now is what the newest fixture says', async () => {
  for (const name of ['run.jsonl', 'rollback.jsonl']) {
    const kept = join(fixtures, `v${newestVersion}`, name)
    await writeJournal(join(folder, name), await readJournal(kept))
    expect(await readFile(join(folder, name), 'utf8')).toBe(await readFile(kept, 'utf8'))
  }
})

/** What resume and rollback go by, one task a line. */
function stateText(events: readonly Stamped[], version: number): string {
  const { tasks, approved, outcome, notified, blocks, past, cutovers } = fold(events)
  const lines = [...tasks].map(
    ([id, { status, begun, attempt, undos, undoing, undo, remembered, input, output }]) =>
      `${id}: ${stableText({ status, begun, attempt, undos, undoing, undo, remembered, input, output })}`,
  )
  const since = { notified: [...notified.keys()], blocks: [...blocks.keys()], past: [...past] }
  const rest = {
    ...{ approved: [...approved], outcome: outcome ?? null },
    ...(version > 1 && { ...since, cutovers: [...cutovers] }),
  }
  return [...lines.sort(), stableText(rest), ''].join('\n')
}
