import { change, type On } from '../../model/action.ts'
import { type Command, sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { putInPlace, type Standing, standingAt, takeFromPlace } from '../files/in-place.ts'
import { treePrinter } from '../files/keep-tree.ts'
import { absolute, modeText, type Rights } from '../files/look.ts'
import { ask, runJob } from '../target.ts'
import { type Format, formatOf, list } from './list.ts'
import type { Limits, Tree } from './listing.ts'
import { contentPrinter, markPath, ourDirectory, partOf, shortDigest } from './mark.ts'
import { unpacker } from './unpack.ts'

export type UnarchiveInput = Pick<Rights, 'owner' | 'group'> & {
  /** Absolute path of the archive on the machine. */
  readonly src: string
  /** The SHA-256 that it must have. */
  readonly sha256: string
  /** Absolute path of the directory that it becomes; the one above must be there. */
  readonly dest: string
  /** What it is; default: what its name's end says. */
  readonly format?: Format | undefined
  /** The one directory of the archive, which becomes `dest`; true: whatever it is called. */
  readonly root?: string | true | undefined
  /** Mode of `dest` itself, 0755 unless told. Within, modes are the archive's, never writable for group and others. */
  readonly mode?: Rights['mode']
  /** Whether something else may stand at `dest`: it is moved aside, and back by undo. */
  readonly replace?: boolean | undefined
  /**
   * How it is found that it is still so: `state` by names, modes, owners, sizes and times (default), `content` by every byte
   * too, `mark` by what this tool noted alone: for a tree that later tasks change.
   */
  readonly verify?: 'state' | 'content' | 'mark' | undefined
  readonly limits?: Limits | undefined
}

export type Unarchived = { readonly path: string; readonly entries: number; readonly bytes: number }

const long = { timeout: 24 * 3600 }

/** What only modules of ours say of an unpacking. */
type Unpacking = UnarchiveInput & {
  /** A run: what another run unpacked is not it. The tree is known by a file in it too, so that undo removes it whatever became of it. */
  readonly run?: string | undefined
}

const marker = '.upgrade-fleet'

/** The parts of a change that unpacks. */
export const unpacking = {
  async check(on: On, input: Unpacking): Promise<Unarchived | undefined> {
    mustBeSane(input)
    return already(on, input)
  },
  async diff(on: On, input: Unpacking) {
    const { stdout } = await ask(on, sh.read`stat -c %F -- ${input.dest} 2>/dev/null`)
    return [{ path: input.dest, before: stdout, after: `a directory out of ${input.src}\n` }]
  },
  async remember(on: On, { dest, replace, run }: Unpacking): Promise<Standing> {
    const standing = await standingAt(on, dest)
    if (standing.is !== null && run !== undefined)
      throw new TaskError(`${dest} on ${on.name} exists, and this run did not make it: move it away`)
    if (standing.is !== null && replace !== true)
      throw new TaskError(
        `${dest} on ${on.name} exists, and is not (or not any more) what the archive holds: move it away, or say \`replace: true\`; where later tasks change it, \`verify: 'mark'\``,
      )
    return standing
  },
  async apply(on: On, input: Unpacking, before: Standing, job = 'unarchive'): Promise<Unarchived> {
    mustBeSane(input)
    const done = await already(on, input)
    if (done !== undefined) return done
    const tree = await list(on, { ...input, format: formatOf(input.src, input.format) })
    const workdir = await on.workdir()
    await runJob(on, job, script(input, before, tree, workdir), {
      stdin: modesOf(tree),
      grows: { tree: partOf(input.dest), bytes: tree.bytes },
    })
    return { path: input.dest, entries: tree.entries, bytes: tree.bytes }
  },
  async undo(on: On, input: Unpacking, standing: Standing): Promise<void> {
    const { dest, run } = input
    const workdir = await on.workdir()
    await on.must(
      sh`rm -rf -- ${partOf(dest)} || exit 1
[ ! -f ${standing.made} ] || while read -r id state; do rm -f -- ${workdir}/unpacked/${shortDigest(dest)}-"$(printf %s "$id" | tr : -)" || exit 1; done <${standing.made}`,
      long,
    )
    const ours = sh`cut -d ' ' -f 1 -- "$m" 2>/dev/null | grep -qxF -e "$now" && [ "$(cat -- "$f/"${marker} 2>/dev/null)" = ${markOf(input)} ]`
    await takeFromPlace(on, dest, standing, run === undefined ? undefined : ours)
  },
}

/**
 * Unpacks an archive of the machine (zip, tar, tar.gz, tar.zst) into a directory that is there whole or not at all. Its digest
 * is proved and its list judged before anything is written; what was unpacked is held against the list before it gets its
 * name. Undo removes it and brings back what stood there; what was changed in it since is moved aside.
 *
 * @example
 * unarchive({
 *   src: '/srv/app/jdk.tar.gz',
 *   sha256: '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef',
 *   dest: '/srv/app/jdk',
 *   root: true,
 * })
 */
export const unarchive = change<UnarchiveInput, Unarchived, Standing>('unarchive', {
  check: (on, input) => unpacking.check(on, input),
  diff: unpacking.diff,
  remember: unpacking.remember,
  apply: (on, input, before) => unpacking.apply(on, input, before),
  undo: unpacking.undo,
})

/**
 * Unpacks an archive, by the rules of {@link unarchive}, where the calling change alone works: what stands at `dest` goes
 * first. `job` is a name that the task gives to no other job.
 */
export async function unpackAnew(on: On, input: UnarchiveInput, job: string): Promise<Unarchived> {
  await forget(on, input.dest)
  return unpacking.apply(on, input, await standingAt(on, input.dest), job)
}

/** Removes what {@link unpackAnew} made, and what was noted of it. */
export async function forget(on: On, dest: string): Promise<void> {
  const marks = `${await on.workdir()}/unpacked/${shortDigest(dest)}`
  await on.must(sh`rm -rf -- ${dest} ${partOf(dest)} ${marks}-*`, long)
}

const markOf = ({ run, sha256 }: Unpacking): string => `${run} ${sha256}`

function mustBeSane({ src, sha256, dest, mode, format }: UnarchiveInput): void {
  absolute(src)
  absolute(dest)
  if (/(^|\/)\.{0,2}\/*$/.test(dest)) throw new TaskError(`${dest} is no name for a new directory`)
  if (!/^[0-9a-f]{64}$/.test(sha256))
    throw new TaskError(`unarchive of ${src} needs the SHA-256 of the archive, 64 hexadecimal digits`)
  if (mode !== undefined) modeText(mode)
  formatOf(src, format)
}

/** What is unpacked is known by this: other wishes are another tree. */
function keyOf({ sha256, root, mode, owner, group, run }: Unpacking): string {
  return shortDigest({
    ...(run !== undefined && { run }),
    sha256,
    root: root ?? null,
    mode: modeText(mode ?? '0755'),
    owner: owner ?? null,
    group: group ?? null,
  })
}

/** One script that reads: what the mark of the directory says, if it is still so. */
async function already(on: On, input: Unpacking): Promise<Unarchived | undefined> {
  const { dest, verify = 'state' } = input
  const proof = {
    mark: sh.read`:`,
    state: sh.read`[ "$(tree "$f")" = "$state" ] || exit 3`,
    content: sh.read`[ "$(tree "$f")" = "$state" ] && [ "$(content "$f")" = "$content" ] || exit 3`,
  }[verify]
  const { code, stdout } = await ask(
    on,
    sh.read`${ourDirectory(on)}
f=${dest}; [ -d "$f" ] && [ ! -L "$f" ] || exit 3
${contentPrinter}
${markPath(dest)}
mark "$f" && [ -f "$p" ] && read -r key state content entries bytes <"$p" && [ "$key" = ${keyOf(input)} ] || exit 3
${proof}
printf '%s %s\n' "$entries" "$bytes"`,
    long,
  )
  const [, entries, bytes] = /^(\d+) (\d+)\n$/.exec(stdout) ?? []
  if (code !== 0 || entries === undefined) return undefined
  return { path: dest, entries: Number(entries), bytes: Number(bytes) }
}

/** Files by their modes, a line of each: the mode, and the names in base64. */
const modesOf = ({ modes }: Tree): string =>
  [...modes]
    .map(([mode, names]) => {
      const list = Buffer.from(names.map((name) => `./${name}\0`).join(''), 'latin1')
      return `${mode.toString(8)} ${list.toString('base64')}\n`
    })
    .join('')

function script(input: Unpacking, before: Standing, tree: Tree, workdir: string): Command {
  const { src, sha256, dest, owner, group, mode, verify } = input
  const format = formatOf(src, input.format)
  const whose = owner === undefined ? `:${group ?? ''}` : group === undefined ? owner : `${owner}:${group}`
  return sh`umask 022; f=${dest}; a=${src}; t=${partOf(dest)}; w=${workdir}; d=$(dirname -- "$f")
die() { printf '%s\n' "$1"; exit 3; }
unset TAR_OPTIONS UNZIP UNZIPOPT ZIPINFO ZIPINFOOPT GZIP JDK_JAVA_OPTIONS JAVA_TOOL_OPTIONS; export LC_ALL=C.UTF-8 TZ=UTC0
${contentPrinter}
${treePrinter}
${markPath(dest)}
[ -d "$d" ] || die "$d is no directory: make it first"
rm -rf -- "$t" && set -- $(stat -f -c '%a %S %b %d %c' -- "$d")
if [ $# = 5 ] && [ "$3" != 0 ] && [ $(($1 * $2)) -lt ${tree.bytes + tree.entries * 1024} ]; then
die "No space left: it needs ${tree.bytes + tree.entries * 1024} bytes, and $(($1 * $2)) are free in $d"; fi
if [ $# = 5 ] && [ "$5" != 0 ] && [ "$4" -lt ${tree.entries} ]; then die "No space left: it needs ${tree.entries} inodes, and $4 are free in $d"; fi
trap 'cd / && rm -rf -- "$t"' EXIT; trap 'exit 9' HUP INT TERM
mkdir -m 0700 -- "$t" && cd -- "$t" && { chmod 00700 . && [ "$(stat -c '%u %a' .) $(ls -A)" = "$(id -u) 700 " ]; } || die "somebody else put something in place of $t"
[ "$(sha256sum <"$a")" = ${`${sha256}  -`} ] || die "$a has another SHA-256"
mkdir tree && ln -s -- "$a" a.zip && cd tree || exit 1
${unpacker(format, tree)}
odd=$(find . ! -type f ! -type d ! -type l -print; find . -perm -4000 -print; find . -perm -2000 -print; find . -type f -links +1 -print)
[ -z "$odd" ] || die "what was unpacked holds what is no plain file, directory or link: $(printf %s "$odd" | head -n 3)"
sorted() { find . -mindepth 1 "$@" -print0 | LC_ALL=C sort -z; }
[ "$(sorted | sha256sum | cut -c1-64)" = ${tree.names} ] || die "what was unpacked has other names than the archive lists"
[ "$(sorted -type f | xargs -0 -r stat -c %s -- | sha256sum | cut -c1-64)" = ${tree.sizes} ] || die "what was unpacked has other sizes than the archive lists"
[ "$(sorted -type l | xargs -0 -r -n 1 readlink -- | sha256sum | cut -c1-64)" = ${tree.links} ] || die "what was unpacked has other links than the archive lists"
${format === 'zip' ? sh`while read -r bits names; do printf %s "$names" | base64 -d | xargs -0 -r chmod -- "$bits" || exit 1; done` : sh`:`}
cd -- ./${Buffer.from(tree.root, 'latin1').toString()} || exit 1
${owner === undefined && group === undefined ? sh`:` : sh`chown -hR -- ${whose} . || die "owner or group cannot be set: become one who may"`}
${input.run === undefined ? sh`:` : sh`printf '%s\n' ${markOf(input)} >${marker} || exit 1`}
chmod -- ${modeText(mode ?? '0755').padStart(5, '0')} . || exit 1
state=$(tree .) && content=- || exit 1
${verify === 'content' ? sh`content=$(content .)` : sh`:`}
{ sync -f . 2>/dev/null || sync; }
( umask 077; mkdir -p -- "$w/unpacked" ) && mark . || exit 1
( umask 077; printf '%s\n' ${keyOf(input)}" $state $content "${`${tree.entries} ${tree.bytes}`} >"$p.part" ) && mv -- "$p.part" "$p" || exit 1
${putInPlace(before)}`
}
