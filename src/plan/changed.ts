import { evaluate, tasksOf } from '../model/evaluate.ts'
import { hostsOf, playsOf, type Schedule, taskId, tasksAndHandlers } from '../model/schedule.ts'
import { isDone, type State } from '../model/state.ts'
import { digestOf } from './digest.ts'

/** How two versions of a playbook differ for a run that is half done, tasks by their ids. */
export interface ChangedPlaybook {
  readonly done: number
  readonly pending: number
  readonly onlyOld: readonly string[]
  readonly onlyNew: readonly string[]
  /** In both, with another module or input; `done` ones stay as they were done. */
  readonly other: readonly { readonly task: string; readonly text: string; readonly done: boolean }[]
  /** Changes that began and that the new version does not give any more, each with why: their undo cannot be found. */
  readonly lost: readonly string[]
}

/** What a task would be: in words, and by a text that is equal for equal tasks. */
interface Given {
  readonly module: string | undefined
  readonly words: string
  readonly key: string
}

/** Compares what a playbook gave when a run began with what it gives now, as far as the run's state lets tasks be known. */
export function changedPlaybook(old: Schedule, fresh: Schedule, state: State): ChangedPlaybook {
  const [before, now] = [givenBy(old, state), givenBy(fresh, state)]
  const done = (id: string) => isDone(state.tasks.get(id))
  const both = [...now.keys()].filter((id) => before.has(id))
  return {
    done: [...state.tasks.keys()].filter(done).length,
    pending: [...now.keys()].filter((id) => !done(id)).length,
    onlyOld: [...before.keys()].filter((id) => !now.has(id)),
    onlyNew: [...now.keys()].filter((id) => !before.has(id)),
    other: both.flatMap((task) => {
      const [was, is] = [before.get(task), now.get(task)]
      if (was === undefined || is === undefined || was.key === is.key) return []
      const text = was.words === is.words ? `${is.words} with another input` : `${was.words} -> ${is.words}`
      return [{ task, text, done: done(task) }]
    }),
    lost: [...state.tasks].flatMap(([id, task]) => {
      if (!task.begun) return []
      const given = now.get(id)
      if (given?.module === task.module) return []
      return [
        `${id}: it was begun by ${task.module}, and the playbook now has ${given?.words ?? 'no such task'}`,
      ]
    }),
  }
}

function givenBy(schedule: Schedule, state: State): ReadonlyMap<string, Given> {
  const all = new Map<string, Given>()
  for (const phase of playsOf(schedule))
    for (const host of hostsOf(phase))
      for (const step of tasksAndHandlers(phase.play)) {
        const tasks = tasksOf(schedule, state, phase, host, step)
        if ('kind' in tasks) {
          const words = tasks.kind === 'later' ? 'what is known later' : 'a mistake'
          all.set(taskId(phase.play.name, host.name, step.name), { module: undefined, words, key: words })
          continue
        }
        for (const task of tasks) {
          const made = evaluate(schedule, state, task)
          if (made.kind === 'action') {
            const { module, input } = made.action
            all.set(task.id, { module, words: module, key: `${module} ${digestOf(input)}` })
          } else {
            const words = { skip: 'a skip', later: 'what is known later', wrong: 'a mistake' }[made.kind]
            all.set(task.id, { module: undefined, words, key: words })
          }
        }
      }
  return all
}

/** A difference for the person who is asked about it. */
export function changedText(file: string, changed: ChangedPlaybook): string {
  const list = (what: string, lines: readonly string[]) =>
    lines.length === 0
      ? []
      : [
          `  ${what}:`,
          ...lines.slice(0, 20).map((line) => `    ${line}`),
          ...(lines.length > 20 ? [`    and ${lines.length - 20} more`] : []),
        ]
  const same = changed.onlyOld.length + changed.onlyNew.length + changed.other.length === 0
  return [
    `${file} is not what this run began with.`,
    `  done: ${changed.done} tasks, which keep what they gave; pending: ${changed.pending}`,
    ...(same ? ['  its tasks are the same, as far as they are known'] : []),
    ...list('only in the old', changed.onlyOld),
    ...list('only in the new', changed.onlyNew),
    ...list(
      'another module or input',
      changed.other.map(
        ({ task, text, done }) => `${task}: ${text}${done ? ' (done: it stays as it is)' : ''}`,
      ),
    ),
    '',
  ].join('\n')
}
