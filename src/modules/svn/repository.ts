import { change, type On } from '../../model/action.ts'
import { sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { addressOf, type Repository, told } from './client.ts'
import { infoAt, list } from './look.ts'

/**
 * Takes an empty repository for the new fleet. Undo empties its newest revision again; its history stays.
 *
 * @example
 * svn.claim({ repository: { url: 'svn://svn.example.com/apim', user: 'wso2', password: secret('env:SVN') } })
 */
export const claim = change('svn.claim', {
  // Asked before the change is begun: a repository that was not empty is never emptied by the undo.
  async remember(on, { repository }: { repository: Repository }) {
    const entries = await list(on, repository)
    if (entries.length > 0) throw new TaskError(`${repository.url} is not clean`, entries.slice(0, 10))
    return null
  },
  async apply(_on, { repository }) {
    return { url: repository.url }
  },
  undo: (on, { repository }) => removeAll(on, repository),
})

/**
 * Empties the repository's newest revision. Undo brings its entries back from the revision before.
 *
 * @example
 * svn.empty({ repository: { url: 'svn://svn.example.com/apim', user: 'wso2', password: secret('env:SVN') } })
 */
export const empty = change('svn.empty', {
  async check(on, { repository }: { repository: Repository }, remembered?: Emptied) {
    if ((await list(on, repository)).length > 0) return undefined
    return { removed: remembered?.entries.length ?? 0 }
  },
  async remember(on, { repository }): Promise<Emptied> {
    const entries = await list(on, repository)
    return { entries, revision: (await infoAt(on, { repository })).revision }
  },
  async apply(on, { repository }, { entries }) {
    await removeAll(on, repository)
    return { removed: entries.length }
  },
  async undo(on, { repository }, { entries, revision }) {
    const there = new Set(await list(on, repository))
    for (const entry of entries.filter((each) => !there.has(each))) {
      const from = addressOf(repository, entry, revision)
      const copy = sh`as svn cp -m ${'upgrade-fleet: brought back'} -- ${from} ${addressOf(repository, entry)}`
      await told(on, repository, `${from} cannot be brought back`, copy)
    }
  },
})

type Emptied = { readonly entries: readonly string[]; readonly revision: number }

async function removeAll(on: On, repository: Repository): Promise<void> {
  const addresses = (await list(on, repository)).map((entry) => addressOf(repository, entry))
  if (addresses.length === 0) return
  const remove = sh`as svn rm -m ${'upgrade-fleet: taken back'} -- ${addresses}`
  await told(on, repository, `${repository.url} cannot be emptied`, remove)
}
