import { change, type On, observe } from '../model/action.ts'
import { type Command, sh } from '../model/command.ts'
import { TaskError } from '../model/errors.ts'
import type { Secret } from '../model/secret.ts'
import { ask, holds, linesOf, runJob } from './target.ts'

/** A Subversion repository (or a path in one) and who may write it. */
export type Repository = { readonly url: string; readonly user: string; readonly password: Secret }

/** The password goes in by stdin and is stored nowhere. */
function login({ user }: Repository): Command {
  return sh.read`--non-interactive --no-auth-cache --username ${user} --password-from-stdin`
}

// At its first use the client makes a configuration in the user's home, even for a question. `svnrdump` knows no way out.
const unconfigured = sh.read`$([ -d ~/.subversion ] || echo --config-dir=/dev/null/none)`

async function list(on: On, repository: Repository): Promise<readonly string[]> {
  const { url, password } = repository
  const command = sh.read`svn ls ${unconfigured} ${login(repository)} -- ${url}`
  const { code, stdout, stderr } = await ask(on, command, { stdin: [password] })
  if (code !== 0) throw new TaskError(`${url} cannot be listed from ${on.name}`, linesOf(stderr).slice(-5))
  return linesOf(stdout)
}

/** What lies at the top of the repository's newest revision. */
export const top = observe('svn.list', async (on, { repository }: { repository: Repository }) => ({
  entries: await list(on, repository),
}))

/** Holds when the repository's newest revision is empty. */
export const clean = observe('svn.clean', async (on, { repository }: { repository: Repository }) => {
  const entries = await list(on, repository)
  if (entries.length > 0)
    throw new TaskError(
      `${repository.url} is not clean: a new fleet needs an empty repository`,
      entries.slice(0, 10),
    )
  return { url: repository.url }
})

/** Takes an empty repository for the new fleet. Undo empties its newest revision again; its history stays. */
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

/** Empties the repository's newest revision. Undo brings its entries back from the revision before. */
export const empty = change('svn.empty', {
  async check(on, { repository }: { repository: Repository }) {
    return (await list(on, repository)).length === 0 ? { removed: 0 } : undefined
  },
  async remember(on, { repository }) {
    const entries = await list(on, repository)
    const info = sh.read`svn info ${unconfigured} ${login(repository)} --show-item revision -- ${repository.url}`
    return { entries, revision: (await on.must(info, { stdin: [repository.password] })).trim() }
  },
  async apply(on, { repository }, { entries }) {
    await removeAll(on, repository)
    return { removed: entries.length }
  },
  async undo(on, { repository }, { entries, revision }) {
    const there = new Set(await list(on, repository))
    for (const entry of entries.filter((each) => !there.has(each))) {
      const url = urlOf(repository, entry)
      await on.must(
        sh`svn cp ${login(repository)} -m ${'upgrade-fleet: brought back'} -- ${`${url}@${revision}`} ${url}`,
        {
          stdin: [repository.password],
        },
      )
    }
  },
})

const urlOf = ({ url }: Repository, entry: string): string =>
  `${url.replace(/\/$/, '')}/${entry.replace(/\/$/, '')}`

async function removeAll(on: On, repository: Repository): Promise<void> {
  const urls = (await list(on, repository)).map((entry) => urlOf(repository, entry))
  if (urls.length === 0) return
  await on.must(sh`svn rm ${login(repository)} -m ${'upgrade-fleet: taken back'} -- ${urls}`, {
    stdin: [repository.password],
  })
}

/** A dump of a whole repository over the network, read back: one end marker for each revision. It is kept on undo. */
export const dump = change('svn.dump', {
  async remember(on, { to, name }: { repository: Repository; to: string; name: string }) {
    return { file: `${to}/${on.run}/${name}.svndump.gz` }
  },
  async apply(on, { repository }, { file }) {
    const plain = `${file}.plain`
    await runJob(
      on,
      'svn dump',
      sh`set -eu
umask 077
IFS= read -r password || :
mkdir -p -- "$(dirname -- ${file})"
give() { printf '%s' "$password"; }
root=$(give | svn info ${login(repository)} --show-item repos-root-url -- ${repository.url})
youngest=$(give | svn info ${login(repository)} --show-item revision -- "$root")
give | svnrdump dump -q ${login(repository)} -- "$root" > ${plain}
[ "$(grep -ac '^Revision-number: ' ${plain})" -ge $((youngest + 1)) ] || { echo "revisions are missing from the dump"; exit 4; }
gzip -n -c -- ${plain} > ${`${file}.part`} && gzip -t < ${`${file}.part`}
[ "$(gzip -dc < ${`${file}.part`} | sha256sum)" = "$(sha256sum < ${plain})" ] || { echo "the dump reads back differently"; exit 4; }
mv -- ${`${file}.part`} ${file} && rm -f -- ${plain}
sync
printf '%s %s\n' "$(sha256sum < ${file} | cut -c1-64)" "$youngest" > ${`${file}.proof`}`,
      { stdin: [repository.password] },
    )
    const [sha256, youngest] = (await on.must(sh.read`cat -- ${`${file}.proof`}`)).trim().split(' ')
    return { file, sha256: sha256 ?? '', youngest: Number(youngest) }
  },
  async undo(on, _input, { file }) {
    on.say(`${file} is kept`)
  },
})

type Trees = { trees: readonly string[] }

// A tree that is not there has no .svn either.
const find = ({ trees }: Trees, action: Command) =>
  sh.read`for d in ${trees}; do [ ! -d "$d" ] || find "$d" -name .svn -prune ${action} || exit 1; done`

/** Removes each `.svn` from copies of trees. Undo does nothing: the copies go as a whole, and what they came from was not touched. */
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

/** Holds when there is no `.svn` at any level of these trees. */
export const none = observe('svn.none', async (on, input: Trees) => {
  const found = linesOf(await on.must(sh.read`${find(input, sh.read`-print`)} | head -n 20`))
  if (found.length > 0) throw new TaskError(`There is still .svn on ${on.name}`, found)
  return { trees: input.trees.length }
})

/** Whether the machine has the Subversion clients. */
export const installed = observe('svn.installed', async (on) => {
  if (!(await holds(on, sh.read`command -v svn && command -v svnrdump`)))
    throw new TaskError(`${on.name} has no svn and svnrdump: install the Subversion client`)
  return { installed: true }
})
