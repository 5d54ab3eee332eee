import { InputError } from '../model/errors.ts'
import type { Stamped } from '../model/event.ts'
import type { Io } from '../model/io.ts'
import { taskParts } from '../model/schedule.ts'
import { oneLine, plural } from '../report/text.ts'
import type { Loss } from '../run/cutover.ts'
import { askForWord } from './ask.ts'

/** A rollback that goes back behind a cut-over, and that nobody has confirmed: nothing was changed. */
export class AfterCutover extends InputError {}

/**
 * Lets a rollback go behind a cut-over only when somebody says so: by `--after-cutover` with the run's id, or by typing the
 * id on the terminal. Says what is lost. Throws {@link AfterCutover} otherwise.
 */
export async function confirmLoss(
  io: Io,
  run: string,
  loss: Loss & { readonly written?: readonly string[] },
  events: readonly Stamped[],
  flag: string | undefined,
  ask: typeof askForWord = askForWord,
): Promise<void> {
  const lost = lossLines(loss, events)
  if (flag === run) {
    io.err(`${lost.join('\n')}\n`)
    return
  }
  const next = `If it must be: upgrade-fleet rollback ${run} --after-cutover ${run}`
  if (flag !== undefined)
    throw new AfterCutover(
      [`--after-cutover: expected ${run}, the run that is rolled back, got ${flag}`, ...lost],
      next,
    )
  if (!io.answers) throw new AfterCutover([...lost, 'So nothing was rolled back.'], next)
  io.err(`${lost.join('\n')}\n`)
  const typed = await ask(io, `To roll back all the same, type ${run}:`)
  if (typed.trim() !== run) throw new AfterCutover('That was not it: nothing was rolled back.', next)
}

function lossLines(
  { gate, changes, points, written = [] }: Loss & { readonly written?: readonly string[] },
  events: readonly Stamped[],
): readonly string[] {
  const reached = events.find((event) => event.type === 'cutover' && event.gate === gate)
  const when = reached === undefined ? '' : ` at ${reached.at}`
  return [
    `The run has cut over ("${oneLine(gate)}"${when}): users are served by what it built, and ${plural(changes, 'change')} of before would be taken back.`,
    ...points.map(
      (play) =>
        `"${oneLine(play)}" goes back to ${madeAt(play, events)}: what was written since then is lost.`,
    ),
    ...(written.length > 0 ? ['Since the servers were built, as far as it was looked at:'] : []),
    ...written.map((line) => `  ${oneLine(line)}`),
  ]
}

/** When the first part of a restore point was made: nothing later than that is surely in it. */
function madeAt(play: string, events: readonly Stamped[]): string {
  const made = events.find((event) => event.type === 'task.ended' && taskParts(event.task).play === play)
  return made?.at ?? 'what was before it'
}
