import { type Action, change, type Irreversible, type On, type Restored } from '../../model/action.ts'
import type { Command } from '../../model/command.ts'
import type { Answer } from '../target.ts'
import { answerOf, commandOf, failure, type Guards, type How, type Line, nameOf, spared } from './line.ts'

/** What came of a command. Where it was not done, `why` says it. */
export type Outcome = Answer & {
  readonly ran: boolean
  readonly changed: boolean
  readonly why?: string
}

/** What an answer means, where the exit status alone does not tell. */
export interface Judged {
  /** Whether it changed anything; default: it did. What changed nothing notifies nobody and is not taken back. */
  readonly changedWhen?: (answer: Answer) => boolean
  /** Whether it failed, `true` or why; default: it exited other than 0. */
  readonly failedWhen?: (answer: Answer) => boolean | string
}

/** How a command is taken back: by another, by the play's restore point, or not at all, and why. */
export type Undo = Line | Pick<Irreversible, 'kind' | 'why'> | Pick<Restored, 'kind'>

type Given = Guards & How & { readonly undo: Undo }

/** The change that does a command. Its undo goes by what the journal has of it. */
export function doing<Input extends Given>(
  module: string,
  given: Input,
  judged: Judged,
  how: { name(input: Input): string; command(on: On, input: Input): Promise<Command> },
): Action<Outcome> {
  const { undo } = given
  return change<Input, Outcome, null>(module, {
    async check(on, input, remembered) {
      // A job that was begun may have made what it creates and not be done.
      if (remembered !== undefined && input.job === true) return undefined
      const why = await spared(on, input)
      return why === undefined ? undefined : { ran: false, changed: false, ...none, why }
    },
    async apply(on, input) {
      const answer = await answerOf(on, input, await how.command(on, input), 'run')
      const failed = (judged.failedWhen ?? exits)(answer)
      if (failed !== false) throw failure(on, reasonOf(failed, how.name(input), answer), answer)
      return { ran: true, changed: judged.changedWhen?.(answer) ?? true, ...answer }
    },
    changed: ({ changed }) => changed,
    undo: 'kind' in undo ? undo : (on, input) => takeBack(on, input.undo),
  })(given)
}
const none: Answer = { code: 0, stdout: '', stderr: '', truncated: false }

/** How a line is called, and what is done for it. */
export const plainly = { name: nameOf, command: async (_on: On, line: Line) => commandOf(line) }

const exits = ({ code }: Answer): boolean => code !== 0

function reasonOf(failed: string | true, name: string, { code }: Answer): string {
  if (typeof failed === 'string') return `${name}: ${failed}`
  return code === 127 ? `${name} exited 127 (no such program?)` : `${name} exited ${code}`
}

/** Does the command that takes a change back, unless its own guards say that there is nothing to do. */
export async function takeBack(on: On, undo: Undo): Promise<void> {
  if ('kind' in undo || (await spared(on, undo)) !== undefined) return
  const answer = await answerOf(on, undo, commandOf(undo), 'undo')
  if (answer.code !== 0) throw failure(on, `the undo ${nameOf(undo)} exited ${answer.code}`, answer)
}
