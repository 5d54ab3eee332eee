import { randomBytes } from 'node:crypto'
import { quote } from '../model/command.ts'
import type { PutOptions } from '../model/connection.ts'
import { passedOn } from './lock-scripts.ts'
import { type Identity, killScript } from './session.ts'
import { digestOf } from './sources.ts'
import { needs } from './tools.ts'

/** What scripts that store a file end with when it was not done. */
export const outcome = { exists: 5, cut: 10, noSpace: 11, notThere: 12, otherBytes: 13 } as const

/** Where a file goes: its path, the directory of that, and the name that it has until it is whole. */
export interface Place {
  readonly path: string
  readonly directory: string
  readonly temporary: string
}

/** Where a file goes, with a temporary name that nobody else has. */
export function placeOf(path: string): Place {
  const directory = path.slice(0, path.lastIndexOf('/')) || '/'
  const beside = directory === '/' ? '' : directory
  return { path, directory, temporary: `${beside}/.upgrade-fleet-${randomBytes(9).toString('hex')}` }
}

/**
 * Sets `h` to the quickest SHA-256 that the machine has: coreutils' own is a third as fast as a disk, and OpenSSL, where it
 * is there and right about a known digest, five times that.
 */
export const digestTool = `h=sha256sum; [ "$(printf abc | openssl dgst -sha256 -r 2>/dev/null)" != 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad *stdin' ] || h='openssl dgst -sha256 -r'`

/**
 * Names `f`, `d` and `t`, and refuses what cannot be. `fresh` makes `t` and holds it open: from then on it is read, written
 * and given its owner as `x`, the open file, for others who may write into the directory can put a link in place of its name.
 */
export function beginStore({ path, directory, temporary }: Place, { exclusive }: PutOptions): string {
  return `${needs('head', 'sha256sum', 'chmod', 'sync', 'rm', exclusive ? 'ln' : 'mv')}
umask 077; f=${quote(path)}; d=${quote(directory)}; t=${quote(temporary)}; x=/proc/self/fd/9
fresh() { set -C; exec 9>"$t" || exit 1; set +C; }
if [ ! -d "$d" ]; then printf '%s\\n' "there is no directory $d" >&2; exit 1; fi
if [ -d "$f" ]; then printf '%s\\n' "$f is a directory" >&2; exit 1; fi
${exclusive ? `if [ -e "$f" ] || [ -L "$f" ]; then exit ${outcome.exists}; fi` : ':'}
trap 'exit 9' HUP INT TERM PIPE`
}

/** Gives `t`, which is whole, its owner, mode and name. The bytes may have been long on their way, so the fence is tested again first. */
export function endStore(
  { mode = 0o600, owner, group, exclusive = false }: PutOptions,
  fence: string | undefined,
): string {
  const whose = owner === undefined ? group && `:${group}` : group === undefined ? owner : `${owner}:${group}`
  return `${whose === undefined ? ':' : `chown -- ${quote(whose)} "$x" || exit 1`}
chmod ${mode.toString(8).padStart(4, '0')} -- "$x" || exit 1
sync -- "$x" 2>/dev/null || sync
${fence === undefined ? ':' : `{ ${fence}; } || exit ${passedOn}`}
${stillOpen}
${naming(exclusive)}`
}

// The name must be that of the open file.
const stillOpen = `[ ! -L "$t" ] && [ "$t" -ef "$x" ] || { printf '%s\\n' "somebody else put something in place of $t: who may write into $d?" >&2; exit 1; }`

/** Gives a file that is whole, with owner and mode, its name: by what it is while it is held open, not by its name alone. */
export function nameScript(place: Place, sha256: string, options: PutOptions): string {
  return `${beginStore(place, options)}
${digestTool}
trap '[ -z "$t" ] || rm -f -- "$t"' EXIT
[ -L "$t" ] || exec 9<"$t" || exit 1
g=$($h <"$x"); [ "\${g%% *}" = ${sha256} ] && ${stillOpen}
${naming(options.exclusive)}`
}

function naming(exclusive = false): string {
  const place = exclusive
    ? `ln -T -- "$t" "$f" 2>/dev/null || { [ -e "$f" ] && exit ${outcome.exists}; ln -T -- "$t" "$f" || exit 1; }`
    : 'mv -fT -- "$t" "$f" && t= || exit 1'
  return `${place}
sync -- "$d" 2>/dev/null || sync`
}

/**
 * Reads a line with the SHA-256 and then `size` bytes from its input; nothing may come behind them, since busybox's `head`
 * reads more than it gives. The name appears only when both agree and the bytes are on disk; whatever happens before leaves
 * nothing.
 */
