import type { On } from '../../model/action.ts'
import { type Command, sh, typed } from '../../model/command.ts'
import { TaskError, UnknownOutcome } from '../../model/errors.ts'
import { sanitize } from '../../model/sanitize.ts'
import type { Text } from '../../model/secret.ts'
import { type Answer, ask, linesOf } from '../target.ts'

/** When a command need not be done. All that are said must call for it. */
export type Guards = {
  /** A path that it makes: nothing is done where something stands there, be it a link that leads nowhere. */
  readonly creates?: string
  /** A path that it takes away: nothing is done where nothing stands there. */
  readonly removes?: string
  /** It is done only where this exits 0: words, or the text of a shell. It must only read, since plan and check mode ask it too. */
  readonly onlyIf?: readonly string[] | string
}

/** How a command is done. */
export type How = {
  readonly cwd?: string
  /** Variables for this command alone. No secrets: `/proc` shows them. */
  readonly env?: Readonly<Record<string, string>>
  /** Given to its standard input, which is empty otherwise; secrets may be parts of it. */
  readonly stdin?: Text
  /** Deadline in seconds, after which all of it is killed; default 120, and none for a job. */
  readonly timeout?: number
  /**
   * It outlives the connection, and after a crash it is found again instead of being started again: for what is long, and for
   * what must not run twice. Its two streams are one then.
   */
  readonly job?: boolean
}

/** A program with its arguments: no shell reads them. */
export type Words = Guards & How & { readonly argv: readonly string[] }
/** A text for a shell: `/bin/sh`, or the one named. */
export type ShellText = Guards & How & { readonly shell: string; readonly executable?: string }
/** One command line, in either form. */
export type Line = Words | ShellText

/**
 * A program with its arguments as a command. It is always the program of that name: never a builtin, a keyword or an
 * assignment of the shell that starts it. Throws a {@link TypeError} where there is none.
 */
export function program(argv: readonly string[], reads = false): Command {
  const [name = ''] = argv
  if (name === '' || name.startsWith('-'))
    throw new TypeError(`A command begins with the name of a program, not with "${name}".`)
  return reads ? sh.read`( exec ${argv} )` : sh`( exec ${argv} )`
}

/** A text as a command of `/bin/sh` or another shell. */
export const shellText = (text: string, executable?: string): Command =>
  executable === undefined ? sh`( ${typed(`${text}\n`)})` : program([executable, '-c', text])

/** What is done for a line. */
export const commandOf = (line: Line): Command =>
  'argv' in line ? program(line.argv) : shellText(line.shell, line.executable)

/** What a line is called in messages: its beginning, never what is given to it. */
export const nameOf = (line: Line): string =>
  sanitize('argv' in line ? (line.argv[0] ?? '') : (line.shell.trim().split('\n')[0] ?? '').slice(0, 80))

const nothing = 3

/** The question whether there is nothing to do, in one script that only reads; undefined where nothing would tell. */
export function guardOf({ creates, removes, onlyIf }: Guards): Command | undefined {
  const parts = [
    ...(creates === undefined
      ? []
      : [
          sh.read`f=${creates}; if [ -e "$f" ] || [ -L "$f" ]; then printf '%s is there' "$f"; exit ${nothing}; fi
`,
        ]),
    ...(removes === undefined
      ? []
      : [
          sh.read`f=${removes}; if [ ! -e "$f" ] && [ ! -L "$f" ]; then printf '%s is not there' "$f"; exit ${nothing}; fi
`,
        ]),
    ...(onlyIf === undefined
      ? []
      : [
          sh.read`${typeof onlyIf === 'string' ? shellText(onlyIf) : program(onlyIf, true)} >/dev/null 2>&1 || { printf 'onlyIf does not hold'; exit ${nothing}; }
`,
        ]),
  ]
  if (parts.length === 0) return undefined
  return parts.reduce((all, part) => sh.read`${all}${part}`, sh.read``)
}

/** Why there is nothing to do, as far as the guards tell; undefined where there is, or where nothing tells. */
export async function spared(on: On, line: Guards & How): Promise<string | undefined> {
  const guard = guardOf(line)
  if (guard === undefined) return undefined
  const { code, stdout, stderr } = await ask(on, guard, {
    ...(line.cwd !== undefined && { cwd: line.cwd }),
    ...(line.env !== undefined && { env: line.env }),
  })
  if (code === nothing) return stdout
  if (code === 0) return undefined
  throw new TaskError(`${on.name}: nothing tells whether there is something to do`, [stderr.trim()])
}

/** Does a line and tells how it ended, whatever its exit status. Throws where it did not end, or nobody knows. */
export async function answerOf(on: On, line: How, command: Command, name: string): Promise<Answer> {
  const { cwd, env, stdin, timeout, job = false } = line
  const options = {
    ...(cwd !== undefined && { cwd }),
    ...(env !== undefined && { env }),
    ...(stdin !== undefined && { stdin }),
  }
  if (!job) return ask(on, command, { ...options, ...(timeout !== undefined && { timeout }) })
  const running = await on.job(name, command, options)
  const tail: string[] = []
  let truncated = false
  const onLine = (text: string) => {
    tail.push(text)
    if (tail.length <= mostLines) return
    tail.shift()
    truncated = true
  }
  const end = await running.wait({ signal: on.signal, onLine, ...(timeout !== undefined && { timeout }) })
  const stdout = tail.map((text) => `${text}\n`).join('')
  if (end.kind === 'exit') return { code: end.code, stdout, stderr: '', truncated }
  if (end.kind === 'unknown' || end.kind === 'lost') throw new UnknownOutcome(`${on.name}: ${end.reason}`)
  await running.cancel()
  throw new TaskError(
    `${on.name}: ${end.kind === 'timeout' ? `not done after ${end.seconds} seconds, and ended` : 'cancelled'} (its output: ${running.log})`,
    tail.slice(-12),
  )
}
const mostLines = 500

/** A failure of a line, with the last of what it said. */
export function failure(on: On, what: string, { stdout, stderr }: Answer): TaskError {
  const evidence = [...linesOf(stderr), ...linesOf(stdout)].slice(-12).map(sanitize)
  return new TaskError(`${what} on ${on.name}`, evidence)
}
