import { execFile } from 'node:child_process'
import { closeSync, constants, openSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { quote } from '../model/command.ts'

/** What makes one `ssh` answer one question for a password. */
export interface Answer {
  /** Variables for its environment. No password is in them. */
  readonly variables: readonly string[]
  /** Takes the answer back, and says whether it was asked for. */
  close(): boolean
}

/**
 * Lets an `ssh` that is started in this directory of ours, where nobody else can look, be given a password once: its askpass
 * program reads it from a pipe, by built-in commands of the shell. So it is in no file, no argument and no environment.
 * What is asked for something else (a passphrase, a PIN, a code) is not answered.
 */
export async function answerOnce(directory: string, password: string): Promise<Answer> {
  if (/[\n\r\0]/.test(password)) throw new Error('a password of several lines cannot be typed')
  const pipe = join(directory, 'answer')
  const program = join(directory, 'ask')
  await promisify(execFile)('mkfifo', ['-m', '600', pipe])
  const script = `#!/bin/sh
case $1 in *[Pp]assphrase* | *PIN*) exit 1 ;; *[Pp]assword:* | *[Pp]assword*': ') ;; *) exit 1 ;; esac
IFS= read -r answer <${quote(pipe)} && printf '%s\\n' "$answer"
`
  writeFileSync(program, script, { mode: 0o700 })
  // For both, so that neither end waits for the other.
  const file = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK)
  writeSync(file, `${password}\n`)
  return {
    variables: [`SSH_ASKPASS=${program}`, 'SSH_ASKPASS_REQUIRE=force'],
    close: () => {
      const asked = !isLeft(file)
      closeSync(file)
      for (const path of [pipe, program]) rmSync(path, { force: true })
      return asked
    },
  }
}

function isLeft(file: number): boolean {
  try {
    return readSync(file, Buffer.alloc(1)) > 0
  } catch {
    return false
  }
}
