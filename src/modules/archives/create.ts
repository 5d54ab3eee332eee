import { change, type On } from '../../model/action.ts'
import { type Command, sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { bringFileBack, type Kept, keepFile, storeFile } from '../files/keep.ts'
import { absolute, modeText, type Rights } from '../files/look.ts'
import { ask, runJob } from '../target.ts'
import { type Format, formatOf } from './list.ts'
import { ourDirectory, partOf, shortDigest } from './mark.ts'
import { plainTar } from './unpack.ts'

export type ArchiveInput = Rights & {
  /** Absolute path of the directory whose content is archived; its own name is not in the archive. */
  readonly path: string
  /** Absolute path of the archive, outside of the directory. */
  readonly dest: string
  /** Default: what the end of `dest` says. */
  readonly format?: Format | undefined
  /** Shell patterns for names, or with a slash for paths from the top: left out, with all that is in them. */
  readonly exclude?: readonly string[] | undefined
}

/** An archive: its digest and size, how many entries it holds, and one digest of their names, links and bytes. */
export type Archived = {
  readonly dest: string
  readonly sha256: string
  readonly bytes: number
  readonly entries: number
  readonly manifest: string
}

const long = { timeout: 24 * 3600 }

/**
 * An archive (zip, tar, tar.gz, tar.zst) of what a directory of the machine holds, mode 0600 unless told another: entries in
 * one order and no time of its making in it, so that an unchanged tree gives the same bytes. It is read back in full and
 * held against the tree before it gets its name; a tree that changed meanwhile is refused. Undo brings back what stood there.
 *
 * @example
 * archive.create({ path: '/srv/app/tree', dest: '/srv/app/tree.tar.gz' })
 */
export const create = change<ArchiveInput, Archived, Kept>('archive.create', {
  async check(on, input) {
    mustBeSane(input)
    return already(on, input)
  },
  diff: async (on, { path, dest }) => {
    const { stdout } = await ask(on, sh.read`stat -c '%F of %s bytes' -- ${dest} 2>/dev/null`)
    return [{ path: dest, before: stdout, after: `an archive of ${path}\n` }]
  },
  remember: (on, { dest }) => keepFile(on, dest, false),
  async apply(on, input, kept) {
    mustBeSane(input)
    const done = await already(on, input)
    if (done !== undefined) return done
    const { dest, owner, group } = input
    const part = partOf(dest)
    const bytes = Number(await on.must(sh.read`du -sk -- ${input.path} | cut -f 1`, long)) * 1024
    await runJob(on, 'archive', script(input, await on.workdir()), { grows: { tree: part, bytes } })
    const made = sh`mv -- ${part}/a "$t" && rm -rf -- ${part}`
    await storeFile(on, kept, { source: { made }, mode: modeOf(input), owner, group })
    const out = await already(on, input)
    if (out === undefined)
      throw new TaskError(`${dest} on ${on.name} cannot be read back, or the tree changed`)
    return out
  },
  async undo(on, { dest }, kept) {
    await on.must(sh`rm -rf -- ${partOf(dest)}`, long)
    await bringFileBack(on, kept)
  },
})

const modeOf = ({ mode }: ArchiveInput): string => modeText(mode ?? '0600')

function mustBeSane({ path, dest, format, mode }: ArchiveInput): void {
  absolute(path)
  absolute(dest)
  formatOf(dest, format)
  if (mode !== undefined) modeText(mode)
  if (`${dest}/`.startsWith(`${path.replace(/\/+$/, '')}/`))
    throw new TaskError(`${dest} lies in ${path}, which it is to hold`)
}

const markOf = ({ dest }: ArchiveInput): string => `archived/${shortDigest(dest)}`
const keyOf = (input: ArchiveInput): string =>
  shortDigest({
    path: input.path,
    format: formatOf(input.dest, input.format),
    exclude: input.exclude ?? [],
  })

/** One script that reads: what was noted of the archive, if tree and archive are still as they were. */
async function already(on: On, input: ArchiveInput): Promise<Archived | undefined> {
  const { dest, owner = '', group = '' } = input
  const { code, stdout } = await ask(
    on,
    sh.read`${ourDirectory(on)}
f=${dest}; m=$w/${markOf(input)}
[ -f "$f" ] && [ ! -L "$f" ] && [ -f "$m" ] && read -r key state sum bytes entries manifest <"$m" && [ "$key" = ${keyOf(input)} ] || exit 3
[ "$(stat -c %a -- "$f")" = ${modeOf(input)} ] || exit 3
o=${owner}; [ -z "$o" ] || [ "$(stat -c %U -- "$f")" = "$o" ] || [ "$(stat -c %u -- "$f")" = "$o" ] || exit 3
o=${group}; [ -z "$o" ] || [ "$(stat -c %G -- "$f")" = "$o" ] || [ "$(stat -c %g -- "$f")" = "$o" ] || exit 3
cd -- ${input.path} || exit 3
${printers(input)}
[ "$(state)" = "$state" ] && [ "$(sha256sum <"$f")" = "$sum  -" ] || exit 3
printf '%s %s %s %s\n' "$sum" "$bytes" "$entries" "$manifest"`,
    long,
  )
  const [, sha256, bytes, entries, manifest] =
    /^([0-9a-f]{64}) (\d+) (\d+) ([0-9a-f]{64})\n$/.exec(stdout) ?? []
  if (code !== 0 || sha256 === undefined || manifest === undefined) return undefined
  return { dest, sha256, bytes: Number(bytes), entries: Number(entries), manifest }
}

/**
 * `all TESTS` says the names of what is archived of the directory where the shell is; `state` what it is like, without the
 * times of directories, which what is left out changes; `content` one digest of names, links and bytes.
 */
function printers({ exclude = [] }: ArchiveInput): Command {
  const tests = exclude.flatMap((pattern, at) => [
    ...(at === 0 ? [] : ['-o']),
    ...(pattern.includes('/') ? ['-path', `./${pattern.replace(/^\//, '')}`] : ['-name', pattern]),
  ])
  const pruned = exclude.length === 0 ? sh.read`` : sh.read`\( ${tests} \) -prune -o`
  return sh.read`all() { find . -mindepth 1 ${pruned} "$@" -print0 | LC_ALL=C sort -z; }
state() { { all -type d | xargs -0 -r stat -c '%f %u %g' --; all ! -type d | xargs -0 -r stat -c '%f %u %g %s %Y' --; all; } | sha256sum | cut -c1-64; }
content() { { all -type d; all -type l; all -type l | xargs -0 -r -n 1 readlink --; all -type f; all -type f | xargs -0 -r sha256sum -- | sed 's/^\\//' | cut -c1-64; } | sha256sum | cut -c1-64; }`
}

function script(input: ArchiveInput, workdir: string): Command {
  const { path, dest } = input
  const format = formatOf(dest, input.format)
  return sh`umask 077; t=${partOf(dest)}; w=${workdir}; d=$(dirname -- ${dest})
die() { printf '%s\n' "$1"; exit 3; }
unset TAR_OPTIONS ZIPOPT UNZIP UNZIPOPT GZIP; export LC_ALL=C.UTF-8 TZ=UTC0
[ -d "$d" ] || die "$d is no directory: make it first"
rm -rf -- "$t" && mkdir -m 0700 -- "$t" && [ "$(stat -c '%u %a' -- "$t") $(ls -A -- "$t")" = "$(id -u) 700 " ] || die "$t cannot be made"
trap '[ -f "$t/done" ] || rm -rf -- "$t"' EXIT; trap 'exit 9' HUP INT TERM
cd -- ${path} || exit 1
${printers(input)}
odd=$(all ! -type f ! -type d ! -type l | tr '\0' '\n'); [ -z "$odd" ] || die "this cannot be archived: $odd"
state=$(state) && all >"$t/list" || exit 1
entries=$(tr -dc '\0' <"$t/list" | wc -c)
${format === 'zip' ? zipped : tarred(format)}
manifest=$(content) && [ "$(state)" = "$state" ] || die "the tree changed while it was archived"
rm -f -- "$t/list"; { sync -- "$t/a" 2>/dev/null || sync; }
sum=$(sha256sum <"$t/a") && bytes=$(stat -c %s -- "$t/a") && mkdir -p -- "$w/archived" || exit 1
m=$w/${markOf(input)}; printf '%s\n' ${keyOf(input)}" $state $(printf %s "$sum" | cut -c1-64) $bytes $entries $manifest" >"$m.part" && mv -- "$m.part" "$m" && : >"$t/done"`
}

const zipped = sh`command -v zip >/dev/null && command -v unzip >/dev/null || die "zip and unzip are needed for a zip, and are not there"
[ -z "$(all -type l)" ] || die "a zip of ours holds no links: make a tar.gz"
[ "$(wc -l <"$t/list")" = 0 ] || die "a name with a line's end does not fit into a zip: make a tar.gz"
tr '\0' '\n' <"$t/list" | zip -q -X "$t/a.zip" -@ || die "zip failed"
unzip -tqq "$t/a.zip" || die "the archive cannot be read back"
[ "$(unzip -Z1 "$t/a.zip" | wc -l)" = "$entries" ] || die "entries are missing from the archive"
mv -- "$t/a.zip" "$t/a" || exit 1`

function tarred(format: Exclude<Format, 'zip'>): Command {
  const packer = { tar: sh`cat`, 'tar.gz': sh`gzip -n`, 'tar.zst': sh`zstd -qc` }[format]
  return sh`tar --version 2>/dev/null | grep -q 'GNU tar' || die "GNU tar is needed, and is not there"
${format === 'tar.zst' ? sh`command -v zstd >/dev/null || die "zstd is needed for a tar.zst, and is not there"` : sh`:`}
{ tar --null --no-recursion --hard-dereference --numeric-owner --format=gnu -cf - -T "$t/list" || : >"$t/broken"; } | ${packer} >"$t/a" && [ ! -e "$t/broken" ] || die "tar failed"
{ { ${plainTar(format)} <"$t/a" || : >"$t/broken"; } | { tar --numeric-owner --quoting-style=escape -dvf - || : >"$t/broken"; }; } >"$t/said"
[ ! -e "$t/broken" ] || { tail -n 5 "$t/said"; die "the archive is not what the tree holds"; }
[ "$(wc -l <"$t/said")" = "$entries" ] || die "entries are missing from the archive"
rm -f -- "$t/said"`
}
