import type { ListrTaskObject } from 'listr2'
import { activeLines, finishedLines, type Look } from './frame.ts'
import type { Region } from './region.ts'
import type { HostRow, WaveRow } from './rows.ts'

/** Where the renderer draws, and how it is woken. */
export interface Stage {
  readonly region: Region
  look(): Look
  now(): number
  /** What stays on the screen since the last time: waves that are over, and lines that belong to none (approvals). */
  takeKept(): readonly (WaveRow | string)[]
  /** Hands over what draws; the reporter calls it at most ten times a second. */
  attach(draw: () => void): void
}

type Node = ListrTaskObject<unknown, typeof TreeRenderer, typeof TreeRenderer>

/** Draws listr2's tree of waves and hosts: a window of what is under way, and one line for each wave that is over. */
export class TreeRenderer {
  static readonly nonTTY = true
  static readonly rendererOptions: { stage?: Stage } = {}
  static readonly rendererTaskOptions: { wave?: WaveRow; host?: HostRow } = {}
  private readonly tasks: readonly Node[]
  private readonly stage: Stage | undefined

  constructor(tasks: Node[], options: { stage?: Stage } = {}) {
    this.tasks = tasks
    this.stage = options.stage
  }

  /** Listr2 calls it once, when the tree starts. */
  render(): void {
    this.stage?.attach(() => this.draw())
  }

  /** Nothing: listr2 may find out late that all is over, and the screen is somebody else's by then. */
  end(): void {}

  private draw(): void {
    if (this.stage === undefined) return
    const look = this.stage.look()
    const nodes = new Map<WaveRow, Node>()
    for (const task of this.tasks) {
      const wave = task.rendererTaskOptions?.wave
      if (wave !== undefined) nodes.set(wave, task)
    }
    const waves = [...nodes.keys()]
    const hostsOf = (wave: WaveRow) =>
      nodes.get(wave)?.subtasks?.flatMap((task) => task.rendererTaskOptions?.host ?? []) ?? wave.hosts
    this.stage.region.draw(
      this.stage
        .takeKept()
        .flatMap((kept) => (typeof kept === 'string' ? [kept] : finishedLines(kept, look))),
      activeLines(waves, hostsOf, look, this.stage.now()),
    )
  }
}
