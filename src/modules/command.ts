import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { type Action, observe } from '../model/action.ts'
import type { Command } from '../model/command.ts'
import { TaskError } from '../model/errors.ts'
import {
  answerOf,
  failure,
  type Guards,
  type How,
  nameOf,
  program,
  type ShellText,
  type Words,
} from './command/line.ts'
import { doing, type Judged, type Outcome, plainly, type Undo } from './command/perform.ts'
import type { Answer } from './target.ts'

/** A command says how it is taken back: by another one, `irreversible(why)`, or `restored`. */
type Undone = { readonly undo: Undo }

/**
 * Runs a program. Its arguments are quoted for the one shell that starts it, and no other reads them. It fails when it exits
 * other than 0. `argv`, `creates?`, `removes?`, `onlyIf?`, `cwd?`, `env?`, `stdin?`, `timeout?`, `job?`, `undo`.
 *
 * @example
 * command.run({
 *   argv: ['mkdir', '/srv/app/made'],
 *   creates: '/srv/app/made',
 *   undo: { argv: ['rmdir', '/srv/app/made'] },
 * })
 */
export function run({ changedWhen, failedWhen, ...given }: Words & Undone & Judged): Action<Outcome> {
  program(given.argv)
  return doing<Words & Undone>('command.run', given, judged(changedWhen, failedWhen), plainly)
}

/**
 * Runs a text in `/bin/sh`, or in `executable`. Values that come from elsewhere belong into an `sh` tag, which quotes them.
 *
 * @example
 * command.shell({
 *   shell: sh`wc -l < ${'/srv/app/app.conf'} > /srv/app/count`,
 *   undo: { argv: ['rm', '-f', '/srv/app/count'] },
 * })
 */
export function shell({
  changedWhen,
  failedWhen,
  shell: text,
  ...given
}: Guards &
  How & { readonly shell: string | Command; readonly executable?: string } & Undone &
  Judged): Action<Outcome> {
  const line = { ...given, shell: typeof text === 'string' ? text : text.text }
  return doing<ShellText & Undone>('command.shell', line, judged(changedWhen, failedWhen), plainly)
}

/**
 * Runs a script of the controller: it is brought to the task's own directory on the machine, and read by `executable`, else by
 * what its first line names (`#!`), else by `/bin/sh`.
 *
 * @example
 * command.script({ src: '/srv/app/tool.sh', args: ['--all'], undo: irreversible('it only tells somebody') })
 */
export function script({
  changedWhen,
  failedWhen,
  src,
  args = [],
  executable,
  ...given
}: Guards &
  How & {
    /** The script's path on the controller. */
    readonly src: string
    readonly args?: readonly string[]
    readonly executable?: string
  } & Undone &
  Judged): Action<Outcome> {
  const input = { ...given, src, args, ...(executable !== undefined && { executable }) }
  return doing('command.script', input, judged(changedWhen, failedWhen), {
    name: () => basename(src),
    async command(on, { src: file, args: rest, executable: by }) {
      const bytes = await readFile(file).catch((error: Error) => {
        throw new TaskError(`${file} of this machine cannot be read: ${error.message}`)
      })
      const there = `${await on.keep()}/script`
      await on.put({ bytes }, there, { mode: 0o700 })
      return program([...(by === undefined ? interpreter(bytes) : [by]), there, ...rest])
    },
  })
}

/** What reads a script: the words of its first line as the kernel takes them, the program and at most one argument. */
export function interpreter(bytes: Uint8Array): readonly string[] {
  const first = Buffer.from(bytes.subarray(0, 256)).toString('latin1').split('\n')[0] ?? ''
  const [, name, argument = ''] = /^#![ \t]*(\/[^ \t\r]+)[ \t]*(.*?)[ \t\r]*$/.exec(first) ?? []
  return name === undefined ? ['/bin/sh'] : [name, ...(argument === '' ? [] : [argument])]
}

/**
 * Asks a program that only reads: while planning, and in check mode, too. Fails when it exits with a code not in `codes` (0).
 *
 * @example
 * command.read({ argv: ['uname', '-r'] })
 */
export const read = observe(
  'command.read',
  async (
    on,
    line: Omit<How, 'job'> & {
      readonly argv: readonly string[]
      /** Exit codes that are right; default 0. */
      readonly codes?: readonly number[]
    },
  ): Promise<Answer> => {
    const answer = await answerOf(on, { ...line, job: false }, program(line.argv, true), 'command')
    if (!(line.codes ?? [0]).includes(answer.code))
      throw failure(on, `${nameOf(line)} exited ${answer.code}`, answer)
    return answer
  },
)

/** Functions are no input: the journal keeps none. */
const judged = (changedWhen: Judged['changedWhen'], failedWhen: Judged['failedWhen']): Judged => ({
  ...(changedWhen && { changedWhen }),
  ...(failedWhen && { failedWhen }),
})
