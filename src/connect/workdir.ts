import { type Command, quote, sh } from '../model/command.ts'
import { ConnectionError } from '../model/errors.ts'
import { must, type Runner } from './runner.ts'
import { needs } from './tools.ts'

/**
 * Reads where our directory on a machine is: its path, or nothing when there is none. It must be a directory and no
 * link, of our own user, mode 0700; else what is wrong with it is said and the exit code is not 0.
 */
export function findWorkdir(given: string | undefined): Command {
  return sh.read`${script(given, false)}`
}

/** The path of our directory on the machine, made if need be and checked. */
export async function makeWorkdir(runner: Runner, given: string | undefined): Promise<string> {
  const answer = await runner.script(script(given, true).text, { timeout: 60 })
  const path = must(runner.host, answer, 'the working directory cannot be used').stdout.toString().trim()
  if (!path.startsWith('/')) throw new ConnectionError(runner.host, 'io', `${runner.host}: $HOME is not set`)
  return path
}

function script(given: string | undefined, make: boolean): Command {
  if (given !== undefined && !/^(\/|~\/)[^\0\n]*$/.test(given))
    throw new TypeError(`The working directory must be an absolute path or begin with ~/, got "${given}".`)
  const path = given === undefined ? '~/.upgrade-fleet' : given
  const word = path.startsWith('~/') ? `"\${HOME:?}"/${quote(path.slice(2))}` : quote(path)
  const create = `umask 077; [ -d "$w" ] || mkdir -m 700 -- "$w" 2>/dev/null || [ -e "$w" ] || mkdir -m 700 -- "$w" || exit 1`
  const absent = '[ -e "$w" ] || [ -L "$w" ] || exit 0'
  return literal(`${needs('stat', 'id', ...(make ? ['mkdir'] : []))}
w=${word}
${make ? create : absent}
if [ -L "$w" ] || [ ! -d "$w" ]; then printf '%s\\n' "$w is not a directory" >&2; exit 1; fi
set -- $(stat -c '%u %a' -- "$w") || exit 1
if [ "$1" != "$(id -u)" ]; then printf '%s\\n' "$w belongs to another user" >&2; exit 1; fi
case $2 in 700 | ?700) ;; *) printf '%s\\n' "$w has mode $2, it must be 700: chmod 700 $w" >&2; exit 1 ;; esac
printf '%s\\n' "$w"`)
}

/** Text of ours as a command; every value in it was quoted when the text was made. */
function literal(text: string): Command {
  return sh(Object.assign([text], { raw: [text] }))
}
