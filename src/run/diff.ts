import type { Change, On } from '../model/action.ts'
import { unifiedDiff } from '../model/diff.ts'
import { seconds } from '../model/duration.ts'
import type { Json } from '../model/json.ts'
import type { TaskAt } from '../model/schedule.ts'
import { type RunContext, tell } from './context.ts'
import { withDeadline } from './deadline.ts'

/** More lines than a person reads; the rest is counted. */
const mostLines = 400

/** With `--diff`: tells what a change is about to make different. That it cannot be told is no reason not to do it. */
export async function tellDiff(
  context: RunContext,
  task: TaskAt,
  work: Change<unknown>,
  input: Json,
  timeout: Parameters<typeof seconds>[0],
  bind: (signal: AbortSignal, isOver: () => boolean) => On,
): Promise<void> {
  const { diff } = work
  if (context.diff !== true || diff === undefined) return
  const ended = await withDeadline(seconds(timeout), context.interrupted, (signal, isOver) =>
    diff(bind(signal, isOver), input),
  )
  if (ended.kind !== 'done') {
    const why =
      ended.kind === 'threw' && ended.error instanceof Error ? ended.error.message : 'it took too long'
    tell(context, { type: 'task.diffed', task: task.id, lines: [`what would differ cannot be told: ${why}`] })
    return
  }
  // Before they are compared: a line whose secret stays the same does not differ.
  const lines = ended.value.flatMap(({ path, before, after }) =>
    unifiedDiff({ path, before: context.redact(before), after: context.redact(after) }),
  )
  if (lines.length === 0) return
  const more = lines.length - mostLines
  const shown = more > 0 ? [...lines.slice(0, mostLines), `... and ${more} more lines`] : lines
  tell(context, { type: 'task.diffed', task: task.id, lines: shown })
}
