import type { Stamped, WaveOutline } from '../model/event.ts'
import type { Reporter } from './reporter.ts'
import { cut } from './text.ts'
import type { Look } from './tree/frame.ts'
import { drawTree, type Stage, type Tree } from './tree/listr.ts'
import { openRegion } from './tree/region.ts'
import { makeRows, type Rows, type WaveRow } from './tree/rows.ts'
import { eventLines } from './words.ts'

/** The terminal that a tree is drawn on. */
export interface Screen {
  out(text: string): void
  look(): Look
  /** Milliseconds since 1970. */
  now(): number
  /** Calls again and again, so many milliseconds apart, until the function that it gives is called. */
  every(milliseconds: number, tick: () => void): () => void
}

/** Ten times a second is as often as an eye needs, and costs next to nothing however many events come. */
const redrawEvery = 100

/** Events that stand on the screen for good, as lines of their own. */
const noted = new Set<Stamped['type']>([
  'run.started',
  'run.resumed',
  'approved',
  'refused',
  'concluded',
  'cutover',
  'wave.soaking',
  'task.diffed',
  'stopped',
  'tasks.rewound',
])

/** The tree on a terminal: waves over hosts over the task under way. Drawn by listr2, decided by nobody but the events. */
export function treeReporter(screen: Screen): Reporter {
  let rows: Rows = makeRows([])
  let tree: Tree | undefined
  let draw = () => {}
  let stopClock: (() => void) | undefined
  let kept: (WaveRow | string)[] = []
  const region = openRegion(screen.out, () => screen.look().columns)
  const stage: Stage = {
    region,
    look: screen.look,
    now: screen.now,
    takeKept: () => kept.splice(0),
    attach: (given) => {
      draw = given
    },
  }
  const run = () => {
    stopClock ??= screen.every(redrawEvery, () => draw())
  }
  const pause = () => {
    stopClock?.()
    stopClock = undefined
    draw()
    region.close()
  }
  const begin = (waves: readonly WaveOutline[]) => {
    tree?.end()
    rows = makeRows(waves)
    tree = drawTree(rows.waves, stage)
    run()
  }

  const keep = (lines: readonly string[]) => {
    const { columns, unicode } = screen.look()
    kept.push(...lines.map((line) => cut(line, columns - 1, unicode ? '…' : '...')))
  }

  return {
    event(event) {
      if (event.type === 'run.started' || event.type === 'run.resumed') begin(event.waves)
      if (noted.has(event.type)) keep(eventLines(event))
      const wave = rows.take(event)
      if (wave === undefined) return
      tree?.follow(wave)
      if (event.type === 'wave.ended' || event.type === 'tasks.rewound') kept.push(wave)
    },
    note: (line) => keep([line]),
    pause,
    resume: run,
    end() {
      kept.push(...rows.leave(screen.now()))
      pause()
      tree?.end()
      tree = undefined
      draw = () => {}
      kept = []
    },
  }
}
