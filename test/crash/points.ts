import fc from 'fast-check'
import type { Part } from '../../src/model/playbook.ts'
import { type Trial, type Tried, tryBack, tryRun } from '../support/engine.ts'
import { partsOf, type Shape, shapes, shapeText } from './shape.ts'
import { fresh, marked, seenOf, type World } from './world.ts'

type CrashAt = NonNullable<Trial['crashAt']>

/** How many points were tried: of a run, and of a rollback that was killed again. */
export interface Counted {
  readonly runs: number
  readonly rollbacks: number
}

/**
 * Kills the controller just before and just after each append of generated playbooks, and with the power, until so many
 * points were tried. From each: resumed, the fleet is as undisturbed; rolled back, as before; killed again in the middle
 * of that, a second rollback brings it to the same. Throws with the smallest playbook for which it is not so.
 */
export async function crashEverywhere(points: number): Promise<Counted> {
  let runs = 0
  let rollbacks = 0
  const shape = async (made: Shape) => {
    if (runs >= points) return
    const calm = fresh()
    const { outcome } = await tryRun(partsOf(made, calm))
    if (outcome !== 'ok') throw new Error(`undisturbed: ${outcome}\n${shapeText(made)}`)
    for (const crashAt of crashes()) {
      if (runs >= points) return
      const world = fresh()
      const parts = partsOf(made, world)
      const crashed = await tryRun(parts, { crashAt })
      // There is no nth append: after the last `n` comes the next way to die, until none finds a point.
      if (crashed.outcome !== 'crash') return
      runs += 1
      const told = () => `${shapeText(made)}\n${crashText(crashAt)}\n${eventText(crashed)}`
      rollbacks += await goneOn(crashed, { parts, world, calm: seenOf(calm), again: 1 + (runs % 17), told })
    }
  }
  await fc.assert(fc.asyncProperty(shapes, shape), { numRuns: points })
  return { runs, rollbacks }
}

function* crashes(): Generator<CrashAt> {
  for (let n = 1; ; n++) {
    yield { n, after: false }
    yield { n, after: true }
    yield { n, after: true, unsynced: true }
  }
}

interface Scene {
  readonly parts: readonly Part[]
  readonly world: World
  /** The fleet after a run that nothing disturbed. */
  readonly calm: string
  /** At which append the rollback is killed. */
  readonly again: number
  readonly told: () => string
}

/** Goes on from a crash in each way; answers how many rollbacks were killed on the way. */
async function goneOn(crashed: Tried, { parts, world, calm, again, told }: Scene): Promise<number> {
  const back = marked(world)
  const ends = (tried: Tried, what: string, wanted: string) => {
    if (tried.outcome === 'ok' && seenOf(world) === wanted) return
    throw new Error(`${what}: ${tried.outcome}\n${seenOf(world)}, and not\n${wanted}\n${told()}`)
  }
  ends(await tryRun(parts, { before: crashed.events }), 'resumed', calm)
  back()
  ends(await tryBack(parts, { before: crashed.events }), 'rolled back', seenOf(fresh()))
  back()
  const killed = await tryBack(parts, {
    before: crashed.events,
    crashAt: { n: again, after: again % 2 === 0 },
  })
  if (killed.outcome !== 'crash') return 0
  ends(
    await tryBack(parts, { before: killed.events }),
    `killed at ${again} while rolled back`,
    seenOf(fresh()),
  )
  return 1
}

const crashText = ({ n, after, unsynced }: CrashAt): string =>
  `killed ${after ? 'after' : 'before'} append ${n}${unsynced ? ', the power gone' : ''}`

const eventText = ({ events }: Tried): string =>
  events.map((event) => ('task' in event ? `${event.type} ${event.task}` : event.type)).join('\n')
