import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { readOnly } from '../../src/connect/read-only.ts'
import type { Action, Change, On } from '../../src/model/action.ts'
import type { Connection } from '../../src/model/connection.ts'
import { type Diff, unifiedDiff } from '../../src/model/diff.ts'
import { fromPlain, type Json, stableText } from '../../src/model/json.ts'
import { endJobs } from '../../src/run/on.ts'
import { onOver } from '../support/local-on.ts'
import type { Place } from '../support/places.ts'
import { contracts } from './contracts.ts'
import { cutOff, type Recorder, recording } from './recorder.ts'

/** One change of a module, made in a directory of its own. */
export interface ChangeCase {
  /** What it shows. */
  readonly name: string
  /** Makes what the directory holds before. */
  prepare(dir: string): void | Promise<void>
  /** The change, of things in that directory. */
  action(dir: string): Action
  /** What must not be seen of it in a diff or a command: the values of secrets. */
  readonly hidden?: readonly string[]
  /** Round trips of a check that finds nothing to do; 1 unless it is said why not. */
  readonly trips?: number
  /** What a check says of it in another run, where that is not the output. */
  readonly already?: Json
  /** Its work is somebody's command: nothing is known of it afterwards but what its guards tell, and those alone keep it from running twice. */
  readonly guarded?: true
  /** Only doing can tell whether it is so already: it is done each time. */
  readonly unchecked?: () => Promise<undefined>
  /** What is compared, where it is not all that the directory holds: the state of a service or a load balancer. */
  look?(dir: string): string | Promise<string>
}

/** Names, kinds, modes, owners, links, attributes and content of all that is in a directory; times only of files. */
export const seen = (dir: string): string =>
  execFileSync(
    'bash',
    [
      '-c',
      `cd "$1" && find . -printf '%y %m %U %G %P -> %l\\0' | LC_ALL=C sort -z | tr '\\0' '\\n'
find . -type f -printf '%P %T@\\0' | LC_ALL=C sort -z | tr '\\0' '\\n'
find . -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum`,
      'bash',
      dir,
    ],
    { encoding: 'latin1' },
    // Busybox keeps no parts of a second.
  ).replaceAll(/ (\d+)\.\d{10}$/gm, ' @$1')

/**
 * What every change keeps: it says whether it is so already, by reading and in one round trip; it is done twice as once; it
 * is undone to the byte, twice too, and wherever it was cut off; cut off, it can be gone on with.
 */
export function changeContract(
  title: string,
  open: () => Promise<Place>,
  cases: readonly ChangeCase[],
): void {
  describe(`the contract of a change: ${title}`, () => {
    const { ran, sceneFor } = stageAt(open)

    describe.each(cases.map((one) => [one.name, one] as const))('%s', (_name, one) => {
      let scene: Scene
      const see = async (dir: string) => (await one.look?.(dir)) ?? seen(dir)
      const timeless = async (dir: string) => timelessOf(await see(dir))
      beforeEach(async () => {
        scene = await sceneFor(one)
      })

      test('is looked at by reading alone, and shown without secrets', async () => {
        const { work, input, on, recorder, dir } = scene
        const before = await see(dir)
        const looking = on(readOnly(recorder.connection))
        expect(await work.check(looking, input, undefined)).toBeUndefined()
        const diffs = (await work.diff?.(looking, input)) ?? []
        expect(recorder.changing).toBe(0)
        expect(await see(dir)).toBe(before)
        const shown = diffs.flatMap((diff: Diff) => unifiedDiff(diff)).join('\n')
        if (work.diff !== undefined) expect(shown).not.toBe('')
        for (const value of one.hidden ?? [])
          for (const text of [shown, ...recorder.texts]) expect(text).not.toContain(value)
      })

      test('is done once, and taken back whole, however often', async () => {
        const { work, input, on, recorder, dir, kept } = scene
        const before = await see(dir)
        const doing = on(recorder.connection)
        const memory = kept(await work.remember(doing, input))
        expect(await see(dir)).toBe(before)
        const out = await work.apply(doing, input, memory)
        const after = await see(dir)
        expect(await timeless(dir)).not.toBe(timelessOf(before))
        recorder.calls = 0
        const again = on(readOnly(recorder.connection))
        const found = one.already ?? (one.guarded ? expect.objectContaining({ ran: false }) : out)
        expect(await work.check(again, input, undefined)).toEqual(found)
        expect(recorder.calls).toBe(one.trips ?? 1)
        expect(await work.check(again, input, memory)).toEqual(one.guarded ? found : out)
        expect(await see(dir)).toBe(after)
        if (!one.guarded) expect(await work.apply(doing, input, memory)).toEqual(out)
        expect(await timeless(dir)).toBe(timelessOf(after))
        await undo(work, doing, input, memory)
        expect(await see(dir)).toBe(before)
        await undo(work, doing, input, memory)
        expect(await see(dir)).toBe(before)
        for (const value of one.hidden ?? [])
          for (const text of [stableText(memory), ...recorder.texts]) expect(text).not.toContain(value)
      })

      test('is taken back where it was remembered and not begun', async () => {
        const { work, input, on, recorder, dir, kept } = scene
        const before = await see(dir)
        const doing = on(recorder.connection)
        await work.remember(doing, input)
        const memory = kept(await work.remember(doing, input))
        await undo(work, doing, input, memory)
        expect(await see(dir)).toBe(before)
      })

      test('cut off anywhere, is taken back whole, and gone on with', async () => {
        const { work, input, on, recorder, dir, kept } = scene
        const before = await see(dir)
        const doing = on(recorder.connection)
        let memory = kept(await work.remember(doing, input))
        await work.apply(doing, input, memory)
        const after = await timeless(dir)
        await undo(work, doing, input, memory)
        for (const when of ['before', 'after'] as const)
          for (let at = 1; ; at++) {
            memory = kept(await work.remember(doing, input))
            const cut = await cutOff(recorder, { at, when }, () => work.apply(doing, input, memory))
            if (!cut) {
              await undo(work, doing, input, memory)
              break
            }
            await undo(work, doing, input, memory)
            expect(await see(dir), `undone after a cut ${when} call ${at}`).toBe(before)
            memory = kept(await work.remember(doing, input))
            await cutOff(recorder, { at, when }, () => work.apply(doing, input, memory))
            if ((await work.check(doing, input, memory)) === undefined) await work.apply(doing, input, memory)
            expect(await timeless(dir), `gone on with after a cut ${when} call ${at}`).toBe(after)
            const undoing = await cutOff(recorder, { at, when }, () => undo(work, doing, input, memory))
            if (undoing) await undo(work, doing, input, memory)
            expect(await see(dir), `undone, the undo cut ${when} call ${at}`).toBe(before)
          }
        expect(await see(dir)).toBe(before)
      })
    })

    test('is run for the modules that say so', () => {
      const named = Object.keys(contracts).filter((name) => contracts[name]?.includes(title))
      expect(named.filter((name) => !ran.has(name))).toEqual([])
    })
  })
}

