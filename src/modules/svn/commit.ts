import { type Action, change, type On } from '../../model/action.ts'
import { type Command, sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { inRoom } from '../room.ts'
import { runJob } from '../target.ts'
import { logOf } from './answers.ts'
import { addressOf, script, told } from './client.ts'
import { treesDiffer } from './compare.ts'
import { infoAt, type Place } from './look.ts'

type Committing = Omit<Place, 'revision'> & {
  readonly tree: string
  readonly message: string
  /** A directory of the machine with room for a working copy and the tree; default `/tmp`. */
  readonly scratch?: string | undefined
}

/** What it was before, and the line by which our commits are known. */
type Memory = { readonly base: number; readonly mark: string }

/**
 * Makes the newest revision of a path in a repository equal to a tree of the machine, by one commit out of a working copy in
 * scratch: the tree may be a working copy of any layout or none, and is only read. Properties that files have stay. Undo
 * takes that commit back by another; where somebody changed the same since, it fails and commits nothing.
 *
 * @example
 * svn.commit({
 *   repository: { url: 'svn://svn.example.com/apim', user: 'wso2', password: secret('env:SVN') },
 *   tree: '/srv/app/tree',
 *   message: 'as it is served',
 * })
 */
export const commit = (input: Committing): Action<{ readonly tree: string }> => committed(input)
const committed = change<Committing, { readonly tree: string }, Memory>('svn.commit', {
  async check(on, input) {
    return (await treesDiffer(on, input)).differences.length === 0 ? { tree: input.tree } : undefined
  },
  async remember(on, input) {
    const { revision } = await infoAt(on, input)
    return { base: revision, mark: `upgrade-fleet: ${on.run} ${on.task}` }
  },
  async apply(on, input, { mark }) {
    await inScratch(on, input, 'commit', `${input.message}\n\n${mark}`, likeTree(input.tree))
    const { differences } = await treesDiffer(on, input)
    if (differences.length === 0) return { tree: input.tree }
    throw new TaskError(`${input.tree} was committed, and the revision differs`, differences.slice(0, 20))
  },
  async undo(on, input, { base, mark }) {
    const { repository, path } = input
    const address = addressOf(repository, path)
    const log = logOf(
      await told(
        on,
        repository,
        `the log of ${address} cannot be read`,
        sh.read`as svn log --xml -r ${`HEAD:${base}`} -- ${address}`,
      ),
    )
    const [newest] = log.filter(({ message, revision }) => revision > base && message.endsWith(`\n${mark}`))
    if (newest === undefined || newest.message.startsWith(takenBack)) return
    const back = sh`as svn merge -q --accept postpone --ignore-ancestry -c ${`-${newest.revision}`} -- ${address} .
if as svn status | grep -qE '^(C|.C|......C)'; then echo 'somebody changed the same since: take it back by hand' >&2; exit 1; fi`
    await inScratch(on, input, 'undo', `${takenBack} r${newest.revision}\n\n${mark}`, back)
  },
})

const takenBack = 'taken back:'

/** In a fresh working copy: makes it what the tree is, and tells the client so. `propdel` takes no list of paths. */
function likeTree(tree: string): Command {
  const paths = sh`sed 's,^\./,,; s/$/@/' >"$s/paths"; [ ! -s "$s/paths" ]`
  const executables = sh`find . -name .svn -prune -o -type f -perm -u+x -print | LC_ALL=C sort`
  return sh`${executables} >"$s/were"
find . -mindepth 1 -maxdepth 1 ! -name .svn -exec rm -rf -- {} +
( cd -- ${tree} && tar --exclude=.svn -cf "$s/tree.tar" . )
tar --no-same-owner -m -xf "$s/tree.tar"
as svn status --no-ignore | grep '^[!~]' | cut -c9- | ${paths} || as svn rm -q --force --keep-local --targets "$s/paths"
as svn add -q --force --no-ignore --depth infinity .
${executables} >"$s/are"
cat <"$s/are" | ${paths} || as svn propset -q svn:executable '*' --targets "$s/paths"
LC_ALL=C comm -23 "$s/were" "$s/are" >"$s/no"
while IFS= read -r path; do [ ! -f "$path" ] || [ -L "$path" ] || as svn propdel -q svn:executable -- "$path@"; done <"$s/no"`
}

async function inScratch(
  on: On,
  { repository, path, scratch = '/tmp' }: Committing,
  name: string,
  message: string,
  work: Command,
): Promise<void> {
  const doing = script(
    repository,
    sh`set -e
s=$(mktemp -d ${`${scratch}/upgrade-fleet-svn.XXXXXX`})
trap 'rm -rf -- "$c" "$s"' EXIT
as svn checkout -q --ignore-externals -- ${addressOf(repository, path)} "$s/copy"
cd -- "$s/copy"
${work}
as svn commit -q --encoding UTF-8 -m ${message} -- .`,
  )
  await inRoom(
    on,
    scratch,
    () => runJob(on, `svn ${name}`, doing, { stdin: [repository.password] }),
    // Then it is the repository's machine that has no room, and the client says so.
    (said) => said.includes('Commit failed'),
  )
}
