import { change, type On, observe } from '../model/action.ts'
import { sh } from '../model/command.ts'
import { TaskError } from '../model/errors.ts'
import { ask, holds, linesOf, runJob } from './target.ts'

export { create } from './archives/create.ts'

/**
 * Unpacks a zip whose one folder is `top` so that it becomes `to`. Undo removes `to`, unless it was there before.
 *
 * @example
 * archive.unpack({
 *   zip: '/srv/app/wso2am-3.0.0.zip',
 *   sha256: '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef',
 *   top: 'wso2am-3.0.0',
 *   to: '/srv/app/wso2am-3.0.0',
 * })
 */
export const unpack = change('archive.unpack', {
  async check(on, { sha256, to }: UnpackInput) {
    return (await isOurs(on, to, sha256)) ? { path: to } : undefined
  },
  async remember(on, { to }) {
    if (await holds(on, sh.read`test -e ${to}`))
      throw new TaskError(`${to} on ${on.name} exists, and this run did not make it: move it away`)
    return null
  },
  async apply(on, input) {
    await unpackZip(on, input)
    return { path: input.to }
  },
  async undo(on, { to, sha256 }) {
    // Renamed first: what is left of it after a crash in the middle is still known to be ours.
    if (await isOurs(on, to, sha256))
      await on.must(sh`rm -rf -- ${temporary(to)} && mv -- ${to} ${temporary(to)}`, { timeout: 600 })
    await on.must(sh`rm -rf -- ${temporary(to)}`, { timeout: 600 })
  },
})

/** What to unpack: a zip of the machine, its SHA-256, its one folder, and the path that this folder gets. */
export type UnpackInput = {
  readonly zip: string
  readonly sha256: string
  readonly top: string
  readonly to: string
}

const marker = '.upgrade-fleet'

const temporary = (to: string): string => `${to}.unpacking`

/** Whether a directory was unpacked by this very run from the archive of that SHA-256. */
async function isOurs(on: On, path: string, sha256: string): Promise<boolean> {
  return holds(on, sh.read`[ "$(cat -- ${`${path}/${marker}`} 2>/dev/null)" = ${`${on.run} ${sha256}`} ]`)
}

/**
 * Unpacks into a new directory beside the target and renames it. Absolute names, `..`, links, and names outside the
 * one folder are refused before anything is written.
 */
export async function unpackZip(on: On, { zip, sha256, top, to }: UnpackInput): Promise<void> {
  const temp = temporary(to)
  await runJob(
    on,
    'unpack',
    sh`set -eu
[ "$(sha256sum < ${zip})" = ${`${sha256}  -`} ] || { echo "the archive has another SHA-256 than in the list of artefacts"; exit 3; }
! unzip -Z1 -- ${zip} | grep -nE '^/|(^|/)\.\.(/|$)' || { echo "names that lead out of the archive"; exit 3; }
! unzip -Z1 -- ${zip} | awk -v top=${`${top}/`} 'index($0, top) != 1' | grep . || { echo "names outside of its one folder"; exit 3; }
! unzip -Z -- ${zip} | grep -E '^[lbcps]' || { echo "links or devices in the archive"; exit 3; }
rm -rf -- ${temp} && mkdir -m 0755 -- ${temp}
unzip -q -o -d ${temp} -- ${zip}
printf '%s\n' ${`${on.run} ${sha256}`} > ${`${temp}/${top}/${marker}`}
sync
rm -rf -- ${to}
mv -- ${`${temp}/${top}`} ${to} && rm -rf -- ${temp}`,
  )
}

/** Where a tree's backup lies and what proves it. */
export type TreeBackup = {
  readonly file: string
  readonly sha256: string
  readonly entries: number
  readonly bytes: number
}

/**
 * A compressed tar of a tree, read back in full: the archive's entries are counted against the tree's, its digest
 * recorded beside it, and beside that a list of the digests of all files that are not `volatile`. It is kept on undo.
 *
 * @example
 * archive.backup({ tree: '/srv/app/tree', to: '/srv/app/backups', name: 'tree', volatile: ['*.log'] })
 */
