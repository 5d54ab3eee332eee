import { type On, observe } from '../model/action.ts'
import { type Command, sh } from '../model/command.ts'
import type { ExecOptions } from '../model/connection.ts'
import { TaskError } from '../model/errors.ts'
import { addressOf, type Repository, script } from '../modules/svn/client.ts'
import { infoAt, list } from '../modules/svn/look.ts'
import { clock, linesOf, pauses } from '../modules/target.ts'

/** A gateway whose artefacts the deployment synchronizer keeps, and seconds that it may take. */
export type Synchronizing = {
  readonly repository: Repository
  readonly gateway: string
  readonly home: string
  readonly seconds: number
}

/** What the synchronizer may have written `.svn` into (server facts 6.1): the 1.6 layout at every level, 1.7 and newer at the tops. */
export const copyRoots = (home: string): readonly string[] => [
  `${home}/repository/deployment/server`,
  `${home}/repository/tenants`,
]

/** SHA-256 by path. */
export type Files = ReadonlyMap<string, string>

/**
 * A gate on a machine that has the Subversion client: holds when the gateway's artefacts equal the newest revision, the super
 * tenant's and those of each tenant that is in the repository (a tenant is committed when it is first loaded). Servers
 * synchronize every 60 seconds (server facts 6.1), so it waits; what differs at the end is told.
 */
export const synchronized = observe('apim.synchronized', async (on, input: Synchronizing) => {
  const { repository, gateway, home, seconds } = input
  const end = clock() + seconds
  const rest = pauses(on, 5)
  for (;;) {
    const { wrong, ...found } = await look(on, input)
    if (wrong.length === 0) return found
    const waited = Math.round(seconds - (end - clock()))
    if (clock() > end)
      throw new TaskError(
        `${home} on ${gateway} does not equal ${repository.url} after ${waited} seconds`,
        wrong.slice(0, 20),
      )
    on.progress(Math.min(waited, seconds), seconds, 'seconds')
    await rest()
  }
})

type Found = {
  readonly revision: number
  readonly files: number
  /** Tenants that are not in the repository yet. */
  readonly waiting: readonly string[]
  readonly wrong: readonly string[]
}

async function look(on: On, { repository, gateway, home }: Synchronizing): Promise<Found> {
  const entries = new Set(await list(on, repository))
  const ids = await tenantsIn(on, gateway, home)
  const { revision } = await infoAt(on, { repository })
  const wrong: string[] = []
  let files = 0
  for (const { id, directory } of [own, ...ids.map(tenant)]) {
    if (!entries.has(`${id}/`)) {
      if (id === own.id) wrong.push(`${id}/: nothing is committed yet`)
      continue
    }
    const committed = await filesOfRevision(on, repository, id, revision)
    const there = await filesOf(on, gateway, `${home}/${directory}`)
    files += committed.size
    wrong.push(...unequal(there, committed).map((line) => `${id}/${line}`))
  }
  return { revision, files, waiting: ids.filter((id) => !entries.has(`${id}/`)), wrong }
}

// The super tenant's number, and the roots of the working copies (server facts 6.1).
const own = { id: '-1234', directory: 'repository/deployment/server' }
const tenant = (id: string) => ({ id, directory: `repository/tenants/${id}` })

/** What gateways share (server facts 6.4). Beside it a running server makes files of its own, such as unpacked web applications. */
const shared = new Set(['synapse-configs', 'executionplans', 'userstores'])

/** How a gateway's artefacts differ from a revision, a line each. */
export function unequal(tree: Files, revision: Files): readonly string[] {
  const paths = [...new Set([...tree.keys(), ...revision.keys()])].sort()
  return paths.flatMap((path) => {
    const [here, there] = [tree.get(path), revision.get(path)]
    if (here === there) return []
    if (here === undefined) return [`${path}: in the repository alone`]
    if (there !== undefined) return [`${path}: other content`]
    return shared.has(path.split('/')[0] ?? '') ? [`${path}: not in the repository`] : []
  })
}

// What the synchronizer never adds is left out (server facts 6.3).
const listing = sh.read`find . -mindepth 1 '(' -name '.*' -o -name '~*' -o -name '*.bk' ')' -prune -o -type f -exec sha256sum -- {} +`

function filesOfRevision(on: On, repository: Repository, id: string, revision: number): Promise<Files> {
  const export_ = sh.read`s=$(mktemp -d /tmp/upgrade-fleet-svn.XXXXXX) || exit 1
trap 'rm -rf -- "$c" "$s"' EXIT
as svn export -q --ignore-externals -- ${addressOf(repository, id, revision)} "$s/revision@" && cd -- "$s/revision" && ${listing}`
  return digests(on, on.name, on.signal, script(repository, export_), { stdin: [repository.password] })
}

async function filesOf(on: On, gateway: string, directory: string): Promise<Files> {
  return digests(await on.peer(gateway), gateway, on.signal, sh.read`cd -- ${directory} && ${listing}`)
}

async function tenantsIn(on: On, gateway: string, home: string): Promise<readonly string[]> {
  const peer = await on.peer(gateway)
  const command = sh.read`cd -- ${`${home}/repository/tenants`} 2>/dev/null || exit 0; ls -A`
  const said = await peer.exec(command, { signal: on.signal })
  if (said.kind !== 'exit') throw new TaskError(`${gateway} did not say which tenants it has: ${said.kind}`)
  return linesOf(said.stdout).filter((name) => /^\d+$/.test(name))
}

async function digests(
  machine: Pick<On, 'exec'>,
  name: string,
  signal: AbortSignal,
  command: Command,
  options: Pick<ExecOptions, 'stdin'> = {},
): Promise<Files> {
  const files = new Map<string, string>()
  const result = await machine.exec(command, {
    ...options,
    signal,
    timeout: 600,
    onLine(line, stream) {
      const [, digest, path] = /^(\\?[0-9a-f]{64}) [ *]\.\/(.*)$/.exec(line) ?? []
      if (stream === 'stdout' && digest !== undefined && path !== undefined) files.set(path, digest)
    },
  })
  if (result.kind === 'exit' && result.code === 0) return files
  const how = result.kind === 'exit' ? `exit ${result.code}` : result.kind
  throw new TaskError(
    `The artefacts cannot be listed on ${name}: ${how}`,
    linesOf(result.stderr ?? '').slice(-5),
  )
}
