import { createHash } from 'node:crypto'
import { posix } from 'node:path'
import type { On } from '../../model/action.ts'
import { type Command, sh } from '../../model/command.ts'

/** The directory that a path lies in, and its name there. */
export function partsOf(path: string): { readonly directory: string; readonly name: string } {
  const plain = path.replace(/(.)\/+$/s, '$1')
  return { directory: posix.dirname(plain), name: posix.basename(plain) }
}

/** A name beside a path that is this task's alone: what a try left there is taken by the next. */
export function besideOf(on: On, path: string): string {
  const digest = createHash('sha256').update(`${on.run}\0${on.task}\0${path}`).digest('hex').slice(0, 18)
  const { directory } = partsOf(path)
  return `${directory === '/' ? '' : directory}/.upgrade-fleet-${digest}`
}

/** The directory of this task's alone that {@link enterPrivate} makes beside a path. */
export const privateOf = (on: On, path: string): string => `${besideOf(on, path)}.d`

/**
 * Shell that makes a directory of this user's alone beside a path and enters it; what a try before left of it goes. There
 * `./x` is nobody else's, and `../NAME` the path, whoever may write around it: no name is looked up on the way that others can
 * make a link of. Ends the script where that fails. `leave`, for a trap, removes it.
 */
export const enterPrivate = (on: On, path: string): Command => {
  const name = partsOf(privateOf(on, path)).name
  const { directory } = partsOf(path)
  // A link to an empty directory of ours elsewhere would have another parent.
  return sh`cd -- ${directory} && rm -rf -- ./${name} && mkdir -m 0700 -- ./${name} && cd -- ./${name} || exit 1
leave() { cd .. && rm -rf -- ./${name}; }
case "$(stat -c '%u %a' .) $(ls -A)" in "$(id -u) 700 "|"$(id -u) 2700 ") [ .. -ef ${directory} ] ;; *) false ;; esac ||
{ printf 'somebody else put something in place of %s\n' ${privateOf(on, path)} >&2; exit 1; }`
}

/** How the directory that was entered by {@link enterPrivate} is called by programs that make their paths absolute: it is theirs. */
export const here = '/proc/self/cwd'
