import { change, type On } from '../../model/action.ts'
import { type Command, sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { partOf } from '../archives/mark.ts'
import { putInPlace, type Standing, standingAt, takeFromPlace } from '../files/in-place.ts'
import { treePrinter } from '../files/keep-tree.ts'
import { absolute } from '../files/look.ts'
import { room } from '../room.ts'
import { ask, runJob } from '../target.ts'
import { gnu, listing, whose } from './listing.ts'
import { baseFile, listFile, provenTree, type TreeBackup } from './tree.ts'

export type RestoreTreeInput = {
  readonly tree: TreeBackup
  /** Absolute path of the directory that it becomes; the one above must be there. */
  readonly to: string
}

export type RestoredTree = { readonly path: string; readonly entries: number; readonly bytes: number }

const long = { timeout: 24 * 3600 }

/**
 * Puts a tree back: the backup and its base are proved, unpacked beside `to` and held against the list, entry by entry, before
 * they get that name; what stands there is moved to `TO.aside-RUN`. Owners are given back by root alone. Undo moves it back.
 */
export const restoreTree = change<RestoreTreeInput, RestoredTree, Standing>('backup.restore', {
  check: (on, input) => alreadyThere(on, input),
  diff: async (on, { tree, to }) => {
    const { stdout } = await ask(on, sh.read`stat -c %F -- ${to} 2>/dev/null`)
    return [{ path: to, before: stdout, after: `a directory out of ${tree.file}\n` }]
  },
  async remember(on, { tree, to }) {
    absolute(to)
    if (/(^|\/)\.{0,2}\/*$/.test(to)) throw new TaskError(`${to} is no name for a directory`)
    if (tree.ahead) throw new TaskError(`${tree.file} was made ahead of time, and is not all of ${tree.path}`)
    return standingAt(on, to)
  },
  async apply(on, input, standing) {
    const done = await alreadyThere(on, input)
    if (done !== undefined) return done
    const { tree, to } = input
    await proveSame(on, tree)
    const t = partOf(to)
    await runJob(
      on,
      'restore',
      sh`f=${to}; d=$(dirname -- "$f"); [ -d "$d" ] || { echo "$d is no directory: make it first"; exit 3; }
${treePrinter}
${unpacking(tree, t)}
state=$(tree .) && { sync -f . 2>/dev/null || sync; }
${putInPlace(standing)}`,
      {
        before: () => room(on, to, neededBy(tree), `a restore of ${tree.path}`),
        grows: { tree: t, bytes: Math.max(1, tree.size) },
      },
    )
    return outputOf(input)
  },
  async undo(on, { to }, standing) {
    await on.must(
      sh`t=${partOf(to)}; [ ! -d "$t" ] || chmod -R u+rwX -- "$t"; rm -rf -- "$t" "$t.scratch"`,
      long,
    )
    await takeFromPlace(on, to, standing)
  },
})

const outputOf = ({ tree, to }: RestoreTreeInput): RestoredTree => ({
  path: to,
  entries: tree.listed,
  bytes: tree.size,
})

async function alreadyThere(on: On, input: RestoreTreeInput): Promise<RestoredTree | undefined> {
  const { tree, to } = input
  const { code } = await ask(
    on,
    sh.read`[ -d ${to} ] && [ ! -L ${to} ] && cd -- ${to} || exit 3
${listing()}
${whose}
[ "$(listed | whose | sha256sum)" = "$(whose <${listFile(tree.file)} | sha256sum)" ] && [ "$(sha256sum <${listFile(tree.file)})" = ${`${tree.list}  -`} ]`,
    long,
  )
  return code === 0 ? outputOf(input) : undefined
}

/** Proves that what lies there is the backup that was named. */
export async function proveSame(on: On, tree: TreeBackup): Promise<void> {
  const found = await provenTree(on, tree.file)
  if (found.sha256 !== tree.sha256 || found.list !== tree.list)
    throw new TaskError(`${tree.file} on ${on.name} is another backup than the one that was made`)
}

/** Bytes that a tree has when it is unpacked, about. */
export const neededBy = ({ size, listed }: TreeBackup): number => (size + listed * 4096) * 1.05

/** Shell that unpacks a proved backup into the new directory `t`, goes there, and holds it against its list. */
export function unpacking({ file, base }: TreeBackup, t: string): Command {
  const owners = sh`$([ "$(id -u)" = 0 ] && echo --same-owner || echo --no-same-owner)`
  const unpack = (archive: string) => sh`{ gzip -dc <${archive} || : >"$s/broken"; } |
{ tar -xpf - --numeric-owner ${owners} --delay-directory-restore || : >"$s/broken"; }
[ ! -e "$s/broken" ] || die ${`${archive} cannot be unpacked`}`
  const before = base
    ? sh`${unpack(baseFile(file, base))}
find . -type d -exec chmod u+rwx -- {} +
comm -23 ${listFile(baseFile(file, base))} "$l" >"$s/gone"
{ grep -v '^d ' "$s/gone" || :; } | names | spelt | xargs -0 -r rm -f -- || exit 1
grep '^d ' "$l" | names | sort >"$s/directories"
{ grep '^d ' "$s/gone" || :; } | names | sort -r | { grep -vxF -f "$s/directories" || :; } | spelt | xargs -0 -r rmdir -- || exit 1`
    : sh`:`
  return sh`umask 077; t=${t}; l=${listFile(file)}; s="$t.scratch"
die() { printf '%s\n' "$1"; exit 3; }
${gnu}
${listing()}
${whose}
clear() { [ ! -d "$t" ] || chmod -R u+rwX -- "$t"; rm -rf -- "$t" "$s"; }
clear; trap 'cd / && clear' EXIT; trap 'exit 143' HUP INT TERM
mkdir -m 0700 -- "$t" "$s" && cd -- "$t" && [ "$(stat -c '%u %a' .) $(ls -A)" = "$(id -u) 700 " ] || die "somebody else put something in place of $t"
${before}
${unpack(file)}
listed | whose >"$s/now"; whose <"$l" >"$s/then"
cmp -s -- "$s/now" "$s/then" || { diff -- "$s/then" "$s/now" | head -n 10; die 'what was unpacked is not what the list says'; }`
}
