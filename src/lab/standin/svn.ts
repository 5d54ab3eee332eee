import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Who asks a Subversion server. */
export interface Repository {
  readonly user: string
  readonly password: string
}

/** Runs the `svn` client, its password from its input; what it printed. Throws what it complained of. */
export function svn(repository: Repository, args: readonly string[]): Promise<string> {
  const login = [
    '--username',
    repository.user,
    '--password-from-stdin',
    '--no-auth-cache',
    '--non-interactive',
  ]
  return new Promise((resolve, reject) => {
    const child = spawn('svn', [...args, ...login], { stdio: ['pipe', 'pipe', 'pipe'], cwd: '/' })
    let out = ''
    let err = ''
    child.stdout.on('data', (text) => {
      out += String(text)
    })
    child.stderr.on('data', (text) => {
      err += String(text)
    })
    child.stdin.on('error', () => undefined)
    child.on('error', reject)
    child.on('close', (code) => (code === 0 ? resolve(out) : reject(new Error(err.trim()))))
    child.stdin.end(repository.password)
  })
}

/** Whether a place in a repository exists. */
export function knows(repository: Repository, url: string): Promise<boolean> {
  return svn(repository, ['info', '-q', url]).then(
    () => true,
    () => false,
  )
}

/** Makes a place in a repository. */
export async function makeRemote(repository: Repository, url: string): Promise<void> {
  await svn(repository, ['mkdir', '-q', '--parents', '-m', 'Created by the deployment synchronizer', url])
}

/** Commits all that is new, changed or missing in a working copy; hidden and backup files stay out. */
export async function commit(repository: Repository, directory: string, deletesOne: boolean): Promise<void> {
  const status = await svn(repository, ['status', directory])
  const of = (mark: string) =>
    status
      .split('\n')
      .filter((line) => line.startsWith(mark))
      .map((line) => line.slice(8).trim())
  const fresh = of('?').filter((path) => !/(^|\/)[.~][^/]*$|\.bk$/.test(path))
  if (fresh.length > 0) await svn(repository, ['add', '-q', '--force', ...fresh])
  const gone = [...of('!'), ...(deletesOne ? firstApi(directory) : [])]
  if (gone.length > 0) await svn(repository, ['delete', '-q', '--force', ...gone])
  await svn(repository, ['commit', '-q', '-m', 'Committed by the deployment synchronizer', directory])
}

function firstApi(directory: string): readonly string[] {
  const apis = join(directory, 'synapse-configs/default/api')
  try {
    const published = readdirSync(apis).filter((name) => !name.startsWith('_') && name.endsWith('.xml'))
    return published.slice(0, 1).map((name) => join(apis, name))
  } catch {
    return []
  }
}
