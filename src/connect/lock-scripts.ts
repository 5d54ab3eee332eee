import { quote } from '../model/command.ts'
import { needs } from './tools.ts'

/** What a script of ours ends with when the machine's lock has passed on meanwhile. */
export const passedOn = 6
/** What {@link addScript} ends with when somebody else was quicker. */
export const quicker = 3

const kept = 50
const tools = needs('mkdir', 'mv', 'rm', 'sync')

/** Where a machine's lock is: a directory for each of its states, named by its number, with the note in it. */
const lockDirectory = (workdir: string): string => `${workdir}/machine-lock`

/**
 * A test for `if`, by built-in commands: whether the state of that number is there and none after it. Its path is
 * absolute and it runs as the user who logged in, so whatever user the command becomes does not matter.
 */
export function fenceTest(workdir: string, number: number): string {
  const directory = lockDirectory(workdir)
  return `[ -d ${quote(`${directory}/${number}`)} ] && [ ! -e ${quote(`${directory}/${number + 1}`)} ]`
}

const newest = `newest() { m=0; for s in "$l"/[0-9]*; do s=\${s##*/}
case $s in *[!0-9]*) ;; *) [ "$s" -le "$m" ] || m=$s ;; esac; done; }
newest`

/** Says the newest state's number, then its note. */
export function lookScript(workdir: string): string {
  return `l=${quote(lockDirectory(workdir))}
${newest}
printf '%s\\n' "$m"; [ "$m" = 0 ] || ${sayNote}`
}
const sayNote = `while IFS= read -r x; do printf '%s\\n' "$x"; done <"$l/$m/note"`

/** Adds a state after that of a number; {@link quicker} when it is not the newest. */
export function addScript(workdir: string, after: number, note: string, token: string): string {
  return `${tools}
umask 077; l=${quote(lockDirectory(workdir))}; n=${after + 1}
${newest}
[ "$m" = ${after} ] || exit ${quicker}
${add(note, token)}
exit 0`
}

/**
 * Adds a state behind the newest where its note begins with `free`, or where there is none; in one script, since a fleet is
 * locked at the start of every run. `workdir` is text that leaves our directory's path in `$w`. It says that path, then
 * {@link taken} and the number, or the newest state's number and its note.
 */
export function takeScript(workdir: string, free: string, note: string, token: string): string {
  return `${tools}
${workdir}
printf '%s\\n' "$w"; umask 077; l=$w/machine-lock
${newest}
if [ "$m" != 0 ]; then x=; IFS= read -r x <"$l/$m/note"
case $x in ${quote(free)}*) ;; *) printf '%s\\n' "$m"; ${sayNote}; exit 0 ;; esac; fi
n=$((m + 1))
${add(note, token)}
printf '${taken} %s\\n' "$n"`
}
/** What {@link takeScript} says before the number of the state that it added. */
export const taken = 'taken'

/**
 * Text that adds the state `$n`. It appears with its note inside, by rename, and only under a name that nobody has; the name
 * is the next number, so of many who try one succeeds. The last look finds whoever overtook a script that stood still
 * for so long that old states were cleared away meanwhile. It is on the disk before it is answered; a machine that loses its
 * power earlier may have a note that cannot be read, and that counts as held.
 */
const add = (note: string, token: string): string =>
  `t="$l"/new.${quote(token)}; trap '[ ! -e "$t" ] || rm -rf -- "$t"' EXIT; mkdir -p -- "$t" || exit 1
printf '%s\\n' ${quote(note)} >"$t/note" || exit 1
if ! w=$(mv -T -- "$t" "$l/$n" 2>&1); then [ ! -e "$l/$n" ] || exit ${quicker}
printf '%s\\n' "$w" >&2; exit 1; fi
newest
if [ "$m" != "$n" ]; then rm -rf -- "$l/$n"; exit ${quicker}; fi
sync -- "$l/$n/note" "$l/$n" "$l" 2>/dev/null || sync
for s in "$l"/[0-9]*; do s=\${s##*/}
case $s in *[!0-9]*) ;; *) [ "$s" -gt $((n - ${kept})) ] || rm -rf -- "$l/$s" ;; esac; done`