export const backup = change('archive.backup', {
  async check(on, { to, name }: BackupInput) {
    return sidecar(on, `${to}/${on.run}/${name}.tar.gz`)
  },
  async remember(on, { to, name }) {
    return { file: `${to}/${on.run}/${name}.tar.gz` }
  },
  async apply(on, { tree, volatile }, { file }): Promise<TreeBackup> {
    const [dir, base] = split(tree)
    const part = `${file}.part`
    const bytes = Number((await on.must(sh.read`du -sb -- ${tree} | cut -f 1`, { timeout: 600 })).trim())
    await runJob(
      on,
      'backup',
      sh`set -eu
umask 077
mkdir -p -- "$(dirname -- ${file})"
cd -- ${dir}
tar -cf ${`${file}.tar`} -- ${base}
tar -tf ${`${file}.tar`} > ${`${file}.list`}
gzip -n -c -- ${`${file}.tar`} > ${part}
gzip -t < ${part}
rm -f -- ${`${file}.tar`}
entries=$(find ${base} -printf x | wc -c)
[ "$(gzip -dc < ${part} | tar -tf - | wc -l)" = "$entries" ] || { echo "entries are missing from the archive"; exit 4; }
mv -- ${part} ${file}
cd -- ${base}
find . -type f ${volatileTests(volatile)} -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum > ${`${file}.files`}
sync
printf '%s %s %s\n' "$(sha256sum < ${file} | cut -c1-64)" "$entries" "$(wc -c < ${file})" > ${`${file}.proof.part`}
mv -- ${`${file}.proof.part`} ${`${file}.proof`}`,
      { grows: { file: `${file}.tar`, bytes } },
    )
    const proof = await sidecar(on, file)
    if (proof === undefined) throw new TaskError(`${file} on ${on.name} cannot be read back`)
    return proof
  },
  async undo(on, _input, { file }) {
    on.say(`${file} is kept`)
  },
})

type BackupInput = { tree: string; to: string; name: string; volatile: readonly string[] }

/** What {@link compare} compares: a tree, the backup of it, and what may differ. */
export type CompareInput = {
  readonly tree: string
  readonly file: string
  readonly volatile: readonly string[]
}

/**
 * Which files of a tree differ from its backup, those that are `volatile` left out.
 *
 * @example
 * archive.compare({ tree: '/srv/app/tree', file: '/srv/app/backups/tree.tar.gz', volatile: ['*.log'] })
 */
export const compare = observe('archive.compare', async (on, input: CompareInput) => ({
  different: await differences(on, input),
}))

/** Lines of `<` (in the backup only) and `>` (in the tree only), at most 50. */
export async function differences(
  on: On,
  { tree, file, volatile }: CompareInput,
): Promise<readonly string[]> {
  const { stdout } = await ask(
    on,
    sh.read`cd -- ${tree} && { find . -type f ${volatileTests(volatile)} -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum; } |
      diff ${`${file}.files`} - | grep '^[<>]' | head -n 50`,
    { timeout: 600 },
  )
  return linesOf(stdout)
}

/** `find` tests that leave out paths relative to the tree (shell patterns, as in `-path`). */
function volatileTests(patterns: readonly string[]) {
  return sh.read`${patterns.flatMap((pattern) => ['!', '-path', `./${pattern}`])}`
}

async function sidecar(on: On, file: string): Promise<TreeBackup | undefined> {
  const { code, stdout } = await ask(on, sh.read`cat -- ${`${file}.proof`} 2>/dev/null`)
  const [sha256, entries, bytes] = stdout.trim().split(' ')
  if (code !== 0 || sha256 === undefined) return undefined
  if (!(await holds(on, sh.read`[ "$(sha256sum < ${file})" = ${`${sha256}  -`} ]`, { timeout: 600 })))
    return undefined
  return { file, sha256, entries: Number(entries), bytes: Number(bytes) }
}

function split(path: string): readonly [string, string] {
  const at = path.lastIndexOf('/')
  return [path.slice(0, at) || '/', path.slice(at + 1)]
}