export function storeSmall(
  place: Place,
  size: number,
  options: PutOptions,
  fence: string | undefined,
): string {
  return `${beginStore(place, options)}
fresh
trap '[ -z "$t" ] || rm -f -- "$t"' EXIT
IFS= read -r w || { printf 'the data ended early\\n' >&2; exit 1; }
head -c ${size} >&9 || exit 1
g=$(sha256sum <"$x") || exit 1; g=\${g%% *}
if [ "$g" != "$w" ]; then printf '%s\\n' "it arrived changed: SHA-256 $g" >&2; exit 1; fi
${endStore(options, fence)}`
}

/** What a large file needs besides: our directory, and what an attempt before this one left. */
export interface Large extends Place {
  readonly size: number
  readonly workdir: string
  /** The name under which what has arrived is kept when the bytes end early. */
  readonly part: string
  /** The temporary name of the attempt before, and the session that may still write there. */
  /** What has arrived is not kept when the bytes end early. */
  readonly secret?: boolean
  readonly before?: { readonly temporary: string; readonly writer: Identity | undefined } | undefined
}

/** Where our directory notes the partial files that lie beside their targets. */
const notes = (workdir: string): string => quote(`${workdir}/parts`)

const beatSeconds = 2

/** Days after which nobody is expected to come back for a partial file. */
export const partDays = 7

/**
 * Takes over what an earlier attempt left, says `ready`, how many bytes are there and who writes, then reads the rest and
 * a line with the SHA-256 of the whole; now and then it says `at` and how many have come, for on a slow link whatever else the
 * machine would say waits behind them. Bytes that end early are kept under the part's name; all else that goes wrong
 * leaves nothing. A part is only taken over by renaming it, so of two who try one has it.
 */
export function storeLarge(large: Large, options: PutOptions, fence: string | undefined): string {
  const { size, part, before, workdir, temporary, secret = false } = large
  const claims = [...(before === undefined ? [] : [before.temporary]), part].map(quote).join(' ')
  const id = temporary.slice(temporary.lastIndexOf('-') + 1)
  const kill = before?.writer === undefined ? ':' : `( ${killScript(before.writer)} ) >/dev/null`
  return `${needs('mkdir', 'stat', 'tee', 'mv', 'ln')}
${beginStore(large, options)}
p=${quote(part)}; l=${notes(workdir)}; n=$l/${id}; m=$l/part-${digestOf(Buffer.from(part)).slice(0, 18)}; s=${size}; k=${secret ? '' : 1}; o=0
${digestTool}
${kill}
mkdir -p -- "$l" || exit 1
${sweep}
b=
keep() { r=$?; [ -z "$b" ] || kill "$b" 2>/dev/null; trap '' HUP INT TERM PIPE
if [ -n "$t" ]; then if [ -n "$k" ] && [ -s "$t" ]; then mv -fT -- "$t" "$p" && rm -f -- "$m" && ln -s -- "$p" "$m"; else rm -f -- "$t"; fi; fi
rm -f -- "$n"; exit $r; }
trap keep EXIT
for q in ${claims}; do mv -fT -- "$q" "$t" 2>/dev/null && break; done
rm -f -- "$m"
a="$(id -u) 1 600"
if [ -f "$t" ] && [ ! -L "$t" ] && [ "$(stat -c '%u %h %a' -- "$t")" = "$a" ]; then exec 9>>"$t"
[ "$(stat -L -c '%u %h %a' -- "$x")" != "$a" ] || o=$(stat -L -c %s -- "$x"); [ "$o" -le "$s" ] || o=0; fi
if [ "$o" = 0 ]; then exec 9>&-; rm -f -- "$t"; fresh; chmod 0600 -- "$x" || exit 1; fi
ln -s -- "$t" "$n"
set -- $(stat -f -c '%a %S %b' -- "$d")
if [ $# = 3 ] && [ "$3" != 0 ] && [ $(($1 * $2)) -lt $((s - o)) ]; then k=; printf '%s\\n' $(($1 * $2)); exit ${outcome.noSpace}; fi
e=; ! tee --output-error=exit </dev/null >/dev/null 2>&1 || e=--output-error=exit
take() { head -c "$1"; }
! dd bs=1 count=0 iflag=fullblock,count_bytes status=none </dev/null 2>/dev/null || take() { dd bs=64K iflag=fullblock,count_bytes status=none count="$1"; }
read -r q </proc/$$/stat; printf 'ready %s %s\\n' "$o" "$q"
( while sleep ${beatSeconds} 9>&- </dev/null >/dev/null 2>&1; do printf 'at %s\\n' "$(stat -L -c %s -- "$x")"; done ) & b=$!
g=$( { { [ "$o" = 0 ] || head -c "$o" <"$x"; take $((s - o)) | { tee $e -a -- "$x" || printf full >&3; }; } | $h; } 3>&1 )
case $g in *full*) k=; exit 1 ;; esac
[ "$(stat -L -c %s -- "$x")" = "$s" ] && IFS= read -r w || { printf 'the data ended early\\n' >&2; exit ${outcome.cut}; }
k=; g=\${g%% *}
if [ "$g" != "$w" ]; then printf '%s\\n' "$g"; exit ${outcome.otherBytes}; fi
${cacheKeep(options, workdir)}
${endStore(options, fence)}`
}

