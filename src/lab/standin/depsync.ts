import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { blocks, element, namesIn, readText } from './home.ts'
import { atLeast, type Server } from './server.ts'
import { commit, knows, makeRemote, type Repository, svn } from './svn.ts'

const name = 'org.wso2.carbon.deployment.synchronizer.subversion.SVNBasedArtifactRepository'

interface Copy {
  readonly directory: string
  readonly url: string
}

/**
 * The deployment synchronizer of 1.10.0 and 2.x against a real repository: at the start, and then again and again. 1.8 and 1.9 are left
 * alone (its working copies are of a format that no client here reads), and 3.0.0 has it switched off for good.
 */
export async function synchronize(server: Server): Promise<void> {
  if (!atLeast(server, '1.10.0') || atLeast(server, '3.0.0')) return
  const block =
    blocks(readText(server.home, 'repository/conf/carbon.xml') ?? '', 'DeploymentSynchronizer')[0] ?? ''
  if (element(block, 'Enabled') !== 'true' || element(block, 'RepositoryType') !== 'svn') return
  const repository = { user: element(block, 'SvnUser') ?? '', password: element(block, 'SvnPassword') ?? '' }
  const commits = element(block, 'AutoCommit') === 'true' && server.props.get('workerNode') !== 'true'
  const copies = copiesOf(
    server,
    element(block, 'SvnUrl') ?? '',
    element(block, 'SvnUrlAppendTenantId') === 'true',
  )
  const ready: Copy[] = []
  for (const copy of copies) {
    if (await first(server, copy, repository, commits)) ready.push(copy)
  }
  void keepUp(server, ready, repository, commits, Number(element(block, 'AutoSyncPeriod') ?? 60))
}

function copiesOf(server: Server, url: string, append: boolean): readonly Copy[] {
  const clean = url.replace(/\/+$/, '')
  const at = (id: string, directory: string) => ({
    directory: join(server.home, directory),
    url: append ? `${clean}/${id}` : clean,
  })
  const tenants = namesIn(server.home, 'repository/tenants').filter((id) => /^\d+$/.test(id))
  const own = at('-1234', 'repository/deployment/server')
  return append ? [own, ...tenants.map((id) => at(id, `repository/tenants/${id}`))] : [own]
}

async function first(server: Server, copy: Copy, repository: Repository, commits: boolean): Promise<boolean> {
  const old = existsSync(join(copy.directory, '.svn')) && !existsSync(join(copy.directory, '.svn/wc.db'))
  try {
    if (old || server.faulty('dep-sync-old-svn'))
      throw new Error('svn: E155036: The path is a working copy of an older format')
    if (commits && !(await knows(repository, copy.url))) await makeRemote(repository, copy.url)
    if (!existsSync(join(copy.directory, '.svn'))) {
      await svn(repository, ['checkout', '-q', '--force', copy.url, copy.directory])
    }
    await once(server, copy, repository, commits)
    return true
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    server.log(
      'ERROR',
      name,
      'Error while checking out or updating artifacts from the SVN repository',
      text.split('\n'),
    )
    return false
  }
}

async function once(server: Server, copy: Copy, repository: Repository, commits: boolean): Promise<void> {
  if (!commits) {
    await svn(repository, ['revert', '-q', '-R', copy.directory])
    await svn(repository, ['update', '-q', '--accept', 'theirs-full', copy.directory])
    return
  }
  await svn(repository, ['update', '-q', '--accept', 'mine-full', copy.directory])
  await commit(repository, copy.directory, server.faulty('dep-sync-manager-deletes'))
}

async function keepUp(
  server: Server,
  copies: readonly Copy[],
  repository: Repository,
  commits: boolean,
  period: number,
): Promise<void> {
  for (;;) {
    await Promise.all([server.wait(period), new Promise((resolve) => setTimeout(resolve, 1000))])
    for (const copy of copies) {
      await once(server, copy, repository, commits).catch((error: unknown) => {
        const what = commits ? 'committing artifacts to' : 'checking out or updating artifacts from'
        server.log('ERROR', name, `Error while ${what} the SVN repository`, String(error).split('\n'))
      })
    }
  }
}
