import { execFile } from 'node:child_process'
import { sanitize } from '../model/sanitize.ts'

/** Whether an `ssh` that says this of itself (`ssh -V`) asks the program that it is told to: OpenSSH does since 8.4. */
export function takesAnswers(version: string): boolean {
  const [, major, minor] = /^OpenSSH_(?:\w+_)?(\d+)\.(\d+)/m.exec(version) ?? []
  return Number(major) > 8 || (Number(major) === 8 && Number(minor) >= 4)
}

/**
 * Why an `ssh` cannot be given a password or a passphrase; undefined where it can. An older one would read from a terminal
 * that is not there, and send an empty password: a failure that nobody typed.
 */
export async function cannotAnswer(program: string): Promise<string | undefined> {
  const said = await new Promise<string>((resolve) =>
    execFile(program, ['-V'], { timeout: 10_000 }, (_error, out, err) => resolve(`${err}${out}`)),
  )
  if (takesAnswers(said)) return undefined
  const [first = ''] = sanitize(said).trim().split('\n')
  return `${program} says it is ${first === '' ? 'nothing' : `"${first.slice(0, 100)}"`}, and OpenSSH can be given a password or a passphrase since 8.4 alone`
}
