import type { On } from '../../model/action.ts'
import { type Command, sh } from '../../model/command.ts'
import { bringTreeBack } from './keep-tree.ts'

/** What stood where a new directory goes, and where it is moved to. */
export type Standing = {
  /** Device and number of what stood there; null for nothing. */
  readonly is: string | null
  readonly aside: string
  /** A file of the machine with device, number and state of what the change put there. */
  readonly made: string
}

/** Looks at what stands at a path, which only reads but for the task's own directory. */
export async function standingAt(on: On, dest: string): Promise<Standing> {
  const kept = await on.keep()
  const said = await on.must(sh.read`f=${dest}; a=${`${dest}.aside-${on.run}`}
if [ -e "$f" ] || [ -L "$f" ]; then stat -c %d:%i -- "$f" || exit 1; else echo none; fi
n=; i=0; while [ -e "$a$n" ] || [ -L "$a$n" ]; do i=$((i + 1)); n=.$i; done; printf '%s\n' "$n"`)
  const [is = '', number = ''] = said.split('\n')
  return {
    is: is === 'none' ? null : is,
    aside: `${dest}.aside-${on.run}${number}`,
    made: `${kept}/made`,
  }
}

/**
 * Shell that gives the directory where it is, a new one beside `f`, that name, and moves what stood there aside. `$state` is the
 * state of the new one by `tree`; `die` ends the script.
 */
export const putInPlace = ({ is, aside, made }: Standing): Command => sh`n=$PWD
printf '%s %s\n' "$(stat -c %d:%i .)" "$state" >>${made} || exit 1
if [ -e "$f" ] || [ -L "$f" ]; then
[ "$(stat -c %d:%i -- "$f")" = ${is ?? 'none'} ] || die "somebody else put something at $f since it was looked at"
mv -T -- "$f" ${aside} || exit 1; fi
mv -T -- "$n" "$f" || exit 1
[ . -ef "$f" ] || die "somebody else put something in place of $n"
d=$(dirname -- "$f"); cd / && { sync -- "$d" 2>/dev/null || sync; }`

/** Removes what the change put there and moves back what stood there; what was changed in it since is moved aside, which is said. */
export async function takeFromPlace(on: On, dest: string, standing: Standing, ours?: Command): Promise<void> {
  const { is, aside, made } = standing
  await bringTreeBack(on, dest, { copy: null, is, state: 'none', made }, ours)
  if (is !== null)
    await on.must(sh`f=${dest}; a=${aside}; if [ -e "$f" ] || [ -L "$f" ]; then exit 0; fi
[ "$(stat -c %d:%i -- "$a")" = ${is} ] || { printf '%s is not there any more\n' "$a" >&2; exit 1; }
mv -T -- "$a" "$f" && { sync -- "$(dirname -- "$f")" 2>/dev/null || sync; }`)
}
