import { type Action, change, type On } from '../../model/action.ts'
import { type Command, sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { ask, linesOf } from '../target.ts'
import { utf8 } from './client.ts'
import { copiesIn, find, type Trees, type WorkingCopy } from './copies.ts'

type Detaching = Trees & {
  /** `refuse` (the default) leaves all alone where something was changed and not committed; `anyway` does not look. */
  readonly modified?: 'refuse' | 'anyway' | undefined
}

/** The directory of the machine with a copy of each `.svn` (`1`, `2`, ...) and its path (`1.path`, ...). */
type Memory = { readonly copies: string }

const long = { timeout: 3600 }

/** Says the state of a tree in a word that its copy has too: in no order, and without the sizes that a file system gives directories. */
const printer = sh.read`tree() { ( cd -- "$1" && { find . -type d -exec stat -c '%f %u %g %Y %n' -- {} + && find . ! -type d -exec stat -c '%f %u %g %s %Y %n' -- {} +; } | LC_ALL=C sort ) | sha256sum | cut -c1-64; }`
const left = '.upgrade-fleet-svn'

/**
 * Trees that are no working copies any more: each `.svn` of the 1.6 layout (one in each directory) and of 1.7 and newer
 * (one at the top) is gone, all else stays. Refused where something is changed and not committed, unless told. Each `.svn` is
 * kept on the machine first, and undo brings them back byte for byte.
 *
 * @example
 * svn.detach({ trees: ['/srv/app/tree'], modified: 'anyway' })
 */
export const detach = (input: Detaching): Action<{ readonly detached: number }> => detached(input)
const detached = change<Detaching, { readonly detached: number }, Memory>('svn.detach', {
  async check(on, input) {
    const { trees } = input
    const rest = sh.read`for d in ${trees}; do [ ! -d "$d" ] || find "$d" ${sh.read`'(' -name .svn -o -name ${left} ')'`} -prune -print; done | head -n 1`
    return (await on.must(rest, long)) === '' ? { detached: trees.length } : undefined
  },
  async remember(on, input) {
    if (input.modified !== 'anyway') await nothingModified(on, input)
    const kept = await on.keep()
    const said = await on.must(
      sh`umask 077; k=${kept}; ${printer}
n=1; while [ -e "$k/svn.$n" ]; do n=$((n + 1)); done
rm -rf -- "$k/part" && mkdir -- "$k/part" && echo 1 >"$k/part/next" || exit 1
${find(
  input,
  sh`-exec sh -c 'k=$1; shift; for s; do i=$(cat "$k/next"); cp -a -- "$s" "$k/$i" && printf %s "$s" >"$k/$i.path" && echo $((i + 1)) >"$k/next" || exit 1; done' sh "$k/part" {} +`,
)}
i=1; while [ -d "$k/part/$i" ]; do s=$(cat -- "$k/part/$i.path"); [ "$(tree "$s")" = "$(tree "$k/part/$i")" ] || { printf '%s changed while it was copied\n' "$s" >&2; exit 1; }; i=$((i + 1)); done
{ sync -f -- "$k/part" 2>/dev/null || sync; } && mv -T -- "$k/part" "$k/svn.$n" && echo $n`,
      long,
    )
    return { copies: `${kept}/svn.${said.trim()}` }
  },
  async apply(on, { trees }, { copies }) {
    await on.must(
      each(
        copies,
        sh`rm -rf -- "$t" || exit 1
[ -d "$s" ] || continue
[ "$(tree "$s")" = "$(tree "$k/$i")" ] || { printf '%s was changed by somebody else since it was looked at, and is left as it is: look at it, then run again\n' "$s" >&2; exit 1; }
mv -T -- "$s" "$t" && rm -rf -- "$t" || exit 1`,
      ),
      long,
    )
    return { detached: trees.length }
  },
  async undo(on, _input, { copies }) {
    const said = await on.must(
      each(
        copies,
        sh`rm -rf -- "$t" || exit 1
if [ -e "$s" ]; then [ "$(tree "$s")" != "$(tree "$k/$i")" ] || continue
a=$s.aside-${on.run}; n=; j=0; while [ -e "$a$n" ]; do j=$((j + 1)); n=.$j; done
mv -T -- "$s" "$a$n" && printf '%s\n' "$a$n" || exit 1; fi
cp -a -- "$k/$i" "$t" && { sync -f -- "$t" 2>/dev/null || sync; } && mv -T -- "$t" "$s" || exit 1`,
      ),
      long,
    )
    for (const aside of linesOf(said)) on.say(`somebody else made a .svn after this run; it is now ${aside}`)
  },
})

/** Does something for each `.svn` that was kept: `s` is where it stood, `t` a name beside it. */
const each = (copies: string, work: Command): Command => sh`k=${copies}; ${printer}
i=0; while i=$((i + 1)); [ -d "$k/$i" ]; do
s=$(cat -- "$k/$i.path") && t=$(dirname -- "$s")/${left} || exit 1
${work}
done`

async function nothingModified(on: On, input: Trees): Promise<void> {
  const found = await Promise.all((await copiesIn(on, input)).map((copy) => modifiedIn(on, copy)))
  const modified = found.flat()
  if (modified.length > 0)
    throw new TaskError(
      `${on.name}: something in a working copy was changed and not committed, or cannot be known; commit it, or say modified: 'anyway'`,
      modified.slice(0, 20),
    )
}

// A client of 1.7 or newer does not read the 1.6 layout, whose pristine files are plain files; that layout is asked of the disk.
async function modifiedIn(on: On, { path, layout }: WorkingCopy): Promise<readonly string[]> {
  if (layout === 'unknown') return [`${path}: a .svn of no known layout`]
  const asked =
    layout === '1.6'
      ? sh.read`find ${path} -type d -name .svn -prune -exec sh -c ${looksModified} sh {} + | head -n 20`
      : sh.read`( ${utf8}
command -v svn >/dev/null || { echo 'there is no svn to ask'; exit 0; }
q='--non-interactive --config-dir /dev/null/none'; svn info $q -- ${`${path}@`} >/dev/null && said=$(svn status $q -q --ignore-externals -- ${`${path}@`}) || exit 1
printf '%s\n' "$said" | head -n 20 )`
  const { code, stdout, stderr } = await ask(on, asked, long)
  if (code !== 0) throw new TaskError(`${path} on ${on.name} cannot be looked at`, linesOf(stderr))
  return linesOf(stdout).map((line) => (layout === '1.6' ? line : `${path}: ${line}`))
}

/** For each `.svn` of the 1.6 layout: files and properties that differ from what they were, and what waits for a commit. */
const looksModified = `for s; do d=$(dirname -- "$s")
for b in "$s"/text-base/*.svn-base "$s"/text-base/.*.svn-base; do [ -f "$b" ] || continue; n=$(basename -- "$b" .svn-base)
cmp -s -- "$b" "$d/$n" || printf '%s/%s\\n' "$d" "$n"; done
for p in "$s"/props/*.svn-work "$s"/dir-props; do [ -f "$p" ] || continue; n=$(basename -- "$p" .svn-work)
case $n in dir-props) b=$s/dir-prop-base ;; *) b=$s/prop-base/$n.svn-base ;; esac
cmp -s -- "$p" "$b" || printf '%s/%s: properties\\n' "$d" "$n"; done
if grep -qxE 'add|delete|replace' -- "$s/entries"; then printf '%s: added or deleted\\n' "$d"; fi
done`
