import { quote } from '../model/command.ts'
import { needs } from './tools.ts'

/** What a script of ours ends with when the machine's lock has passed on meanwhile. */
export const passedOn = 6
/** What {@link addScript} ends with when somebody else was quicker. */
export const quicker = 3

// The newest fifty are kept; those before them are cleared away by the dozen, so that most takings start no program for it.
const [kept, dozen] = [50, 12]
const tools = needs('mkdir', 'rm', 'sync')

/** Where a machine's lock is: a file for each of its states, named by its number, with the note in it. */
const lockDirectory = (workdir: string): string => `${workdir}/machine-lock`

/**
 * A test for `if`, by built-in commands: whether the state of that number is there and none after it. Its path is
 * absolute and it runs as the user who logged in, so whatever user the command becomes does not matter.
 */
export function fenceTest(workdir: string, number: number): string {
  const directory = lockDirectory(workdir)
  return `[ -f ${quote(`${directory}/${number}`)} ] && [ ! -e ${quote(`${directory}/${number + 1}`)} ]`
}

const newest = `newest() { m=0; for s in "$l"/[0-9]*; do s=\${s##*/}
case $s in *[!0-9]*) ;; *) [ "$s" -le "$m" ] || m=$s ;; esac; done; }
newest`
// Earlier builds made a state as a directory with its note inside.
const noteFile = 'f=$l/$m; [ ! -d "$f" ] || f=$f/note'

/** Says the newest state's number, then its note. */
export function lookScript(workdir: string): string {
  return `l=${quote(lockDirectory(workdir))}
${newest}
printf '%s\\n' "$m"; [ "$m" = 0 ] || ${sayNote}`
}
const sayNote = `{ ${noteFile}; while IFS= read -r x; do printf '%s\\n' "$x"; done <"$f"; }`

/** Adds a state after that of a number; {@link quicker} when it is not the newest. */
export function addScript(workdir: string, after: number, note: string): string {
  return `${tools}
umask 077; l=${quote(lockDirectory(workdir))}; n=${after + 1}
${newest}
[ "$m" = ${after} ] || exit ${quicker}
${add(note)}
exit 0`
}

/**
 * Adds a state behind the newest where its note begins with `free`, or where there is none; in one script, since a fleet is
 * locked at the start of every run. `workdir` is text that leaves our directory's path in `$w`. It says that path, then
 * {@link taken} and the number, or the newest state's number and its note.
 */
export function takeScript(workdir: string, free: string, note: string): string {
  return `${tools}
${workdir}
printf '%s\\n' "$w"; umask 077; l=$w/machine-lock
${newest}
if [ "$m" != 0 ]; then ${noteFile}; IFS= read -r x <"$f" || x=
case $x in ${quote(free)}*) ;; *) printf '%s\\n' "$m"; ${sayNote}; exit 0 ;; esac; fi
n=$((m + 1))
${add(note)}
printf '${taken} %s\\n' "$n"`
}
/** What {@link takeScript} says before the number of the state that it added. */
export const taken = 'taken'

/**
 * Text that adds the state `$n`, by the shell's own means: `set -C` makes its file with O_EXCL, so of many who try one
 * succeeds, and its note is one write. Ended between the two by force it leaves a note without its end, as a machine may that
 * loses its power before the sync; that counts as held, and nobody was told that he has it. A variable tells how far it came,
 * since bash 5.2 takes `! { ...; } >file` for a success where the file is refused. The last look finds whoever overtook a
 * script that stood still for so long that old states were cleared away meanwhile. It is on the disk before it is answered.
 */
const add = (note: string): string =>
  `[ -d "$l" ] || mkdir -p -- "$l" || exit 1
made=; set -C
{ made=half; printf '%s\\n' ${quote(note)} && made=whole; } >"$l/$n"
case $made in whole) ;; half) rm -f -- "$l/$n"; printf '%s\\n' "$l/$n cannot be written" >&2; exit 1 ;; *) [ ! -e "$l/$n" ] || exit ${quicker}; exit 1 ;; esac
newest
if [ "$m" != "$n" ]; then rm -f -- "$l/$n"; exit ${quicker}; fi
sync -- "$l/$n" "$l" 2>/dev/null || sync
set --
for s in "$l"/[0-9]*; do s=\${s##*/}
case $s in *[!0-9]*) ;; *) [ "$s" -gt $((n - ${kept})) ] || set -- "$@" "$l/$s" ;; esac; done
[ $# -lt ${dozen} ] || rm -rf -- "$@"`