type Full = Change<unknown>
/** A change with a check and a memory. */
type Whole = Full & {
  readonly check: NonNullable<Full['check']>
  readonly remember: NonNullable<Full['remember']>
}

/** One change in one directory. */
export interface Scene {
  readonly module: string
  readonly dir: string
  readonly work: Whole
  readonly input: Json
  readonly recorder: Recorder
  on(connection: Connection): On
  /** A memory as the journal gives it back. */
  kept(memory: Json): Json
}

/** Where the cases of a contract are tried: a place that is opened once, and a scene for each try in a directory of its own. */
export function stageAt(open: () => Promise<Place>): {
  /** Modules that were tried so far. */
  readonly ran: ReadonlySet<string>
  sceneFor(one: ChangeCase): Promise<Scene>
} {
  let place: Place | undefined
  let number = 0
  const ran = new Set<string>()
  beforeAll(async () => {
    place = await open()
    await place.connection().workdir()
  })
  afterAll(() => place?.stop())
  return {
    ran,
    sceneFor: async (one) => {
      if (place === undefined) throw new Error('there is no place to try it on')
      const dir = join(place.scratch, `${++number}`)
      mkdirSync(dir)
      await one.prepare(dir)
      const scene = sceneOf(one, place, dir, number)
      ran.add(scene.module)
      return scene
    },
  }
}

/** A change with what goes over its connection, as the engine does it: each doing is a try of its own. */
function sceneOf(one: ChangeCase, place: Place, dir: string, number: number): Scene {
  const { module, work, input } = one.action(dir)
  if (work.kind !== 'change') throw new Error(`${one.name} is no change`)
  const { check = one.unchecked, remember } = work
  if (check === undefined) throw new Error(`${one.name} does not check`)
  // As the engine does: each doing is a try with jobs of its own, and those of the try before are ended first.
  const task = `play/here/task ${number}`
  let tries = 0
  let started = false
  const anew = async () => {
    tries += 1
    if (started) await endJobs(place.connection(), ['run-1'], task)
    started = false
  }
  const { undo } = work
  const recorder = recording(place.connection())
  return {
    module,
    dir,
    work: {
      ...work,
      check,
      remember: remember ?? (async () => null),
      apply: async (...given) => {
        await anew()
        return work.apply(...given)
      },
      ...(typeof undo === 'function' && {
        undo: async (...given: Parameters<typeof undo>) => {
          await anew()
          await undo(...given)
        },
      }),
    },
    input: fromPlain(JSON.parse(stableText(input))),
    recorder,
    on: (connection) => {
      const { on } = onOver(connection, task)
      return {
        ...on,
        peer: async () => recorder.over((place.peer ?? place.connection)()),
        job: (name, ...rest) => {
          started = true
          return on.job(`${name}-${tries}`, ...rest)
        },
      }
    },
    kept: (memory) => fromPlain(JSON.parse(stableText(memory))),
  }
}

/** The same without times: for what may be written twice. */
export const timelessOf = (text: string): string => text.replaceAll(/ @\d+$/gm, '')

async function undo(work: Change<unknown>, on: On, input: Json, memory: Json): Promise<void> {
  if (typeof work.undo !== 'function') throw new Error('it has no undo of its own')
  await work.undo(on, input, memory)
}