/** Removes a part that nobody comes back for; of the last attempt, what it left, and whoever may still write there. */
export function dropPart(part: string, before?: Large['before']): string {
  const kill = before?.writer === undefined ? '' : `( ${killScript(before.writer)} ) >/dev/null\n`
  return `${kill}rm -f -- ${[part, ...(before === undefined ? [] : [before.temporary])].map(quote).join(' ')}`
}

// Notes are links to where the parts lie; of what is old, nothing is removed but what has a name of ours.
const sweep = `for q in "$l"/*; do [ -L "$q" ] || continue; [ -e "$q" ] || { rm -f -- "$q"; continue; }
[ -n "$(find "$q" -maxdepth 0 -mtime +${partDays - 1})" ] || continue
u=$(readlink -- "$q"; echo .); u=\${u%??}; case \${u##*/} in .upgrade-fleet-*) rm -f -- "$u" ;; esac; rm -f -- "$q"; done`

/** Where a machine keeps files by their digest. */
const cacheOf = (workdir: string): string => `${workdir}/cache/sha256`

/** How long and how much is kept in a machine's cache, also of what it fetched itself: the least recently used goes first. */
export const cacheBounds = { days: 30, bytes: 10 * 1024 ** 3 } as const

/**
 * Puts what the machine has by its digest into its place: the first of the candidates that holds it; a cache entry that
 * does not is removed. Ends with `notThere` when none does.
 */
export function storeFromCache(
  place: Place,
  size: number,
  sha256: string,
  workdir: string,
  candidates: readonly string[],
  options: PutOptions,
  fence: string | undefined,
): string {
  const entry = `${cacheOf(workdir)}/${sha256}`
  return `${[entry, ...candidates].map((path) => `[ -f ${quote(path)} ] ||`).join(' ')} exit ${outcome.notThere}
${beginStore(place, options)}
${digestTool}
c=${quote(entry)}
trap '[ -z "$t" ] || rm -f -- "$t"' EXIT
for q in "$c" ${candidates.map(quote).join(' ')}; do
if [ -f "$q" ] && [ ! -L "$q" ]; then
if [ "$(stat -c %s -- "$q")" = ${size} ]; then
fresh
g=; ! cp --reflink=auto -- "$q" "$x" || g=$($h <"$x")
if [ "\${g%% *}" = ${sha256} ]; then [ "$q" != "$c" ] || touch -c -- "$c"
${endStore(options, fence)}
${options.cache === true ? `c=\${c%/*}; ${keptInBounds}` : ':'}
exit 0; fi
exec 9>&-; rm -f -- "$t"
[ -n "$g" ] || continue
fi
[ "$q" != "$c" ] || rm -f -- "$q"
fi
done
t=; exit ${outcome.notThere}`
}

/** Copies `t`, whose digest `w` was proved, into the cache. What is kept is proved again when it is used, so it is not synced; no room for it is no failure. */
function cacheKeep({ cache = false }: PutOptions, workdir: string): string {
  if (!cache) return ':'
  return `c=${quote(cacheOf(workdir))}; if mkdir -p -- "$c" && [ ! -e "$c/$w" ]; then
set -- $(stat -f -c '%a %S %b' -- "$c")
if [ $# != 3 ] || [ "$3" = 0 ] || [ $(($1 * $2 / 2)) -gt "$s" ]; then cp --reflink=auto -- "$x" "$c/$w.$$" && mv -fT -- "$c/$w.$$" "$c/$w" || rm -f -- "$c/$w.$$"; fi
${keptInBounds}; fi`
}

// Of the directory `c`.
const keptInBounds = `find "$c" -type f -mtime +${cacheBounds.days - 1} -exec rm -f -- {} +
v=0; for q in $(ls -t -- "$c"); do v=$((v + $(stat -c %s -- "$c/$q" || echo 0))); [ $v -le ${cacheBounds.bytes} ] || rm -f -- "$c/$q"; done`
