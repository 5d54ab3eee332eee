import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { until } from './until.ts'

/** What a command came to on a terminal: its exit code, and all that was to be seen there. */
export interface Shown {
  readonly code: number | null
  readonly screen: string
}

/**
 * Runs a command on a terminal of its own (script, of util-linux), typing each answer with Enter once the terminal shows
 * what it answers, each time it is shown anew.
 */
export async function onTerminal(
  words: readonly string[],
  directory: string,
  env: Readonly<Record<string, string>>,
  answers: readonly (readonly [RegExp, string])[],
): Promise<Shown> {
  const line = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
  const child = spawn('script', ['-qfec', line, join(directory, 'typescript')], {
    cwd: directory,
    env: { ...process.env, TERM: 'xterm', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let [screen, seen] = ['', 0]
  let code: number | null | undefined
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text
  })
  child.once('close', (status) => {
    code = status
  })
  for (const [question, answer] of answers) {
    await until(() => code !== undefined || question.test(screen.slice(seen)), `${question} on the terminal`)
    seen = screen.length
    if (code === undefined) child.stdin.write(`${answer}\r`)
  }
  await until(() => code !== undefined, 'the end of the command', 60)
  return { code: code ?? null, screen }
}

/** Runs our program in a folder on a terminal, as somebody whose home that is and who has no agent. */
export const programOnTerminal = (
  program: string,
  directory: string,
  args: readonly string[],
  answers: readonly (readonly [RegExp, string])[],
): Promise<Shown> =>
  onTerminal([process.execPath, program, ...args], directory, { HOME: directory, SSH_AUTH_SOCK: '' }, answers)
