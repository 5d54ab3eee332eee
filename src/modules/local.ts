import type { Action } from '../model/action.ts'
import type { Command } from '../model/command.ts'
import { type Guards, type How, program, type ShellText, type Words } from './command/line.ts'
import { doing, type Judged, type Outcome, plainly, type Undo } from './command/perform.ts'
import { here } from './local/here.ts'

/** As on machines, but that there are no jobs: the controller's commands end with the controller. */
type HowHere = Omit<How, 'job'>
type Undone = { readonly undo: Undo }

/**
 * Runs a program on the controller, by zx, as whoever started this program: `command.run` with the controller in the place of the
 * host, whose connection is not used. `argv`, `creates?`, `removes?`, `onlyIf?`, `cwd?`, `env?`, `stdin?`, `timeout?`, `undo`.
 */
export function command({
  changedWhen,
  failedWhen,
  ...given
}: Guards & HowHere & { readonly argv: readonly string[] } & Undone & Judged): Action<Outcome> {
  program(given.argv)
  return doing<Words & Undone>('local.command', given, judged(changedWhen, failedWhen), plainly, here)
}

/** Runs a text in the controller's `/bin/sh`, or in `executable`. Values that come from elsewhere belong into an `sh` tag, which quotes them. */
export function shell({
  changedWhen,
  failedWhen,
  shell: text,
  ...given
}: Guards &
  HowHere & { readonly shell: string | Command; readonly executable?: string } & Undone &
  Judged): Action<Outcome> {
  const line = { ...given, shell: typeof text === 'string' ? text : text.text }
  return doing<ShellText & Undone>('local.shell', line, judged(changedWhen, failedWhen), plainly, here)
}

/** Functions are no input: the journal keeps none. */
const judged = (changedWhen: Judged['changedWhen'], failedWhen: Judged['failedWhen']): Judged => ({
  ...(changedWhen && { changedWhen }),
  ...(failedWhen && { failedWhen }),
})
