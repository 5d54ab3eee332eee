import { type On, observe } from '../../model/action.ts'
import { sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { holds } from '../target.ts'
import { type Entry, entriesOf, type Info, infoOf } from './answers.ts'
import { addressOf, type Repository, told } from './client.ts'

/** A path of a repository at a revision: its top and the youngest unless told. */
export type Place = {
  readonly repository: Repository
  readonly path?: string | undefined
  readonly revision?: number | undefined
}

/**
 * Kind, UUID, revision and last change of a path in a repository.
 *
 * @example
 * svn.info({ repository: { url: 'svn://svn.example.com/apim', user: 'wso2', password: secret('env:SVN') } })
 */
export const info = observe('svn.info', async (on, place: Place): Promise<Info> => infoAt(on, place))

/** The same for other modules. */
export async function infoAt(on: On, { repository, path, revision }: Place): Promise<Info> {
  const address = addressOf(repository, path, revision)
  return infoOf(
    await told(on, repository, `${address} cannot be looked at`, sh.read`as svn info --xml -- ${address}`),
  )
}

/**
 * What lies at a path of a repository, with `recursive` at all levels below it.
 *
 * @example
 * svn.ls({ repository: { url: 'svn://svn.example.com/apim', user: 'wso2', password: secret('env:SVN') }, recursive: true })
 */
export const ls = observe(
  'svn.ls',
  async (
    on,
    { recursive = false, ...place }: Place & { readonly recursive?: boolean },
  ): Promise<{ readonly entries: readonly Entry[] }> => ({ entries: await entriesAt(on, place, recursive) }),
)

async function entriesAt(on: On, { repository, path, revision }: Place, recursive: boolean) {
  const address = addressOf(repository, path, revision)
  const depth = recursive ? 'infinity' : 'immediates'
  const listing = sh.read`as svn ls --xml --depth ${depth} -- ${address}`
  return entriesOf(await told(on, repository, `${repository.url} cannot be listed`, listing))
}

/** Names at the top of the repository's newest revision, those of directories with a slash behind. */
export async function list(on: On, repository: Repository): Promise<readonly string[]> {
  const entries = await entriesAt(on, { repository }, false)
  return entries.map(({ path, kind }) => (kind === 'dir' ? `${path}/` : path))
}

/**
 * What lies at the top of the repository's newest revision.
 *
 * @example
 * svn.top({ repository: { url: 'svn://svn.example.com/apim', user: 'wso2', password: secret('env:SVN') } })
 */
export const top = observe('svn.list', async (on, { repository }: { repository: Repository }) => ({
  entries: await list(on, repository),
}))

/**
 * Holds when the repository's newest revision is empty.
 *
 * @example
 * svn.clean({ repository: { url: 'svn://svn.example.com/apim', user: 'wso2', password: secret('env:SVN') } })
 */
export const clean = observe('svn.clean', async (on, { repository }: { repository: Repository }) => {
  const entries = await list(on, repository)
  if (entries.length > 0)
    throw new TaskError(
      `${repository.url} is not clean: a new fleet needs an empty repository`,
      entries.slice(0, 10),
    )
  return { url: repository.url }
})

/**
 * Whether the machine has the Subversion clients.
 *
 * @example
 * svn.installed(null)
 */
export const installed = observe('svn.installed', async (on) => {
  if (!(await holds(on, sh.read`command -v svn && command -v svnrdump`)))
    throw new TaskError(`${on.name} has no svn and svnrdump: install the Subversion client`)
  return { installed: true }
})
