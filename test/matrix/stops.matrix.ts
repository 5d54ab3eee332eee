import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventsOn, stableHomes, timeless } from '../support/comparable.ts'
import { type FleetLab, fleetLab, playbookFile } from '../support/fleet.ts'
import { until } from '../support/until.ts'

// The controller is killed as soon as the journal says that a task ended, at each task of the way in its turn: once to be
// rolled back, once to be resumed. STOPS=2/8 takes the second eighth of them, STOPS=hold,dump those whose names hold one of
// these words.
const upgrade = playbookFile('to-3.0.0')
const share = process.env['STOPS'] ?? '1/1'

let lab: FleetLab
let before: { readonly dumps: Readonly<Record<string, string>>; readonly homes: ReadonlyMap<string, string> }
let after: Readonly<Record<string, string>>
let points: readonly string[]

beforeAll(async () => {
  lab = await fleetLab('127.131.0')
  before = await now()
  const { code, text } = await lab.run(upgrade, '--yes')
  expect(code, text).toBe(0)
  after = await lab.dumps()
  points = [...new Set((await ended()).map(pointOf))]
  await isBack(await lab.run('rollback', '--yes'))
})
afterAll(() => lab.end())

test('a stop after each task: rolled back as before, and resumed as if undisturbed', async () => {
  const wrong: string[] = []
  const chosen = points.filter(isChosen)
  for (const [index, point] of chosen.entries()) {
    for (const [what, go] of [
      ['rollback', async (id: string) => isBack(await lab.run('rollback', id, '--yes'))],
      ['resume', resumed],
    ] as const) {
      const started = performance.now()
      const outcome = await stopAt(point)
        .then(go)
        .then(() => 'as it must be')
        .catch((error: Error) => `WRONG: ${error.message}`)
      const seconds = ((performance.now() - started) / 1000).toFixed(0)
      process.stdout.write(`${index + 1}/${chosen.length} ${point}: ${what}: ${outcome} (${seconds} s)\n`)
      if (outcome !== 'as it must be') {
        wrong.push(`${point}: ${what}: ${outcome}`)
        await restored()
      }
    }
  }
  process.stdout.write(
    `${chosen.length} stops of ${points.length}, each twice: ${wrong.length} wrong outcomes\n`,
  )
  expect(chosen.length).toBeGreaterThan(0)
  expect(wrong).toEqual([])
})

function isChosen(point: string, index: number): boolean {
  const [, part, parts] = /^(\d+)\/(\d+)$/.exec(share) ?? []
  if (parts === undefined) return share.split(',').some((word) => point.includes(word))
  return index % Number(parts) === Number(part) - 1
}

/** Runs the upgrade, and kills it once the journal has the point for the first time. The run's id. */
async function stopAt(point: string): Promise<string> {
  const earlier = await latest()
  const run = lab.start(upgrade, '--yes', '--output', 'lines')
  let end: number | undefined
  void run.ended.then(({ code }) => {
    end = code
  })
  const isThere = async () =>
    (await latest()) !== earlier && (await ended()).some((id) => pointOf(id) === point)
  await until(async () => end !== undefined || isThere(), point, 300)
  const early = end
  run.signal('SIGKILL')
  const { text } = await run.ended
  const id = await latest()
  if (id === undefined || id === earlier || (early ?? 0) !== 0)
    throw new Error(`it ended with ${early} before the stop: ${text.slice(-3000)}`)
  return id
}

async function resumed(id: string): Promise<void> {
  const { code, text } = await lab.run('resume', id, '--yes')
  // A kill after the last event of all leaves a run that has ended.
  if (!text.includes('ended well')) expect(code, text.slice(-3000)).toBe(0)
  expect(timeless(await lab.dumps())).toEqual(timeless(after))
  await isBack(await lab.run('rollback', id, '--yes'))
}

async function isBack({ code, text }: { readonly code: number; readonly text: string }): Promise<void> {
  expect(code, text.slice(-3000)).toBe(0)
  const { dumps, homes } = await now()
  expect(eventsOn(dumps)).toEqual(eventsOn(before.dumps))
  expect(dumps).toEqual(before.dumps)
  expect(homes).toEqual(before.homes)
}

/** After a wrong outcome: the fleet as it was, by a new lab, so that one fault is not told of the points after it. */
async function restored(): Promise<void> {
  await lab.end()
  lab = await fleetLab('127.131.0')
  before = await now()
}

async function now() {
  return { dumps: await lab.dumps(), homes: stableHomes(await lab.trees(), '1.9.1') }
}

const runs = () => join(lab.cwd, '.upgrade-fleet/runs')

async function latest(): Promise<string | undefined> {
  return (await readdir(runs()).catch(() => [])).toSorted().at(-1)
}

/** The tasks that ended in the newest run, oldest first. */
async function ended(): Promise<readonly string[]> {
  const journal = await readFile(join(runs(), (await latest()) ?? '', 'journal.jsonl'), 'utf8').catch(
    () => '',
  )
  return [...journal.matchAll(/"type":"task\.ended","task":"([^"]*)"/g)].map(([, id]) => id ?? '')
}

/** A task without its host: the first host to end it is the point. */
function pointOf(id: string): string {
  const [play, , ...task] = id.split('/')
  return [play, ...task].join('/')
}
