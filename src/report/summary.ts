import { hostsText, thingsOf } from '../model/count.ts'
import type { Outcome, Stamped, TaskResult } from '../model/event.ts'
import type { Reporter } from './reporter.ts'
import { clean, duration, oneLine, plural, taskNames } from './text.ts'
import { bad, countsText, outcomeText } from './words.ts'

/** What a summary cannot know from events. */
export interface SummaryOptions {
  /** Where the journal and the hosts' logs are. */
  readonly places?: readonly { readonly what: string; readonly path: string }[]
  /** What to type next, with what for. */
  readonly next?: (end: RunEnd) => readonly { readonly type: string; readonly for: string }[]
}

/** How a run ended, for whoever says what to do next. */
export interface RunEnd {
  readonly run: string
  readonly kind: 'run' | 'rollback'
  readonly outcome: Outcome
  readonly check: boolean
  /** Whether any change began, now or before a resume. */
  readonly changed: boolean
  /** Whether the playbook says that, once it has ended well, the fleet is as before. */
  readonly leavesAsFound: boolean
  /** Whether users are served since: a rollback must be confirmed. */
  readonly cutOver: boolean
}

type Ended = Extract<Stamped, { type: 'task.ended' }>

/** Says at the end of a run what was done, what failed and why, where everything is, and what to type next. */
export function summaryReporter(out: (text: string) => void, options: SummaryOptions = {}): Reporter {
  const tasks = new Map<string, Ended>()
  const undone = new Map<string, string | undefined>()
  let run = { run: '', kind: 'run' as 'run' | 'rollback', playbook: '', check: false }
  let changed = false
  let leavesAsFound = false
  let things: ReadonlySet<string> = new Set()
  let cutOver = false
  let due: Extract<Stamped, { type: 'due' }> | undefined
  let ended: Extract<Stamped, { type: 'run.ended' }> | undefined

  const print = (outcome: Outcome, seconds: number) => {
    const wrong = [...tasks.values()].filter(({ result }) => bad.has(result))
    const notUndone = [...undone].flatMap(([task, error]) =>
      error === undefined ? [] : [{ task, message: error }],
    )
    const { kind, check } = run
    const end: RunEnd = { run: run.run, kind, outcome, check, changed, leavesAsFound, cutOver }
    const lines = [
      '',
      `${run.kind === 'rollback' ? 'rollback of ' : ''}${oneLine(run.playbook)}: ${outcomeText(outcome)} (${duration(seconds)})`,
      `  run ${run.run}: ${workText(tasks, undone, things)}`,
      ...troubles('failed', wrong),
      ...troubles('not undone', notUndone),
      ...troubles('still due (a resume does it)', dueTasks(due)),
      ...table(options.places?.map(({ what, path }) => [`${what}:`, path]) ?? []),
      ...nextLines(options.next?.(end) ?? []),
      '',
    ]
    out(lines.join('\n'))
  }

  return {
    event(event) {
      if (event.type === 'run.started') run = event
      if (event.type === 'run.started' || event.type === 'run.resumed') {
        things = thingsOf(event.waves)
        leavesAsFound = event.leavesAsFound === true
      }
      if (event.type === 'run.resumed') {
        run = { ...run, run: event.run, playbook: event.playbook }
        changed = event.changed
      }
      if (event.type === 'task.started' && event.kind === 'change') changed = true
      if (event.type === 'cutover') cutOver = true
      if (event.type === 'task.ended') tasks.set(event.task, event)
      if (event.type === 'tasks.rewound') for (const task of event.tasks) tasks.delete(task)
      if (event.type === 'undo.ended') undone.set(event.task, event.error)
      if (event.type === 'due') due = event
      if (event.type === 'run.ended') ended = event
    },
    // Not before: whoever redraws the screen is done with it by then.
    end() {
      if (ended !== undefined) print(ended.outcome, ended.seconds)
      ended = undefined
    },
  }
}

function workText(
  tasks: ReadonlyMap<string, Ended>,
  undone: ReadonlyMap<string, string | undefined>,
  things: ReadonlySet<string>,
): string {
  const counts = new Map<TaskResult, number>()
  for (const { result } of tasks.values()) counts.set(result, (counts.get(result) ?? 0) + 1)
  const hosts = [...tasks.keys(), ...undone.keys()].map((task) => taskNames(task).host)
  const back = [...undone.values()].filter((error) => error === undefined).length
  const parts = [
    ...(tasks.size > 0 || undone.size === 0 ? [`${plural(tasks.size, 'task')}: ${countsText(counts)}`] : []),
    ...(undone.size > 0 ? [`${back} of ${plural(undone.size, 'change')} undone`] : []),
  ]
  return `${hostsText(hosts, things)}, ${parts.join('; ')}`
}

const dueTasks = (due: Extract<Stamped, { type: 'due' }> | undefined) => [
  ...(due?.blocks ?? []).map((task) => ({ task, message: 'its `always` has not followed' })),
  ...(due?.handlers ?? []).map((task) => ({ task, message: 'it was notified and not done' })),
]

function troubles(
  title: string,
  list: readonly { readonly task: string; readonly message?: string }[],
): readonly string[] {
  if (list.length === 0) return []
  const shown = list.slice(0, 20).flatMap(({ task, message }) => {
    const { play, host, task: name } = taskNames(task)
    const [first = '', ...more] = clean(message ?? '')
      .trimEnd()
      .split('\n')
    return [
      `  ${host} > ${play} > ${name}${first === '' ? '' : `: ${first}`}`,
      ...more.map((line) => `    ${line}`),
    ]
  })
  const rest = list.length > 20 ? [`  and ${list.length - 20} more`] : []
  return ['', `${title}:`, ...shown, ...rest]
}

function nextLines(next: readonly { readonly type: string; readonly for: string }[]): readonly string[] {
  if (next.length === 0) return []
  return ['', 'what to type next:', ...table(next.map((line) => [line.type, line.for])).slice(1)]
}

/** Two columns, under an empty line. */
function table(rows: readonly (readonly [string, string])[]): readonly string[] {
  if (rows.length === 0) return []
  const width = Math.max(...rows.map(([left]) => left.length))
  return ['', ...rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`.trimEnd())]
}
