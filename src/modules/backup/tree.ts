import { dirname } from 'node:path/posix'
import { z } from 'zod'
import { change, type On } from '../../model/action.ts'
import { type Command, sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { absolute } from '../files/look.ts'
import { room } from '../room.ts'
import { holds, runJob } from '../target.ts'
import {
  type Measured,
  measured,
  measuring,
  proofFile,
  proofOf,
  proveArtefact,
  recording,
} from './artefact.ts'
import { gnu, listing, treeReading } from './listing.ts'

export type TreeInput = {
  /** Absolute path of the directory on the machine. */
  readonly path: string
  /** The directory of backups; each run has its own below it. */
  readonly to: string
  readonly name: string
  /** Shell patterns for names, or with a slash for paths from the top: left out, with all that is in them. */
  readonly exclude?: readonly string[] | undefined
  /** The part that was made ahead of time: only what is different since is archived. */
  readonly base?: TreeBackup | undefined
  /** Whether this is such a part: the tree may change meanwhile, and what is archived need not be all of it. */
  readonly ahead?: boolean | undefined
}

/** A tree's backup: where it lies and what proves it. */
export type TreeBackup = Measured & {
  readonly kind: 'tree'
  /** What was backed up. */
  readonly path: string
  readonly exclude: readonly string[]
  /** SHA-256 of the list of all entries, which lies beside the file: kinds, modes, owners, times, digests, links. */
  readonly list: string
  /** Entries on the list, and bytes of files that it takes to have them. */
  readonly listed: number
  readonly size: number
  readonly seconds: number
  /** Made ahead of time, while the tree may have changed: it is the base of another, and no backup by itself. */
  readonly ahead: boolean
  /** What it needs to be restored; its file below the directory of backups. */
  readonly base: { readonly file: string; readonly sha256: string; readonly list: string } | null
}

const proof = z.object({
  kind: z.literal('tree'),
  ...measured,
  path: z.string(),
  exclude: z.array(z.string()),
  list: z.string(),
  listed: z.number(),
  size: z.number(),
  seconds: z.number(),
  ahead: z.boolean(),
  base: z.object({ file: z.string(), sha256: z.string(), list: z.string() }).nullable(),
})

/** The list of a tree's entries beside its archive. */
export const listFile = (file: string): string => `${file}.list`

const long = { timeout: 24 * 3600 }

/**
 * A compressed tar of a directory with a list of all its entries and their digests, read back in full and held against the
 * tree; one that changes meanwhile is refused. With `ahead` it is allowed to change: what came into the archive is listed then.
 * With `base` every file is read, and only what is not in the base is archived; the list still holds all, so that what was
 * deleted since does not come back. Kept on undo. Throws before anything is written where there is no room.
 *
 * @example
 * backup.tree({ path: '/srv/app/tree', to: '/srv/app/backups', name: 'tree', exclude: ['*.log'] })
 */
export const tree = change<TreeInput, TreeBackup, { readonly file: string }>('backup.tree', {
  async check(on, { to, name }) {
    const file = fileOf(on, to, name)
    // One that is not whole is made again: what rests on it has not begun.
    return provenTree(on, file).catch((error: unknown) => {
      if (error instanceof TaskError) return undefined
      throw error
    })
  },
  async remember(on, input) {
    absolute(input.path)
    absolute(input.to)
    if (`${input.to}/`.startsWith(`${input.path.replace(/\/+$/, '')}/`))
      throw new TaskError(`${input.to} lies in ${input.path}, which it is to back up`)
    if (input.base?.base) throw new TaskError(`${input.base.file} has a base itself: name that one`)
    if (input.base && rootOf(input.base.file) !== input.to)
      throw new TaskError(`${input.base.file} does not lie in ${input.to}: a backup and its base go together`)
    return { file: fileOf(on, input.to, input.name) }
  },
  async apply(on, input, { file }) {
    const { path, base, ahead = false } = input
    const bytes = Number(await on.must(sh.read`du -sk -- ${path} | cut -f 1`, long)) * 1024
    const fits = () =>
      room(on, file, bytes * (ahead ? 2.1 : 1.1), `a backup of ${path}${ahead ? ', unpacked once,' : ''}`)
    await runJob(on, 'backup', script(input, file), {
      ...(base === undefined && { before: fits }),
      grows: { file: `${makingOf(file)}/a`, bytes: Math.max(1, bytes) },
    })
    return provenTree(on, file)
  },
  async undo(on, _input, { file }) {
    on.say(`${file} is kept`)
  },
})

const fileOf = (on: On, to: string, name: string): string => `${to}/${on.run}/${name}.tar.gz`
const makingOf = (file: string): string => `${file}.making`

/** The directory of backups that an artefact lies in. */
const rootOf = (file: string): string => dirname(dirname(file))
/** Where the base of a backup lies: in another run's directory beside its own. */
export const baseFile = (file: string, base: NonNullable<TreeBackup['base']>): string =>
  `${rootOf(file)}/${base.file}`

/** What was recorded of a tree's backup; nothing else of it is read. */
export const recordedTree = (on: On, file: string): Promise<TreeBackup> => proofOf(on, file, proof)

/** Reads a tree's backup back whole, with its list and its base. Throws {@link TaskError} where it is not what was recorded. */
export async function provenTree(on: On, file: string): Promise<TreeBackup> {
  const backup = await recordedTree(on, file)
  await proveArtefact(on, backup, treeReading)
  if (!(await holds(on, sh.read`[ "$(sha256sum <${listFile(file)})" = ${`${backup.list}  -`} ]`, long)))
    throw new TaskError(`${listFile(file)} on ${on.name} is not what was recorded when it was made`)
  if (backup.base === null) return backup
  const base = await provenTree(on, baseFile(file, backup.base))
  if (base.sha256 !== backup.base.sha256 || base.list !== backup.base.list)
    throw new TaskError(`${base.file} on ${on.name} is not what ${file} was made upon`)
  return backup
}

function script({ path, exclude = [], base, ahead = false }: TreeInput, file: string): Command {
  const t = makingOf(file)
  const known = {
    kind: 'tree',
    file,
    path,
    exclude,
    ahead,
    base:
      base === undefined
        ? null
        : { file: base.file.slice(rootOf(base.file).length + 1), sha256: base.sha256, list: base.list },
  }
  return sh`set -eu; umask 077; t=${t}; b=${base === undefined ? '' : listFile(base.file)}
die() { printf '%s\n' "$1"; exit 3; }
${gnu}
${listing(exclude)}
began=$(date +%s)
mkdir -p -- "$(dirname -- ${file})"
rm -rf -- "$t" ${file} ${listFile(file)} ${proofFile(file)}; mkdir -- "$t"
trap 'rm -rf -- "$t"' EXIT; trap 'exit 143' HUP INT TERM
cd -- ${path}
odd=$(odd); [ -z "$odd" ] || die "this cannot be backed up: $odd"
${ahead ? loose : exact(file)}
gzip -t <"$t/a" || die 'the archive cannot be read back'
{ grep -q . "$t/list" && ! grep -qx broken "$t/list"; } || die 'the tree changed while it was backed up'
list=$(sha256sum <"$t/list" | cut -c1-64); listed=$(wc -l <"$t/list"); size=$(awk '$1 == "f" { s += $5 } END { printf "%.0f", s }' "$t/list")
${measuring(`${t}/a`, treeReading, sh`"$entries"`)}
mv -- "$t/list" ${listFile(file)}
more=$(printf ',"list":"%s","listed":%s,"size":%s,"seconds":%s' "$list" "$listed" "$size" "$(($(date +%s) - began))")
${recording(`${t}/a`, file, known, sh`"$more"`)}`
}

const packed = sh`tar --null --no-recursion --hard-dereference --numeric-owner --format=posix --pax-option=delete=atime,delete=ctime`

/** All directories, and what the base has not, held against the tree. */
const exact = (file: string): Command => sh`before=$(same); listed >"$t/list"
if [ -n "$b" ]; then sort -- "$b" | comm -13 - "$t/list" >"$t/new"; else cat -- "$t/list" >"$t/new"; fi
{ grep '^d ' "$t/list"; grep -v '^d ' "$t/new" || [ $? = 1 ]; } >"$t/kept"
needs=$(awk '{ s += 2048; if ($1 == "f") s += $5 } END { printf "%.0f", s * 1.05 + 65536 }' "$t/kept")
free=$(df -Pk -- "$t" | awk 'NR == 2 { printf "%.0f", $4 * 1024 }')
[ "$free" -ge "$needs" ] || die "$((free / 1048576)) MiB are free for "${file}", and it needs about $((needs / 1048576 + 1)): make room, or choose another directory"
names <"$t/kept" | spelt >"$t/names"; entries=$(wc -l <"$t/kept")
{ ${packed} -cf - -T "$t/names" || : >"$t/broken"; } | gzip -n >"$t/a"
[ ! -e "$t/broken" ] || die 'tar failed'
{ { gzip -dc <"$t/a" || : >"$t/broken"; } | { tar --numeric-owner --quoting-style=escape -dvf - || : >"$t/broken"; }; } >"$t/said"
[ ! -e "$t/broken" ] || { tail -n 5 "$t/said"; die 'the archive is not what the tree holds'; }
[ "$(wc -l <"$t/said")" = "$entries" ] || die 'entries are missing from the archive'
[ "$(same)" = "$before" ] || die 'the tree changed while it was backed up: stop who writes in it, or leave that out'`

/** What can be had of a tree that is in use; the list is of what the archive unpacks to. */
const loose = sh`all \( -type d -o -type l -o -type f \) -print0 >"$t/names" 2>/dev/null || :
{ ${packed} --ignore-failed-read -cf - -T "$t/names" 2>/dev/null || :; } | gzip -n >"$t/a"
mkdir -- "$t/tree"; entries=$(gzip -dc <"$t/a" | tar -tf - | wc -l)
gzip -dc <"$t/a" | tar -xpf - --numeric-owner --delay-directory-restore -C "$t/tree" || die 'the archive cannot be unpacked'
cd -- "$t/tree"; listed >"$t/list"; cd -- "$t"; chmod -R u+rwX tree; rm -rf -- tree`
