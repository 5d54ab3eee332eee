import { lstat } from 'node:fs/promises'
import { type Action, change, type Irreversible, type On, type Restored } from '../model/action.ts'
import { TaskError } from '../model/errors.ts'
import { sanitize } from '../model/sanitize.ts'
import type { Judged, Outcome } from './command/perform.ts'
import { type LocalLine, runHere } from './local/run.ts'
import { markOf, noneLeft } from './local/watch.ts'
import { type Answer, linesOf } from './target.ts'

export type { LocalLine } from './local/run.ts'

/** When a command of the controller need not be done. */
type Guards = {
  /** A path of the controller that it makes: nothing is done where something stands there. */
  readonly creates?: string
  /** A path of the controller that it takes away: nothing is done where nothing stands there. */
  readonly removes?: string
}
type Undone = {
  /** How it is taken back: by another command of the controller, `irreversible(why)`, or `restored`. */
  readonly undo: (LocalLine & Guards) | Pick<Irreversible, 'kind' | 'why'> | Pick<Restored, 'kind'>
}
type Given = LocalLine & Guards & Undone

/**
 * Runs a program of this machine, the controller, whatever host the task is for. zx quotes its arguments. It fails when it exits other
 * than 0, and a deadline (`timeout`, 120 seconds) ends all that it started; a Ctrl-C lets it end first. What it prints goes into the task's log
 * as it comes. It ends with the controller, even a killed one: `resume` waits for that and does it again.
 *
 * @example
 * local.run({
 *   argv: ['touch', '/srv/app/ticket'],
 *   creates: '/srv/app/ticket',
 *   undo: { argv: ['rm', '/srv/app/ticket'], removes: '/srv/app/ticket' },
 * })
 */
export const run = ({
  changedWhen,
  failedWhen,
  ...given
}: Extract<LocalLine, { argv: unknown }> & Guards & Undone & Judged): Action<Outcome> => {
  if (given.argv.length === 0 || given.argv[0] === '')
    throw new TypeError('A command begins with the name of a program.')
  return doing('local.run', given, { ...(changedWhen && { changedWhen }), ...(failedWhen && { failedWhen }) })
}

/**
 * The same for a text of bash. Nothing in it is quoted: values belong into `env`, as `"$NAME"`.
 *
 * @example
 * local.shell({
 *   shell: 'printf %s "$NAME" > /srv/app/name',
 *   env: { NAME: 'gw1' },
 *   undo: { shell: 'rm -f /srv/app/name' },
 * })
 */
export const shell = ({
  changedWhen,
  failedWhen,
  ...given
}: Extract<LocalLine, { shell: unknown }> & Guards & Undone & Judged): Action<Outcome> =>
  doing('local.shell', given, { ...(changedWhen && { changedWhen }), ...(failedWhen && { failedWhen }) })

function doing(module: string, given: Given, { changedWhen, failedWhen }: Judged): Action<Outcome> {
  const { undo } = given
  return change<Given, Outcome, null>(module, {
    async check(on, line, remembered) {
      // Begun before a crash: what it makes may still be in the making.
      if (remembered !== undefined) await noneLeft(markOf(on.run, on.task), on.signal)
      const why = await spared(line)
      return why === undefined ? undefined : { ran: false, changed: false, ...silent, why }
    },
    async apply(on, line) {
      const answer = await answerOf(on, line)
      const failed = failedWhen?.(answer) ?? answer.code !== 0
      if (failed !== false)
        throw failure(
          line,
          typeof failed === 'string' ? failed : `exited ${answer.code} on this machine`,
          answer,
        )
      return { ran: true, changed: changedWhen?.(answer) ?? true, ...answer }
    },
    changed: ({ changed }) => changed,
    undo: 'kind' in undo ? undo : (on, line) => takeBack(on, line.undo),
  })(given)
}
const silent: Answer = { code: 0, stdout: '', stderr: '', truncated: false }

async function takeBack(on: On, undo: Undone['undo']): Promise<void> {
  if ('kind' in undo || (await spared(undo)) !== undefined) return
  const answer = await answerOf(on, undo)
  if (answer.code !== 0) throw failure(undo, `(the undo) exited ${answer.code} on this machine`, answer)
}

async function answerOf(on: On, line: LocalLine): Promise<Answer> {
  const mark = markOf(on.run, on.task)
  await noneLeft(mark, on.signal)
  const end = await runHere(line, {
    input: on.reveal(line.stdin ?? ''),
    signal: on.signal,
    mark,
    onLine: on.hears(`on the controller: ${nameOf(line)}`),
  })
  if (end.kind === 'exit') return end
  const why =
    end.kind === 'timeout'
      ? `was not done after ${line.timeout ?? 120} seconds, and ended`
      : 'was interrupted'
  throw new TaskError(`${nameOf(line)} ${why}`)
}

async function spared({ creates, removes }: Guards): Promise<string | undefined> {
  if (creates !== undefined && (await isThere(creates))) return `${creates} is there`
  if (removes !== undefined && !(await isThere(removes))) return `${removes} is not there`
  return undefined
}

const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return false
      throw new TaskError(`${path} of this machine cannot be looked at: ${error.message}`)
    },
  )

const nameOf = (line: LocalLine): string =>
  sanitize('argv' in line ? (line.argv[0] ?? '') : (line.shell.trim().split('\n')[0] ?? '').slice(0, 80))

function failure(line: LocalLine, what: string, { stdout, stderr }: Answer): TaskError {
  return new TaskError(
    `${nameOf(line)} ${what}`,
    [...linesOf(stderr), ...linesOf(stdout)].slice(-12).map(sanitize),
  )
}
