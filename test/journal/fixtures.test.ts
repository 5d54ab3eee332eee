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
    expectGolden(import.meta.url, `v${version}.run.txt`, stateText(run))
    expectGolden(import.meta.url, `v${version}.rollback.txt`, stateText([...run, ...back]))
  })

  test('are resumed: what was done is not done again', async () => {
    const now = await world('run')
    const tried = await tryRun(partsOf(now), { before: await readJournal(at('run.jsonl')) })
    expect(tried.outcome).toBe('ok')
    expect(now.rows).toEqual({ one: ['seed', 's1', 's2'], two: ['seed', 's1', 's2'] })
    expect(now.keys).toEqual({ 'a.conf': 'new', 'b.conf': 'new', 'a.state': 'started', 'b.state': 'started' })
  })

  test('are rolled back, from the run and from the rollback that crashed', async () => {
    const run = await readJournal(at('run.jsonl'))
    const back = await readJournal(at('rollback.jsonl'))
    for (const [name, before] of [
      ['run', run],
      ['rollback', [...run, ...back]],
    ] as const) {
      const now = await world(name)
      expect((await tryBack(partsOf(now), { before })).outcome).toBe('ok')
      const { keys, rows } = freshWorld()
      expect({ keys: now.keys, rows: now.rows }, name).toEqual({ keys, rows })
    }
  })
})

test('what is written now is what the newest fixture says', async () => {
  for (const name of ['run.jsonl', 'rollback.jsonl']) {
    const kept = join(fixtures, `v${newestVersion}`, name)
    await writeJournal(join(folder, name), await readJournal(kept))
    expect(await readFile(join(folder, name), 'utf8')).toBe(await readFile(kept, 'utf8'))
  }
})

/** What resume and rollback go by, one task a line. */
function stateText(events: readonly Stamped[]): string {
  const { tasks, approved, outcome } = fold(events)
  const lines = [...tasks].map(
    ([id, { status, begun, attempt, undos, undoing, undo, remembered, input, output }]) =>
      `${id}: ${stableText({ status, begun, attempt, undos, undoing, undo, remembered, input, output })}`,
  )
  const rest = { approved: [...approved], outcome: outcome ?? null }
  return [...lines.sort(), stableText(rest), ''].join('\n')
}
