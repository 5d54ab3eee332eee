import type { TaskId } from '../model/action.ts'
import { InputError } from '../model/errors.ts'
import type { Io } from '../model/io.ts'
import type { Reporter } from '../report/reporter.ts'
import { taskPath } from '../report/text.ts'
import type { RunContext } from '../run/context.ts'

type Asking = Pick<Io, 'interrupted' | 'interrupt'>

/** What stands for an answer that did not come. A Ctrl-C at a question is one of the whole process. */
const noAnswer =
  <T>({ interrupt }: Asking, instead: T) =>
  (error: unknown): T => {
    if (error instanceof Error && error.name === 'ExitPromptError') interrupt?.()
    return instead
  }

/** Asks a person at the terminal; `--yes` answers for them. Without a terminal the answer is no, and says so. */
export function asker(io: Io, yes: boolean, reporter: Reporter): RunContext['approve'] {
  return async (gate, question) => {
    if (yes) return { yes: true, by: `${io.user} (--yes)` }
    if (!io.answers) {
      io.err(`"${gate}" asks: ${question}\nNobody can answer here: run it on a terminal, or with --yes.\n`)
      return { yes: false, by: 'nobody' }
    }
    reporter.pause?.()
    const { confirm } = await import('@inquirer/prompts')
    const asked = confirm({ message: question, default: false }, { signal: io.interrupted })
    const answer = await asked.catch(noAnswer(io, false))
    reporter.resume?.()
    return { yes: answer, by: io.user }
  }
}

/** Asks a person yes or no. An interrupt is a no. */
export async function askYes(io: Io, message: string): Promise<boolean> {
  const { confirm } = await import('@inquirer/prompts')
  return confirm({ message, default: false }, { signal: io.interrupted }).catch(noAnswer(io, false))
}

const whatNoMeans =
  'no: the task is not done, and its host ends there, cancelled; the run can be resumed. continue: nothing is asked any more.'

/**
 * Asks before each task, as Ansible's `--step` does: no (the default), yes, or continue. Hosts side by side are asked for one
 * after the other.
 */
export function stepper(
  io: Io,
  reporter: Reporter,
  ask: typeof askForWord = askForWord,
): (task: TaskId) => Promise<boolean> {
  let goesOn = false
  let isFirst = true
  let last: Promise<unknown> = Promise.resolve()
  const answered = async (task: TaskId): Promise<boolean> => {
    while (!goesOn && !io.interrupted.aborted) {
      const word = (await ask(io, `Do ${taskPath(task)}? (N)o/(y)es/(c)ontinue:`)).trim().toLowerCase()
      if (['y', 'yes'].includes(word)) return !io.interrupted.aborted
      if (['', 'n', 'no'].includes(word)) return false
      goesOn = ['c', 'continue'].includes(word)
    }
    return goesOn && !io.interrupted.aborted
  }
  return (task) => {
    const mine = last.then(async () => {
      if (goesOn) return true
      reporter.pause?.()
      if (isFirst) io.err(`${whatNoMeans}\n`)
      isFirst = false
      return answered(task).finally(() => reporter.resume?.())
    })
    last = mine.catch(() => {})
    return mine
  }
}

/** `--step` where nobody can be asked, or where everything is answered beforehand. Throws an InputError. */
export function refuseBlindStep(
  io: Io,
  { step, yes }: { readonly step?: boolean; readonly yes: boolean },
): void {
  if (step !== true) return
  if (yes)
    throw new InputError('--step asks before each task, and --yes answers: expected one of them, got both')
  if (!io.answers)
    throw new InputError(
      '--step: expected a terminal to ask on, got none',
      'Run it on a terminal, or leave --step out. Nothing was done.',
    )
}

/** Asks for a word that nobody types by mistake. An interrupt is no answer. */
export async function askForWord(io: Io, message: string): Promise<string> {
  const { input } = await import('@inquirer/prompts')
  return input({ message }, { signal: io.interrupted }).catch(noAnswer(io, ''))
}

/** Asks for what nobody may read, and shows nothing of it. An interrupt is no answer. */
export async function askHidden(
  io: Asking,
  message: string,
  gone: AbortSignal = io.interrupted,
): Promise<string> {
  const { password } = await import('@inquirer/prompts')
  return password({ message }, { signal: AbortSignal.any([io.interrupted, gone]) }).catch(noAnswer(io, ''))
}

/** Asks for an answer that everybody may read. An interrupt is no answer. */
export async function askShown(
  io: Asking,
  message: string,
  gone: AbortSignal = io.interrupted,
): Promise<string> {
  const { input } = await import('@inquirer/prompts')
  return input({ message }, { signal: AbortSignal.any([io.interrupted, gone]) }).catch(noAnswer(io, ''))
}

/** Asks what to do after a failure; without a terminal: stop. */
export async function askOnFailure(io: Io): Promise<'stop' | 'rollback'> {
  if (!io.answers) return 'stop'
  const { select } = await import('@inquirer/prompts')
  const choices = [
    { name: 'stop here; it can be resumed or rolled back later', value: 'stop' as const },
    { name: 'roll back now', value: 'rollback' as const },
  ]
  const asked = select({ message: 'The run failed. What now?', choices }, { signal: io.interrupted })
  return asked.catch(noAnswer(io, 'stop' as const))
}

/** Asks which of two playbooks a run goes on with; the new one is not offered when it has lost tasks that began. */
export async function askWhichPlaybook(lost: readonly string[]): Promise<'new' | 'old' | 'stop'> {
  const { select } = await import('@inquirer/prompts')
  const fresh = {
    name: 'go on with the new playbook',
    value: 'new' as const,
    ...(lost.length > 0 && { disabled: `(it cannot undo what was begun: ${lost.join('; ')})` }),
  }
  return select({
    message: 'The playbook has changed. What now?',
    choices: [
      fresh,
      { name: 'go on with the one that the run began with', value: 'old' as const },
      { name: 'stop here', value: 'stop' as const },
    ],
  }).catch(() => 'stop' as const)
}
