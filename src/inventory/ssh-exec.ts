import { spawnSync } from 'node:child_process'
import { InputError } from '../model/errors.ts'
import type { SshController } from './ssh-config.ts'
import type { SshLine } from './ssh-config-lines.ts'
import { type SshTokens, withTokens } from './ssh-tokens.ts'

/** The variable of the environment that allows `Match exec`. */
export const allowVariable = 'UPGRADE_FLEET_ALLOW_MATCH_EXEC'

const deadline = 10_000

/** What values a shell would read as more than a word, or as an option. */
export const notForShell = /^-|["'`$\\;&<>|(){}\s\p{Cc}]/u

/** What of a machine is known at the line of a `Match exec`. */
type Known = Pick<SshTokens, 'host' | 'original' | 'port' | 'user' | 'keyAlias'>

/** Whether the command of a `Match exec` says yes: its tokens put in, run by the user's shell. Throws an {@link InputError} with its place. */
export function matchExec(line: SshLine, command: string, controller: SshController, known: Known): boolean {
  const wrong = (message: string, next?: string) =>
    new InputError(`${line.from} ${line.keyword}: ${message}`, next)
  if (controller.run === undefined)
    throw wrong(
      '"exec" would run a command of the file, which is not done unless it is allowed',
      `If all commands of your ssh_config may be run: ${allowVariable}=yes upgrade-fleet ...; else say it with "host" or "user", or use another file (-F FILE in ansible_ssh_common_args)`,
    )
  const { user: localUser, uid, home, hostName: localHost } = controller
  const tokens = { ...known, localUser, uid, home, localHost }
  for (const [letter, value] of [
    ['h', known.host],
    ['n', known.original],
    ['r', known.user],
    ['k', known.keyAlias],
  ] as const)
    if (command.includes(`%${letter}`) && notForShell.test(value))
      throw wrong(`will not hand ${JSON.stringify(value)} to a shell`)
  const text = withTokens(command, 'hnprudilLk', tokens)
  if ('wrong' in text) throw wrong(text.wrong)
  try {
    return controller.run(text.text)
  } catch (error) {
    throw wrong(`"exec": ${error instanceof Error ? error.message : error}`)
  }
}

/** Runs commands by a shell, each once, without input, its output thrown away; one that does not end in time, or dies, throws. */
export function commandRunner(shell: string, milliseconds = deadline): (command: string) => boolean {
  const said = new Map<string, boolean>()
  return (command) => {
    const before = said.get(command)
    if (before !== undefined) return before
    const { status, signal, error } = spawnSync(shell, ['-c', command], {
      stdio: 'ignore',
      timeout: milliseconds,
      killSignal: 'SIGKILL',
    })
    if (error !== undefined && 'code' in error && error.code === 'ETIMEDOUT')
      throw new Error(`the command did not end within ${milliseconds / 1000} seconds: ${command}`)
    if (error !== undefined) throw error
    if (signal !== null) throw new Error(`the command was ended by ${signal}: ${command}`)
    said.set(command, status === 0)
    return status === 0
  }
}
