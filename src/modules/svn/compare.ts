import { type On, observe } from '../../model/action.ts'
import { sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { inRoom } from '../room.ts'
import { linesOf } from '../target.ts'
import { addressOf, told } from './client.ts'
import { infoAt, type Place } from './look.ts'

/** A revision of a path in a repository, and the tree of the machine that it is held against. */
export type Comparing = Place & {
  readonly tree: string
  /** A directory of the machine with room for one copy of the revision; default `/tmp`. */
  readonly scratch?: string | undefined
  readonly externals?: boolean | undefined
}

/** How a tree differs from a revision: `-` is in the revision alone, `+` in the tree alone. */
export type Compared = { readonly revision: number; readonly differences: readonly string[] }

/** Kinds, names, content, executable bits and where links lead, of all but `.svn`: `inventory DIRECTORY`. */
const inventory = sh.read`inventory() { ( cd -- "$1" && {
find . -name .svn -prune -o -type f -exec sha256sum -- {} +
find . -name .svn -prune -o -type f -perm -u+x -exec printf 'executable  %s\n' {} +
find . -name .svn -prune -o -type l -exec sh -c 'for l; do printf "link to %s  %s\n" "$(readlink -- "$l")" "$l"; done' sh {} +
find . -name .svn -prune -o -type d -exec printf 'directory  %s\n' {} +
find . -name .svn -prune -o ! -type f ! -type l ! -type d -exec printf 'special  %s\n' {} +
} ) | LC_ALL=C sort; }`

/**
 * Holds a tree against a revision: exports it to scratch and compares names, kinds, SHA-256, executable bits and links; `.svn` of the
 * tree is left out. It is sure whatever working copy says, and costs one transfer of the revision, and its size in `scratch`.
 */
export async function treesDiffer(on: On, input: Comparing): Promise<Compared> {
  const { repository, path, tree, scratch = '/tmp', externals = false } = input
  const { changed, revision } = await infoAt(on, input)
  const address = addressOf(repository, path, input.revision ?? revision)
  const ignoring = externals ? sh.read`` : sh.read`--ignore-externals`
  const looking = sh.read`[ -d ${tree} ] && [ -r ${tree} ] || { printf '%s is no directory that can be read\n' ${tree} >&2; exit 1; }
s=$(mktemp -d ${`${scratch}/upgrade-fleet-svn.XXXXXX`}) || exit 1
trap 'rm -rf -- "$c" "$s"' EXIT
${inventory}
as svn export -q ${ignoring} -- ${address} "$s/revision@" || exit 1
inventory "$s/revision" >"$s/-" && inventory ${tree} >"$s/+" || exit 1
comm -3 "$s/-" "$s/+" | { head -n 100; cat >/dev/null; }`
  const slow = { ...repository, timeout: repository.timeout ?? 3600 }
  const said = await inRoom(on, scratch, () =>
    told(on, slow, `${tree} cannot be held against ${address}`, looking),
  )
  const differences = linesOf(said).map((line) => {
    const [, tab = '', what = '', name = ''] = /^(\t?)(.*?) {2}(.*)$/.exec(line) ?? []
    const kind = /^\\?[0-9a-f]{64}$/.test(what) ? 'file' : what
    return `${tab === '' ? '-' : '+'} ${kind} ${name.replace(/^\.\//, '')}`
  })
  return { revision: changed, differences }
}

/**
 * How a tree differs from a revision; the first hundred differences.
 *
 * @example
 * svn.compare({ repository: { url: 'svn://svn.example.com/apim', user: 'wso2', password: secret('env:SVN') }, tree: '/srv/app/tree' })
 */
export const compare = observe(
  'svn.compare',
  (on, input: Comparing): Promise<Compared> => treesDiffer(on, input),
)

/**
 * Holds when a tree equals a revision.
 *
 * @example
 * svn.equal({ repository: { url: 'svn://svn.example.com/apim', user: 'wso2', password: secret('env:SVN') }, tree: '/srv/app/tree' })
 */
export const equal = observe(
  'svn.equal',
  async (on, input: Comparing): Promise<Omit<Compared, 'differences'>> => {
    const { revision, differences } = await treesDiffer(on, input)
    if (differences.length > 0)
      throw new TaskError(
        `${input.tree} on ${on.name} differs from ${addressOf(input.repository, input.path, revision)}`,
        differences.slice(0, 20),
      )
    return { revision }
  },
)
