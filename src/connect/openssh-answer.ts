import { execFile } from 'node:child_process'
import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { quote } from '../model/command.ts'
import { passwordPromptScript } from './password-prompt.ts'

/** What makes one `ssh` answer one question. */
export interface Answer {
  /** Variables for its environment. No secret is in them. */
  readonly variables: readonly string[]
  /** Takes the answer back, and says what came of it. */
  close(): Answered
}

/** `asked`: whether the answer was given. `stopped`: the question that ended `ssh`, since nobody here may answer it. */
export interface Answered {
  readonly asked: boolean
  readonly stopped: string | undefined
}

// Who asks is in parentheses, or before `'s password`: names are no question.
const names = `case $1 in "("*") "*) question=\${1#*) } ;; *"'s password: ") question=Password: ;;
*[Pp]assphrase*|*" PIN "*) exit 1 ;; esac`

const questions = {
  password: (user: string) => `${names}
asked=$question
${passwordPromptScript(user, 'give')}`,
  // Of a key file: by ssh itself, not by a server.
  passphrase: () => `case $question in "Enter passphrase for key "*) give; exit 1 ;;
*[Pp]assphrase*|*" PIN "*) exit 1 ;; esac`,
}

/**
 * Lets an `ssh` of that user that is started in this directory of ours, where nobody else can look, be given a password, or the passphrase
 * of its key, once: its askpass program reads it from a pipe, by built-in commands of the shell. So it is in no file, no
 * argument and no environment. Any other question of a server (a code, the password once more) ends `ssh`: what is not
 * answered would be sent as an empty answer, which counts as a failure. Throws an Error that says why it cannot be given.
 */
export async function answerOnce(
  directory: string,
  kind: keyof typeof questions,
  secret: string,
  user: string,
): Promise<Answer> {
  if (/[\n\r\0]/.test(secret)) throw new Error(`a ${kind} of several lines cannot be typed`)
  if (Buffer.byteLength(secret) > longest)
    throw new Error(`a ${kind} of more than ${longest} bytes cannot be typed`)
  const [pipe, program, given, stopped] = ['answer', 'ask', 'given', 'stopped'].map((name) =>
    join(directory, name),
  ) as [string, string, string, string]
  await promisify(execFile)('mkfifo', ['-m', '600', pipe])
  const script = `#!/bin/sh
give() { (set -C; : >${quote(given)}) 2>/dev/null || return 1
IFS= read -r answer <${quote(pipe)} && printf '%s\\n' "$answer"; exit; }
[ -z "$SSH_ASKPASS_PROMPT" ] || exit 1
question=$1 asked=$1
${questions[kind](user)}
printf '%s' "$asked" >${quote(stopped)}
kill $PPID
exit 1
`
  writeFileSync(program, script, { mode: 0o700 })
  // For both, so that neither end waits for the other.
  const file = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK)
  writeSync(file, `${secret}\n`)
  return {
    variables: [`SSH_ASKPASS=${program}`, 'SSH_ASKPASS_REQUIRE=force'],
    close: () => {
      const asked = !isLeft(file)
      closeSync(file)
      const question = existsSync(stopped) ? readFileSync(stopped, 'utf8') : undefined
      for (const path of [pipe, program, given, stopped]) rmSync(path, { force: true })
      return { asked, stopped: question }
    },
  }
}

// A pipe takes so many in one piece.
const longest = 4000

function isLeft(file: number): boolean {
  try {
    return readSync(file, Buffer.alloc(1)) > 0
  } catch {
    return false
  }
}
