import { change, type On, observe } from '../../model/action.ts'
import { type Command, sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { ask, linesOf } from '../target.ts'

export type Trees = { readonly trees: readonly string[] }

// A tree that is not there has no .svn either.
export const find = ({ trees }: Trees, action: Command): Command =>
  sh.read`for d in ${trees}; do [ ! -d "$d" ] || find "$d" -name .svn -prune ${action} || exit 1; done`

/**
 * Removes each `.svn` from copies of trees. Undo does nothing: the copies go as a whole, and what they came from was not touched.
 *
 * @example
 * svn.purge({ trees: ['/srv/app/tree'] })
 */
export const purge = change('svn.purge', {
  async check(on, input: Trees) {
    const { code, stdout } = await ask(on, sh.read`${find(input, sh.read`-print`)} | head -n 1`)
    return code === 0 && stdout === '' ? { purged: 0 } : undefined
  },
  async apply(on, input) {
    const found = linesOf(await on.must(find(input, sh.read`-print`)))
    await on.must(sh`${find(input, sh`-exec rm -rf -- {} +`)}`, { timeout: 600 })
    return { purged: found.length }
  },
  async undo() {},
})

/**
 * Holds when there is no `.svn` at any level of these trees.
 *
 * @example
 * svn.none({ trees: ['/srv/app/tree'] })
 */
export const none = observe('svn.none', async (on, input: Trees) => {
  const found = linesOf(await on.must(sh.read`${find(input, sh.read`-print`)} | head -n 20`))
  if (found.length > 0) throw new TaskError(`There is still .svn on ${on.name}`, found)
  return { trees: input.trees.length }
})

/** A working copy as its directories on disk tell, without a client. */
export type WorkingCopy = {
  readonly path: string
  /** `1.6`: a `.svn` in each directory; `1.7+`: one at the top; `unknown`: a `.svn` that is neither. */
  readonly layout: '1.6' | '1.7+' | 'unknown'
  /** Directories named `.svn`. */
  readonly directories: number
}

/**
 * The working copies in trees: those whose own parent is none of the same layout.
 *
 * @example
 * svn.copies({ trees: ['/srv/app/tree'] })
 */
export const copies = observe('svn.copies', async (on, input: Trees) => ({
  copies: await copiesIn(on, input),
}))

/** The same for other modules. */
export async function copiesIn(on: On, input: Trees): Promise<readonly WorkingCopy[]> {
  const each = sh.read`-exec sh -c 'for s; do
if [ -f "$s/wc.db" ]; then l=1.7+
else l=unknown; n=; [ ! -f "$s/entries" ] || { IFS= read -r n <"$s/entries" || :; }
case $n in 8|9|10) l=1.6 ;; esac; fi
printf "%s %s\n" "$l" "$s"; done' sh {} +`
  const found = linesOf(await on.must(find(input, each), { timeout: 600 })).map((line) => ({
    layout: line.slice(0, line.indexOf(' ')) as WorkingCopy['layout'],
    path: line.slice(line.indexOf(' ') + 1, -'/.svn'.length),
  }))
  const layouts = new Map(found.map(({ path, layout }) => [path, layout]))
  const topOf = (path: string): string => {
    const parent = path.slice(0, path.lastIndexOf('/'))
    return layouts.get(path) === '1.6' && layouts.get(parent) === '1.6' ? topOf(parent) : path
  }
  const tops = new Map<string, number>()
  for (const { path } of found) tops.set(topOf(path), (tops.get(topOf(path)) ?? 0) + 1)
  return [...tops]
    .map(([path, directories]) => ({ path, layout: layouts.get(path) ?? 'unknown', directories }))
    .sort((one, other) => (one.path < other.path ? -1 : 1))
}
