import { type Action, change, type On } from '../../model/action.ts'
import { type Command, sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { bringTreeBack, type KeptTree, keepTree, treePrinter } from '../files/keep-tree.ts'
import { besideOf } from '../files/private.ts'
import { holds, runJob } from '../target.ts'
import { infoOf } from './answers.ts'
import { addressOf, script, told } from './client.ts'
import { treesDiffer } from './compare.ts'
import { infoAt, type Place } from './look.ts'

/** A revision of a path in a repository, and the directory on the machine that it becomes. */
export type Placing = Place & {
  readonly to: string
  /** Whether svn:externals are followed; not unless told. */
  readonly externals?: boolean | undefined
}

/** What was placed; `revision` is the last in which anything of it was changed. */
export type Placed = { readonly to: string; readonly revision: number }

/**
 * A working copy of a path in a repository, made beside its name and renamed. One of the same address, revision and
 * content is left as it is; anything else that stands there is refused. Undo removes it; what somebody changed in it
 * is moved aside.
 *
 * @example
 * svn.checkout({ repository: { url: 'svn://svn.example.com/apim', user: 'wso2', password: secret('env:SVN') }, path: 'trunk', to: '/srv/app/copy' })
 */
export const checkout = (input: Placing): Action<Placed> => checkedOut(input)
const checkedOut = change<Placing, Placed, KeptTree>('svn.checkout', {
  async check(on, input) {
    const { to, repository } = input
    if (!(await holds(on, sh.read`[ -d ${to} ]`))) return undefined
    const wanted = await infoAt(on, input)
    const said = await told(
      on,
      repository,
      `${to} cannot be looked at`,
      sh.read`[ -d ${to}/.svn ] && as svn info --xml -- ${`${to}@`} && { [ -z "$(as svn status -q --ignore-externals -- ${`${to}@`})" ] || echo changed; }`,
    ).catch(() => 'changed')
    if (said.endsWith('changed\n') || said === 'changed') return undefined
    const found = infoOf(said)
    const same = found.url === wanted.url && found.uuid === wanted.uuid && found.changed === wanted.changed
    return same && found.revision >= wanted.changed ? { to, revision: wanted.changed } : undefined
  },
  remember: (on, input) => nothingAt(on, input.to),
  apply: (on, input, kept) => place(on, input, kept, 'checkout'),
  undo: (on, { to }, kept) => bringTreeBack(on, to, kept),
})

/**
 * The files of a path in a repository, without `.svn`, made beside their name and renamed. A tree that equals the revision is
 * left as it is (to find that out, the revision is exported once more); anything else that stands there is refused. Undo as
 * that of {@link checkout}.
 *
 * @example
 * svn.exported({ repository: { url: 'svn://svn.example.com/apim', user: 'wso2', password: secret('env:SVN') }, to: '/srv/app/files' })
 */
export const exported = (input: Placing): Action<Placed> => exporting(input)
const exporting = change<Placing, Placed, KeptTree>('svn.export', {
  async check(on, input) {
    const { to } = input
    if (!(await holds(on, sh.read`[ -d ${to} ]`))) return undefined
    const { revision, differences } = await treesDiffer(on, { ...input, tree: to })
    return differences.length === 0 ? { to, revision } : undefined
  },
  remember: (on, input) => nothingAt(on, input.to),
  apply: (on, input, kept) => place(on, input, kept, 'export'),
  undo: (on, { to }, kept) => bringTreeBack(on, to, kept),
})

async function nothingAt(on: On, to: string): Promise<KeptTree> {
  if (await holds(on, sh.read`[ -e ${to} ] || [ -L ${to} ]`))
    throw new TaskError(
      `${to} on ${on.name} is there already, and is something else: move it away, or choose another place`,
    )
  return keepTree(on, to)
}

async function place(on: On, input: Placing, kept: KeptTree, how: 'checkout' | 'export'): Promise<Placed> {
  const { repository, path, to, externals = false } = input
  const { changed, revision } = await infoAt(on, input)
  const address = addressOf(repository, path, input.revision ?? revision)
  const ignoring = externals ? sh`` : sh`--ignore-externals`
  // `checkout` takes its second name as it stands, `export` looks for a peg revision in it.
  const beside = besideOf(on, to)
  await runJob(
    on,
    `svn ${how}`,
    script(
      repository,
      sh`set -e; umask 022
${placing(beside, to, kept, sh`as svn ${how} -q ${ignoring} -- ${address} ${how === 'export' ? `${beside}@` : beside}`)}`,
    ),
    { stdin: [repository.password] },
  )
  return { to, revision: changed }
}

/** Makes something under a name beside its own, notes what it made for the undo, and renames it; done once only. */
export function placing(beside: string, to: string, { made }: KeptTree, make: Command): Command {
  return sh`t=${beside}; f=${to}
${treePrinter}
rm -rf -- "$t"
if [ -e "$f" ] && [ -f ${made} ] && grep -qxF -e "$(stat -c %d:%i -- "$f") $(tree "$f")" -- ${made}; then exit 0; fi
if [ -e "$f" ] || [ -L "$f" ]; then printf '%s is there already\n' "$f" >&2; exit 1; fi
${make}
sync -f -- "$t" 2>/dev/null || sync
printf '%s %s\n' "$(stat -c %d:%i -- "$t")" "$(tree "$t")" >>${made}
mv -T -- "$t" "$f"`
}
