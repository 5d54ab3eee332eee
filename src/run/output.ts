import type { TaskId } from '../model/action.ts'
import { type RunContext, tell } from './context.ts'

/** How many characters of output one doing of a task tells at most; the log on the machine has the rest. */
const most = 2 ** 20
const longestLine = 4096
/** Connections cut a line without end into pieces of this length (64 KiB). */
const longestPiece = 2 ** 16

/** Hears what the commands and jobs of one doing of a task print. */
export interface Output {
  /** Gives a listener that tells each line to the task's log, the heading before the first, and hands it on to `then`. */
  heard<Rest extends readonly unknown[]>(
    heading: string,
    then?: (line: string, ...rest: Rest) => void,
  ): (line: string, ...rest: Rest) => void
}

/** Tells output as events that the journal does not keep, until the task is over or has printed its share. */
export function outputOf(
  context: RunContext,
  { task, isOver }: { readonly task: TaskId; readonly isOver: () => boolean },
): Output {
  let told = 0
  const output = (line: string) => {
    if (isOver() || told > most) return
    told += line.length + 1
    tell(context, {
      type: 'task.output',
      task,
      line: told > most ? 'more was printed, and is left out' : line,
    })
  }
  return {
    heard: (heading, then) => {
      let begun = false
      let wasCut = false
      const { redact } = context
      return (line, ...rest) => {
        if (!begun) output(heading)
        begun = true
        // A secret may stand across the cuts: it is hidden before this one, and at that of a line without end.
        const isCut = line.length >= longestPiece
        const shown = isCut || wasCut ? (redact.cut ?? redact)(line) : line
        wasCut = isCut
        output(shown.length > longestLine ? `${redact(shown).slice(0, longestLine)} ...` : shown)
        then?.(line, ...rest)
      }
    },
  }
}
