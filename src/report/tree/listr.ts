import { Listr } from 'listr2'
import { type Stage, TreeRenderer } from './renderer.ts'
import type { WaveRow } from './rows.ts'

export type { Stage } from './renderer.ts'

/** Listr2's tree of a run's waves. Its tasks are promises that follow the rows: it draws, and decides nothing. */
export interface Tree {
  /** The wave has changed. */
  follow(wave: WaveRow): void
  /** Settles whatever is open. */
  end(): void
}

interface Gate {
  readonly passed: Promise<void>
  open(): void
}

/** Starts listr2 on these waves, all waiting, drawing on the stage. */
export function drawTree(waves: readonly WaveRow[], stage: Stage): Tree {
  const gates = new Map(waves.map((wave) => [wave, { begun: gate(), over: gate() }] as const))
  const list = new Listr<unknown, typeof TreeRenderer, typeof TreeRenderer>(
    [...gates].map(([wave, { begun, over }]) => ({
      title: wave.play,
      rendererOptions: { wave },
      task: async (_context, task) => {
        await begun.passed
        return task.newListr(
          wave.hosts.map((host) => ({
            title: host.name,
            rendererOptions: { host },
            task: async () => {
              await over.passed
              if (host.state === 'failed') throw new Error(host.doing)
            },
          })),
          { concurrent: true, exitOnError: false },
        )
      },
    })),
    {
      renderer: TreeRenderer,
      rendererOptions: { stage },
      fallbackRenderer: TreeRenderer,
      fallbackRendererOptions: { stage },
      concurrent: true,
      exitOnError: false,
      registerSignalListeners: false,
    },
  )
  // Its errors are the hosts' failures, which the rows have.
  list.run().catch(() => {})
  return {
    follow(wave) {
      if (wave.state !== 'waiting') gates.get(wave)?.begun.open()
      if (wave.state === 'done') gates.get(wave)?.over.open()
    },
    end() {
      for (const { begun, over } of gates.values()) {
        begun.open()
        over.open()
      }
    },
  }
}

function gate(): Gate {
  let open = () => {}
  const passed = new Promise<void>((resolve) => {
    open = resolve
  })
  return { passed, open }
}
