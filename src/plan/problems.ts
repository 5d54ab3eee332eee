import { accountOf } from '../model/account.ts'
import { evaluate, evaluateGate, tasksOf } from '../model/evaluate.ts'
import { stableText } from '../model/json.ts'
import { didYouMean } from '../model/nearest.ts'
import { isPlay, type Play } from '../model/play.ts'
import type { Part } from '../model/playbook.ts'
import {
  hostsOf,
  type PlayPhase,
  playsOf,
  type Schedule,
  type TaskAt,
  tasksAndHandlers,
} from '../model/schedule.ts'
import { fold, type State } from '../model/state.ts'
import { rolloutProblems } from './rollout-problems.ts'

/** What is wrong with the list that a playbook returned. */
export function partProblems(parts: readonly Part[]): readonly string[] {
  const problems: string[] = []
  const seen = new Set<string>()
  for (const part of parts) {
    if (seen.has(part.name)) problems.push(`the name "${part.name}" is used twice in the list`)
    if (part.name.includes('/')) problems.push(`the name "${part.name}" has a slash in it`)
    if (isPlay(part)) {
      for (const point of part.options.restoredBy ?? [])
        if (!seen.has(point.name))
          problems.push(`play "${part.name}" is restored by "${point.name}", which does not stand before it`)
      problems.push(...nameProblems(part))
      const names = part.hosts.map((host) => host.name)
      const once = new Set<string>()
      const twice = names.find((name) => once.size === once.add(name).size)
      if (twice !== undefined) problems.push(`play "${part.name}" has "${twice}" twice among its hosts`)
    }
    seen.add(part.name)
  }
  return problems
}

/** What is wrong with the names in a play, which the compiler sees only as long as they are not made by a program. */
function nameProblems(play: Play): readonly string[] {
  const problems: string[] = []
  const seen = new Set<string>()
  for (const { name, place } of [...tasksAndHandlers(play), ...play.blocks]) {
    const where = place === undefined ? '' : ` (${place})`
    if (seen.has(name)) problems.push(`play "${play.name}": the name "${name}" is used twice in it${where}`)
    if (name.includes('/')) problems.push(`play "${play.name}": the name "${name}" has a slash in it${where}`)
    seen.add(name)
  }
  const handlers = play.handlers.map((handler) => handler.name)
  for (const { name, options, place } of play.steps)
    for (const handler of [options.notify ?? []].flat())
      if (!handlers.includes(handler))
        problems.push(
          `play "${play.name}": its task "${name}" notifies "${handler}", and the play has no such handler${didYouMean(handler, handlers)}${place === undefined ? '' : ` (${place})`}`,
        )
  return problems
}

/** What is wrong with the tasks, as far as they are known without a connection: each is evaluated twice and compared. */
export function playProblems(schedule: Schedule, inventory?: ReadonlySet<string>): readonly string[] {
  const state = fold([])
  const rollouts = playsOf(schedule).flatMap(({ play, waves }) =>
    rolloutProblems(play, waves).map((problem) => `play "${play.name}" ${problem}`),
  )
  const gates = schedule.phases.filter((phase) => phase.kind === 'approval' || phase.kind === 'conclusion')
  const wrongGates = gates.flatMap((gate) => {
    const asked = evaluateGate(schedule, state, gate)
    return 'kind' in asked && asked.kind === 'wrong' ? [`"${gate.name}": ${asked.problem}`] : []
  })
  return [
    ...rollouts,
    ...wrongGates,
    ...playsOf(schedule).flatMap((phase) => phaseProblems(schedule, state, phase, inventory)),
  ]
}

function phaseProblems(
  schedule: Schedule,
  state: State,
  phase: PlayPhase,
  inventory: ReadonlySet<string> | undefined,
): readonly string[] {
  return hostsOf(phase).flatMap((host) =>
    tasksAndHandlers(phase.play).flatMap((step) => {
      const tasks = tasksOf(schedule, state, phase, host, step)
      const where = (id: string) => `${id}${step.place === undefined ? '' : ` (${step.place})`}`
      if ('kind' in tasks)
        return tasks.kind === 'wrong'
          ? [`${where(`${phase.play.name}/${host.name}/${step.name}`)}: ${tasks.problem}`]
          : []
      return tasks.flatMap((task) =>
        taskProblems(schedule, state, task, inventory).map((problem) => `${where(task.id)}: ${problem}`),
      )
    }),
  )
}

function taskProblems(
  schedule: Schedule,
  state: State,
  task: TaskAt,
  inventory: ReadonlySet<string> | undefined,
): readonly string[] {
  const first = evaluate(schedule, state, task)
  const again = evaluate(schedule, state, task)
  if (first.kind === 'wrong') return [first.problem]
  if (first.kind !== 'action') return []
  const { play } = task.phase
  const problems: string[] = []
  if (inventory !== undefined && !inventory.has(first.machine.name))
    problems.push(
      `it is delegated to "${first.machine.name}", which is not in the inventory${didYouMean(first.machine.name, inventory)}`,
    )
  if (again.kind !== 'action' || stableText(again.action.input) !== stableText(first.action.input))
    problems.push(
      'its function gives something else when it is called again: it must depend on its arguments alone',
    )
  const { become, user } = accountOf(play, task.step)
  if (user !== undefined && become === undefined)
    problems.push(`becomeUser "${user}" is of no use without become: say become: true beside it`)
  const { work } = first.action
  if (play.options.collect === true && work.kind === 'change')
    problems.push('a collecting play only observes, and this task changes something')
  if (
    work.kind === 'change' &&
    typeof work.undo === 'object' &&
    work.undo.kind === 'restored' &&
    !play.options.restoredBy?.length
  )
    problems.push(`${first.action.module} is undone by a restore point, and the play names none (restoredBy)`)
  return problems
}
