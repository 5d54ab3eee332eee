import { InputError } from '../model/errors.ts'
import { redactor } from '../model/redact.ts'
import { sanitize } from '../model/sanitize.ts'
import { runProgram } from './run-program.ts'

/** What a program that gives a secret is run with. */
export interface ProgramWorld {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Ends it. */
  readonly signal: AbortSignal
  /** Seconds that it may take; default 60, for somebody has to touch a key or unlock a keyring. */
  readonly deadline?: number
}

/** More than this is no secret. */
const most = 64 * 1024
const mostLines = 10

/**
 * What a program prints, without the newline at its end; no shell is asked, and it may ask on the terminal. Throws an InputError that
 * begins with `what`: the end of what it said on its error stream is in it, made safe to show, with all that it printed hidden.
 */
export async function programOutput(
  what: string,
  words: readonly string[],
  { cwd, env, signal, deadline = 60 }: ProgramWorld,
): Promise<string> {
  const { out, err, wrong } = await runProgram(words, { cwd, env, signal, deadline, most, group: false })
  const value = out.toString('utf8').replace(/\r?\n$/, '')
  const refuse = (why: string): InputError => {
    const hide = redactor(() => [value])
    const lines = err.toString('utf8').trimEnd().split('\n').slice(-mostLines).filter(Boolean)
    return new InputError([`${what}: ${why}`, ...lines.map((line) => `  ${hide(sanitize(line))}`)])
  }
  if (wrong === 'interrupted') throw refuse('interrupted')
  if (wrong === 'late') throw refuse(`it did not end within ${deadline} s and was killed`)
  if (wrong === 'too much') throw refuse(`it printed more than ${most} characters`)
  if (wrong?.missing) throw refuse(`there is no program ${JSON.stringify(words[0])}`)
  if (wrong !== undefined)
    throw refuse(
      wrong.failed.startsWith('exit ')
        ? `it ended with exit code ${wrong.failed.slice(5)}`
        : `it was ended by ${wrong.failed}`,
    )
  if (value === '') throw refuse('it printed nothing')
  return value
}
