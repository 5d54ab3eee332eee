import { evaluate, tasksOf } from '../model/evaluate.ts'
import type { Play, Step } from '../model/play.ts'
import { hostsOf, type PlayPhase, playsOf, type Schedule, taskId } from '../model/schedule.ts'
import { fold } from '../model/state.ts'

/**
 * What is wrong with leaving tasks out: a task that stays reads the output of one that goes, or rests on a restore point
 * that goes. Found by calling the task's function with outputs that end it when they are used, so that what it takes
 * before that is seen.
 */
export function leftOutProblems(schedule: Schedule): readonly string[] {
  const plays = playsOf(schedule)
  if (plays.every(({ play }) => play.leftOut === undefined)) return []
  return plays.flatMap((phase) => [
    ...phase.play.steps.flatMap((step) =>
      [...new Set(readsOf(plays, phase, step))].map(
        (what) => `${phase.play.name}/${step.name} needs the output of ${what}`,
      ),
    ),
    ...pointProblems(schedule, phase),
  ])
}

function readsOf(plays: readonly PlayPhase[], phase: PlayPhase, step: Step): readonly string[] {
  const found: string[] = []
  const [host] = hostsOf(phase)
  if (host === undefined) return []
  const outputs = ({ name: of }: Play) => {
    const play = plays.find((one) => one.play.name === of)?.play
    return new Proxy(
      {},
      {
        get: (_, name) => {
          const words = play?.leftOut?.get(String(name))
          if (words !== undefined) found.push(`${of}/${String(name)}, which ${words} leaves out`)
          return unknown
        },
      },
    )
  }
  const from = Object.assign((play: Play) => outputs(play), {
    all: (play: Play) => [{ host, results: outputs(play) }],
  })
  const own = outputs(phase.play)
  const seen = new Proxy(
    {},
    {
      get: (_, name) =>
        name === 'host'
          ? host
          : name === 'from'
            ? from
            : name === 'failure'
              ? unknown
              : Reflect.get(own, name),
    },
  )
  try {
    step.make(seen as never)
  } catch {
    // It used what is not there yet: what it took before is what counts.
  }
  return found
}

/** An output that nobody has: whoever uses it goes no further. */
const unknown: unknown = new Proxy(() => {}, {
  get: () => {
    throw new Error('not there')
  },
  apply: () => {
    throw new Error('not there')
  },
})

function pointProblems(schedule: Schedule, phase: PlayPhase): readonly string[] {
  const nothing = fold([])
  const points = playsOf(schedule).filter(({ play }) =>
    phase.play.options.restoredBy?.some((point) => point.name === play.name),
  )
  const gone = points.find(({ play }) => play.leftOut !== undefined)
  if (gone === undefined) return []
  const resting = phase.play.steps.find((step) =>
    hostsOf(phase).some((host) => {
      const tasks = tasksOf(schedule, nothing, phase, host, step)
      if ('kind' in tasks) return true
      return tasks.some((task) => {
        const made = evaluate(schedule, nothing, task)
        if (made.kind === 'later') return true
        const undo =
          made.kind === 'action' && made.action.work.kind === 'change' ? made.action.work.undo : undefined
        return typeof undo === 'object' && undo.kind === 'restored'
      })
    }),
  )
  if (resting === undefined) return []
  const words = [...(gone.play.leftOut?.values() ?? [])][0] ?? ''
  return [
    `${taskId(phase.play.name, '*', resting.name)} is brought back by the restore point "${gone.play.name}", which ${words} leaves out`,
  ]
}
