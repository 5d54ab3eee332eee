import type { On } from '../../model/action.ts'
import { sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { besideOf } from './keep.ts'

/** A tree (or anything else) as it was before a change. */
export type KeptTree = {
  /** Where its copy lies on the machine; null where there was nothing. */
  readonly copy: string | null
  /** Device and number of what was there: what has others later is not it any more. */
  readonly is: string | null
  /** A file of the machine with device, number and state of what the change put there. */
  readonly made: string
}

const long = { timeout: 24 * 3600 }

/** Says the state of a directory in a word, by names, kinds, modes, sizes and times: `tree PATH`. */
export const treePrinter = sh.read`tree() { ( cd -- "$1" && find . -exec stat -c '%f %u %g %s %Y' -- {} + && find . -print0 ) | sha256sum | cut -c1-64; }`

/** Keeps a copy of whatever stands at a path, complete before its name appears, never overwritten. */
export async function keepTree(on: On, path: string): Promise<KeptTree> {
  mustBeBelowRoot(path)
  const kept = await on.keep()
  const said = await on.must(
    sh`umask 077; f=${path}; d=${kept}; if [ ! -e "$f" ] && [ ! -L "$f" ]; then echo none; exit 0; fi
is=$(stat -c %d:%i -- "$f") || exit 1
n=1; while c=$d/tree.$n; [ -e "$c" ] || [ -L "$c" ]; do n=$((n + 1)); done
rm -rf -- "$d/part" && cp -a -- "$f" "$d/part" && { sync -f -- "$d/part" 2>/dev/null || sync; } && mv -- "$d/part" "$c" || exit 1
printf '%s %s\n' $n "$is"`,
    long,
  )
  const [number = '', is = ''] = said.trim().split(' ')
  const made = `${kept}/made`
  return number === 'none' ? { copy: null, is: null, made } : { copy: `${kept}/tree.${number}`, is, made }
}

/**
 * Brings back what was kept. What somebody else put there since, or changed of what the change made, is moved aside, which
 * is said. Harmless when repeated, and where nothing was done.
 */
export async function bringTreeBack(on: On, path: string, { copy, is, made }: KeptTree): Promise<void> {
  mustBeBelowRoot(path)
  const aside = `${path}.aside-${on.run}`
  const said = await on.must(
    sh`f=${path}; t=${besideOf(on, path)}; c=${copy ?? ''}; a=${aside}; m=${made}
${treePrinter}
rm -rf -- "$t" "$t.old" || exit 1
if [ -e "$f" ] || [ -L "$f" ]; then now=$(stat -c %d:%i -- "$f") || exit 1
if [ "$now" = ${is ?? 'none'} ] || { [ -n "$c" ] && grep -qxF -e "$now" -- "$c.back" 2>/dev/null; }; then exit 0; fi
if [ -f "$m" ] && grep -qxF -e "$now $(tree "$f")" -- "$m"; then mv -T -- "$f" "$t.old" || exit 1
else n=; i=0; while [ -e "$a$n" ] || [ -L "$a$n" ]; do i=$((i + 1)); n=.$i; done
mv -T -- "$f" "$a$n" && echo aside || exit 1; fi; fi
if [ -n "$c" ]; then
cp -a -- "$c" "$t" && { sync -f -- "$t" 2>/dev/null || sync; } && stat -c %d:%i -- "$t" >>"$c.back" && mv -T -- "$t" "$f" || exit 1; fi
rm -rf -- "$t.old"`,
    long,
  )
  if (said.includes('aside'))
    on.say(`somebody else changed what is at ${path} after this run; it is now beside it, as ${aside}`)
}

function mustBeBelowRoot(path: string): void {
  if (/^\/*(\.{0,2}\/*)*$/.test(path)) throw new TaskError(`refused to replace ${path || 'nothing'}`)
}
