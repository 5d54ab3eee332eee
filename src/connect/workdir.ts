import { type Command, quote, sh } from '../model/command.ts'
import { ConnectionError } from '../model/errors.ts'
import { must, type Runner } from './runner.ts'
import { needs } from './tools.ts'

/**
 * Reads where our directory on a machine is: its path, or nothing when there is none. It must be a directory and no
 * link, of our own user, mode 0700; else what is wrong with it is said and the exit code is not 0.
 */
export function findWorkdir(given: string | undefined): Command {
  return sh.read`${literal(script(given, false))}`
}

/** The path of our directory on the machine, made if need be and checked. */
export async function makeWorkdir(runner: Runner, given: string | undefined): Promise<string> {
  const answer = await runner.script(script(given, true), { timeout: 60 })
  const said = must(runner.host, answer, 'the working directory cannot be used').stdout.toString()
  return pathOf(runner.host, said.trim())
}

/** The path that a machine says its directory has; throws ConnectionError when it is none. */
export function pathOf(host: string, said: string): string {
  if (!said.startsWith('/')) throw new ConnectionError(host, 'io', `${host}: $HOME is not set`)
  return said
}

const script = (given: string | undefined, make: boolean): string =>
  `${workdirText(given, make)}
printf '%s\\n' "$w"`

/** Text that leaves the checked path in `$w`; with `make` the directory is there then, else the script ends with 0 where it is not. */
export function workdirText(given: string | undefined, make: boolean): string {
  if (given !== undefined && !/^(\/|~\/)[^\0\n]*$/.test(given))
    throw new TypeError(`The working directory must be an absolute path or begin with ~/, got "${given}".`)
  const path = given === undefined ? '~/.upgrade-fleet' : given
  const word = path.startsWith('~/') ? `"\${HOME:?}"/${quote(path.slice(2))}` : quote(path)
  const create = `umask 077; if [ ! -d "$w" ]; then if mkdir -m 700 -- "$w" 2>/dev/null; then made=y
else [ -e "$w" ] || mkdir -m 700 -- "$w" || exit 1; fi; fi`
  const absent = '[ -e "$w" ] || [ -L "$w" ] || exit 0'
  return `${needs('stat', ...(make ? ['mkdir'] : []))}
w=${word}; made=
${make ? create : absent}
if [ "$made" = y ]; then :; elif [ -L "$w" ] || [ ! -d "$w" ]; then printf '%s\\n' "$w is not a directory" >&2; exit 1
elif [ ! -O "$w" ]; then printf '%s\\n' "$w belongs to another user" >&2; exit 1
else mode=$(stat -c %a -- "$w") || exit 1
case $mode in 700 | ?700) ;; *) printf '%s\\n' "$w has mode $mode, it must be 700: chmod 700 $w" >&2; exit 1 ;; esac; fi`
}

/** Text of ours as a command; every value in it was quoted when the text was made. */
function literal(text: string): Command {
  return sh(Object.assign([text], { raw: [text] }))
}
