import { type Action, change, type On } from '../../model/action.ts'
import { type Command, sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { bringTreeBack, type KeptTree, keepTree, treePrinter } from '../files/keep-tree.ts'
import { enterPrivate, here, partsOf, privateOf } from '../files/private.ts'
import { inRoom } from '../room.ts'
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
  await inRoom(on, to, () =>
    runJob(
      on,
      `svn ${how}`,
      script(
        repository,
        // `checkout` takes its second name as it stands, `export` looks for a peg revision in it.
        sh`set -e; umask 022
${placing(on, to, kept, sh`as svn ${how} -q ${ignoring} -- ${address} ${how === 'export' ? `${made}@` : made}`, sh`rm -rf -- "$c"`)}`,
      ),
      { stdin: [repository.password] },
    ),
  )
  return { to, revision: changed }
}

const made = `${here}/new`

/**
 * Makes something as `$t` in a directory beside its name that nobody else may enter, notes what it made for the undo, and renames
 * it; done once only. `also` is for the end of the script.
 */
export function placing(on: On, to: string, kept: KeptTree, make: Command, also: Command = sh`:`): Command {
  const { directory, name } = partsOf(to)
  const beside = partsOf(privateOf(on, to)).name
  return sh`f=${to}; t=${made}
${treePrinter}
if [ -e "$f" ] && [ -f ${kept.made} ] && grep -qxF -e "$(stat -c %d:%i -- "$f") $(tree "$f")" -- ${kept.made}; then rm -rf -- ${`${directory}/${beside}`}; exit 0; fi
if [ -e "$f" ] || [ -L "$f" ]; then printf '%s is there already\n' "$f" >&2; exit 1; fi
${enterPrivate(on, to)}
trap 'leave; ${also}' EXIT
${make}
sync -f -- "$t" 2>/dev/null || sync
[ . -ef ../${beside} ] || { printf 'somebody else put something in place of %s\n' ${beside} >&2; exit 1; }
printf '%s %s\n' "$(stat -c %d:%i -- ./new)" "$(tree ./new)" >>${kept.made}
mv -T -- ./new ../${name}`
}
