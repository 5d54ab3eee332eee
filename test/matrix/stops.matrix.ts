import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventsOn, stableHomes, timeless } from '../support/comparable.ts'
import { type Ended, type FleetLab, fleetLab, playbookFile } from '../support/fleet.ts'
import { until } from '../support/until.ts'

// The controller is killed as soon as the journal says that a task ended, at each task of the way in its turn. One test rolls
// back from each point; the other goes through one upgrade that is killed at every point and resumed. STOPS=2/8 takes the
// second eighth of the points, STOPS=hold,dump those whose names hold one of these words, SHAPE=all-in-one another fleet.
const upgrade = playbookFile('to-3.0.0')
const share = process.env['STOPS'] ?? '1/1'
const shape = process.env['SHAPE'] ?? 'distributed'
const makeLab = () => fleetLab('127.131.0', '1.9.1', '--shape', shape)

/** The end of a command by SIGKILL: it has no exit code. */
const killed = -1

let lab: FleetLab
let before: { readonly dumps: Readonly<Record<string, string>>; readonly homes: ReadonlyMap<string, string> }
let after: Readonly<Record<string, string>>
let points: readonly string[]

beforeAll(async () => {
  lab = await makeLab()
  before = await now()
  const { code, text } = await lab.run(upgrade, '--yes')
  expect(code, text).toBe(0)
  after = await lab.dumps()
  points = [...new Set((await ended()).map(pointOf))]
  await isBack(await lab.run('rollback', '--yes'))
})
afterAll(() => lab.end())

test('one upgrade, killed after each task and resumed: as undisturbed, and rolled back as before', async () => {
  const chosen = new Set(points.filter(isChosen))
  const wanted = chosen.size
  const killedAt: string[] = []
  let id: string | undefined
  for (let over = false; !over; ) {
    const { stopped, ...end } = await killedAtNext(chosen, id)
    id = end.id
    for (const point of stopped) chosen.delete(point)
    if (end.code === killed) {
      killedAt.push(stopped.at(-1) ?? '')
      process.stdout.write(`kill ${killedAt.length}: ${stopped.join(', ')}\n`)
    }
    // A kill after the last event of all leaves a run that has ended.
    over = end.code === 0 || end.text.includes('has ended well')
    if (!over) expect(end.code, end.text.slice(-3000)).toBe(killed)
  }
  expect(id).toBeDefined()
  expect(timeless(await lab.dumps())).toEqual(timeless(after))
  await isBack(await lab.run('rollback', id ?? '', '--yes'))
  process.stdout.write(
    `${killedAt.length} kills at ${wanted} points of ${points.length} (some end together): resumed as undisturbed, rolled back as before\n`,
  )
  expect(killedAt.length).toBeGreaterThan(0)
})

test('a stop after each task: rolled back as before', async () => {
  const wrong: string[] = []
  const chosen = points.filter(isChosen)
  for (const [index, point] of chosen.entries()) {
    const started = performance.now()
    const outcome = await stopAt(point)
      .then(async (id) => isBack(await lab.run('rollback', id, '--yes')))
      .then(() => 'as it must be')
      .catch((error: Error) => `WRONG: ${error.message}`)
    const seconds = ((performance.now() - started) / 1000).toFixed(0)
    process.stdout.write(`${index + 1}/${chosen.length} ${point}: ${outcome} (${seconds} s)\n`)
    if (outcome !== 'as it must be') {
      wrong.push(`${point}: ${outcome}`)
      await restored()
    }
  }
  process.stdout.write(
    `${chosen.length} stops of ${points.length}: ${wrong.length} not rolled back as before\n`,
  )
  expect(chosen.length).toBeGreaterThan(0)
  expect(wrong).toEqual([])
})

/** Starts or resumes the one upgrade, and kills it as soon as one more of the points has been passed: those that were, by then. */
async function killedAtNext(
  left: ReadonlySet<string>,
  id: string | undefined,
): Promise<Ended & { readonly id: string; readonly stopped: readonly string[] }> {
  const earlier = id ?? (await latest())
  const run =
    id === undefined
      ? lab.start(upgrade, '--yes', '--output', 'lines')
      : lab.start('resume', id, '--yes', '--output', 'lines')
  let over = false
  void run.ended.then(() => {
    over = true
  })
  const mine = async () => id ?? ((await latest()) === earlier ? undefined : latest())
  const passed = async () =>
    (await mine()) === undefined
      ? []
      : [...new Set((await ended()).map(pointOf))].filter((point) => left.has(point))
  await until(async () => over || (await passed()).length > 0, 'the next point', 300)
  const early = over
  run.signal('SIGKILL')
  const { code, text } = await run.ended
  const now = await mine()
  if (now === undefined) throw new Error(`It ended with ${code} before a run was begun: ${text.slice(-3000)}`)
  return { code: early ? code : killed, text, id: now, stopped: await passed() }
}

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
  lab = await makeLab()
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
