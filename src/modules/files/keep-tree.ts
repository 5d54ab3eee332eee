import type { On } from '../../model/action.ts'
import { type Command, sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { absolute, printer, reach } from './look.ts'
import { besideOf, enterPrivate, partsOf, privateOf } from './private.ts'

/** A tree (or anything else) as it was before a change. */
export type KeptTree = {
  /** Where its copy lies on the machine; null where there was nothing. */
  readonly copy: string | null
  /** Device and number of what was there: what has others later is not it any more. */
  readonly is: string | null
  /** Its state, in a word: what has another was changed since. */
  readonly state: string
  /** A file of the machine with device, number and state of what the change put there. */
  readonly made: string
}

const long = { timeout: 24 * 3600 }

/** Says the state of a directory in a word, by names, kinds, modes, sizes and times: `tree PATH`. */
export const treePrinter = sh.read`tree() { ( cd -- "$1" && find . -exec stat -c '%f %u %g %s %Y' -- {} + && find . -print0 ) | sha256sum | cut -c1-64; }`

/** Says the state of anything in a line: `state PATH`. */
export const statePrinter = sh.read`${printer}
${treePrinter}
state() { if [ -d "$1" ] && [ ! -L "$1" ]; then tree "$1"; else print "$1"; fi; }`

/** Ends a script unless what stands at `f` is as it was when it was kept. */
export const mustBeAsKept = ({ state }: KeptTree): Command => sh.read`[ "$(state "$f")" = ${state} ] || {
printf '%s was changed by somebody else since it was looked at, and is left as it is: look at it, then run again\n' "$f" >&2; exit 1; }`

/** Keeps a copy of whatever stands at a path, complete before its name appears, never overwritten. */
export async function keepTree(on: On, path: string): Promise<KeptTree> {
  mustBeBelowRoot(path)
  const kept = await on.keep()
  const said = await on.must(
    sh`umask 077; f=${path}; d=${kept}
${statePrinter}
${reach}
if [ ! -e "$f" ] && [ ! -L "$f" ]; then reach "$f"; echo none; exit 0; fi
is=$(stat -c %d:%i -- "$f") && was=$(state "$f") || exit 1
n=1; while c=$d/tree.$n; [ -e "$c" ] || [ -L "$c" ]; do n=$((n + 1)); done
rm -rf -- "$d/part" && cp -a -- "$f" "$d/part" && { sync -f -- "$d/part" 2>/dev/null || sync; } && mv -- "$d/part" "$c" || { rm -rf -- "$d/part"; exit 1; }
[ "$(state "$f")" = "$was" ] || { printf 'it changed while it was copied\n' >&2; exit 1; }
printf '%s %s %s\n' $n "$is" "$was"`,
    long,
  )
  const [number = '', is = '', ...state] = said.trim().split(' ')
  const made = `${kept}/made`
  if (number === 'none') return { copy: null, is: null, state: 'none', made }
  return { copy: `${kept}/tree.${number}`, is, state: state.join(' '), made }
}

/** Notes, in what a change writes of its doings, that it is about to take away what was kept: ends a script where that fails. */
export const noteMoved = ({ made }: Pick<KeptTree, 'made'>): Command =>
  sh`printf 'moved\n' >>${made} && { sync -- ${made} 2>/dev/null || sync; } || exit 1`

/**
 * Brings back what was kept. What somebody else put there since, or changed of what the change made, is moved aside, which
 * is said: a number in the file system is no proof, since the next file may get that of a removed one. Harmless when repeated,
 * and where nothing was done. `ours` may know otherwise that `$f`, whose number is `$now`, is what the change made.
 */
export async function bringTreeBack(
  on: On,
  path: string,
  kept: KeptTree,
  ours: Command = sh.read`false`,
): Promise<void> {
  const { copy, is, state, made } = kept
  mustBeBelowRoot(path)
  const aside = `${path.replace(/\/+$/, '')}.aside-${on.run}`
  const said = await on.must(
    sh`f=${path}; t=${besideOf(on, path)}; c=${copy ?? ''}; a=${aside}; m=${made}
${statePrinter}
rm -rf -- "$t" "$t.old" "$t.tar" "$t.d" || exit 1
there() { [ -e "$f" ] || [ -L "$f" ]; }
like() { stat -c '%f %u %g %s' -- "$1"; }
who() { printf '%s %s %s\n' "$(stat -c %d:%i -- "$1")" "$(like "$1")" "$(state "$1")"; }
said() { [ -f "$1" ] && grep -qxF -e "$2" -- "$1"; }
asKept() { [ "$(state "$f")" = ${state} ] && { [ -d "$f" ] || [ "$(like "$f")" = "$(like "$c")" ]; }; }
if there; then now=$(stat -c %d:%i -- "$f") || exit 1
if [ "$now" = ${is ?? 'none'} ] && { [ -z "$c" ] || asKept || ! said "$m" moved; }; then exit 0; fi
if [ -n "$c" ] && said "$c.back" "$(who "$f")"; then exit 0; fi; fi
away() { there || return 0; now=$(stat -c %d:%i -- "$f") || exit 1
if said "$m" "$now $(tree "$f")" || { ${ours}; }; then mv -T -- "$f" "$t.old" || exit 1; return 0; fi
n=; i=0; while [ -e "$a$n" ] || [ -L "$a$n" ]; do i=$((i + 1)); n=.$i; done
mv -T -- "$f" "$a$n" && echo aside || exit 1; }
if [ -z "$c" ]; then away; else
${enterPrivate(on, path)}
made() { { sync -f -- "$1" 2>/dev/null || sync; } && who "$1" >>"$c.back"; }
if [ -d "$c" ] && [ ! -L "$c" ]; then
cp -a -- "$c/." . && { [ "$(stat -c '%u:%g %a' .)" = "$(stat -c '%u:%g %a' -- "$c")" ] || { chown -- "$(stat -c %u:%g -- "$c")" . && chmod -- "0$(stat -c %a -- "$c")" .; }; } && made . &&
away && mv -T -- ../${nameOf(privateOf(on, path))} ../${nameOf(path)} && [ . -ef ../${nameOf(path)} ] || { leave; exit 1; }
else cp -aT -- "$c" ./new && made ./new && away && mv -T -- ./new ../${nameOf(path)} || { leave; exit 1; }
leave; fi; cd /; fi
rm -rf -- "$t.old"`,
    long,
  )
  if (said.includes('aside'))
    on.say(`somebody else changed what is at ${path} after this run; it is now beside it, as ${aside}`)
}

const nameOf = (path: string): string => partsOf(path).name

function mustBeBelowRoot(path: string): void {
  absolute(path)
  if (/^\/*(\.{0,2}\/*)*$/.test(path)) throw new TaskError(`refused to replace ${path || 'nothing'}`)
}
