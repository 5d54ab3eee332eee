import { type On, observe } from '../../model/action.ts'
import { type Command, sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { ask, linesOf } from '../target.ts'
import { listing } from './listing.ts'
import { listFile, recordedTree } from './tree.ts'

/** What {@link compare} compares: a directory, a backup of it, and what may differ. */
export type CompareInput = {
  readonly path: string
  readonly file: string
  /** Paths relative to the directory, as shell patterns whose `*` stands for slashes too. */
  readonly volatile: readonly string[]
}

/**
 * Which files and links of a directory are other ones than in its backup, those that are `volatile` left out.
 *
 * @example
 * backup.compare({ path: '/srv/app/tree', file: '/srv/app/backups/20261123-010203-abcd/tree.tar.gz', volatile: ['logs/*'] })
 */
export const compare = observe('backup.compare', async (on, input: CompareInput) => ({
  different: await differences(on, input),
}))

/** Lines of `<` (in the backup only) and `>` (in the directory only), at most 50. Throws where either cannot be read. */
export async function differences(
  on: On,
  { path, file, volatile }: CompareInput,
): Promise<readonly string[]> {
  const { list, exclude } = await recordedTree(on, file)
  const { code, stdout, stderr } = await ask(
    on,
    sh.read`l=${listFile(file)}
[ "$(sha256sum <"$l")" = ${`${list}  -`} ] || { echo 'the list of the backup is not what was recorded' >&2; exit 4; }
cd -- ${path} || exit 4
${listing(exclude)}
content() { grep -a '^[fl] ' | cut -d ' ' -f 7- | ${without(volatile)}; }
{ content <"$l" | sed 's/^/< /'; listed | content | sed 's/^/> /'; } | sort -k 2 | uniq -u -f 1 | head -n 50`,
    { timeout: 24 * 3600 },
  )
  if (code !== 0)
    throw new TaskError(`${path} on ${on.name} cannot be compared with ${file}`, [stderr.trim()])
  return linesOf(stdout)
}

function without(patterns: readonly string[]): Command {
  if (patterns.length === 0) return sh.read`cat`
  const each = patterns.flatMap((pattern) => [
    '-e',
    `^[^ ]* \\./${pattern
      .replace(/[.+()|^$[\]{}\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}(//.*)?$`,
  ])
  return sh.read`{ grep -avE ${each} || [ $? = 1 ]; }`
}
