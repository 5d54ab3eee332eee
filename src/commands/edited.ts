import { spawn } from 'node:child_process'
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { shellWords } from '../inventory/shell-words.ts'
import { InputError } from '../model/errors.ts'
import type { Io } from '../model/io.ts'
import { Exit } from './exit.ts'

/**
 * What a person made of a text in $EDITOR. It lies in a file (0600) in a directory of its own (0700), in memory where there is
 * /dev/shm, which is gone on every way out but a kill -9: at the first interrupt before anything else. Throws an InputError when
 * the editor fails.
 */
export async function edited(io: Io, text: string, file: string): Promise<string> {
  const named = io.env['EDITOR']
  // vi would wait for ever for who is not there; a program that was named may need nobody.
  if (!named && !io.answers)
    throw new InputError(
      `${file}: expected a terminal for the editor, got none, and no EDITOR is named`,
      'Edit it on a terminal, or name a program that needs none: EDITOR=PROGRAM',
    )
  const typed = named || 'vi'
  const [program, ...args] = shellWords(typed) ?? []
  if (program === undefined)
    throw new InputError(`EDITOR: expected a program and its arguments, got ${typed}`)
  const directory = mkdtempSync(join(roomFor(), 'upgrade-fleet-'))
  const path = join(directory, basename(file).replace(/^\.+/, '') || 'secret')
  // Swap files and copies of the editor lie there too.
  const remove = () => rmSync(directory, { recursive: true, force: true })
  io.interrupted.addEventListener('abort', remove, { once: true })
  try {
    if (io.interrupted.aborted) throw new Exit(130)
    writeFileSync(path, text, { mode: 0o600, flag: 'wx' })
    const child = spawn(program, [...args, path], { cwd: io.cwd, env: { ...io.env }, stdio: 'inherit' })
    const end = () => void child.kill('SIGTERM')
    io.interrupted.addEventListener('abort', end, { once: true })
    const how = await new Promise<string | undefined>((resolve) => {
      child.once('error', (error) => resolve(error.message))
      child.once('close', (code, signal) =>
        resolve(code === 0 ? undefined : `it ended with ${code ?? signal}`),
      )
    }).finally(() => io.interrupted.removeEventListener('abort', end))
    if (io.interrupted.aborted) throw new Exit(130)
    if (how !== undefined)
      throw new InputError(`${typed}: ${how}`, `${file} is as it was. Another editor: EDITOR=nano`)
    return readFileSync(path, 'utf8')
  } finally {
    io.interrupted.removeEventListener('abort', remove)
    remove()
  }
}

function roomFor(): string {
  try {
    accessSync('/dev/shm', constants.W_OK)
    return '/dev/shm'
  } catch {
    return tmpdir()
  }
}
