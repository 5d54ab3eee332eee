import { observe } from '../../model/action.ts'
import { sh } from '../../model/command.ts'
import { ask, linesOf } from '../../modules/target.ts'
import { type Finding, finding, tell } from './finding.ts'

const shown = 10
const some = (list: readonly string[]): string =>
  `${list.slice(0, shown).join(', ')}${list.length > shown ? ` and ${list.length - shown} more` : ''}`

/** Stock sequences that an operator edited: told by the pristine copies that each home has, whose files win in the next version. */
export const sequences = observe(
  'apim.sequences',
  async (
    on,
    { home, names, accepted }: { home: string; names: readonly string[]; accepted: readonly string[] },
  ) => {
    const { stdout } = await ask(
      on,
      sh.read`cd -- ${home} || exit 0
s=repository/resources/apim-synapse-config
[ -n "$(find "$s" -name '*.xml' 2>/dev/null | head -n 1)" ] || echo none
for d in repository/deployment/server/synapse-configs/default repository/tenants/*/synapse-configs/default; do
for n in ${names}; do f="$d/sequences/$n"; [ -f "$f" ] || continue
p=$(find "$s" -name "$n" | head -n 1); [ -z "$p" ] || cmp -s -- "$p" "$f" || printf 'edited %s\n' "$f"
done; done; :`,
      { timeout: 300 },
    )
    return tell(on, 'stock sequences', sequenceProblems(home, linesOf(stdout)), accepted)
  },
)

/** What is against the sequences: `edited PATH`, or `none` where there is nothing to compare with. */
export function sequenceProblems(home: string, lines: readonly string[]): readonly Finding[] {
  const edited = lines.flatMap((line) => (line.startsWith('edited ') ? [line.slice(7)] : []))
  return [
    ...(lines.includes('none')
      ? [
          finding(
            'sequence-unknown',
            `${home} has no pristine sequences to compare with`,
            'compare the stock sequences with those of the pack by hand',
          ),
        ]
      : []),
    ...(edited.length === 0
      ? []
      : [
          finding(
            'custom-sequence',
            `${home}: stock sequences were edited, and the next version's win: ${some(edited)}`,
            'make the edits again in the new homes, or take them back',
          ),
        ]),
  ]
}

/** APIs that still have the throttle handler of before 2.0.0. */
export const throttleHandlers = observe('apim.throttleHandlers', async (on, { home }: { home: string }) => {
  const { stdout } = await ask(
    on,
    sh.read`cd -- ${home} || exit 0
for d in repository/deployment/server/synapse-configs/default/api repository/tenants/*/synapse-configs/default/api; do
[ ! -d "$d" ] || grep -rlF --include='*.xml' 'org.wso2.carbon.apimgt.gateway.handlers.throttling.APIThrottleHandler' "$d"; done | sort; :`,
    { timeout: 300 },
  )
  const found = linesOf(stdout)
  return tell(
    on,
    'throttle handlers',
    found.length === 0
      ? []
      : [
          finding(
            'throttle-handler',
            `${home}: ${found.length} APIs have the old APIThrottleHandler: ${some(found)}`,
            'publish them again with advanced throttling on, or replace it by org.wso2.carbon.apimgt.gateway.handlers.throttling.ThrottleHandler',
          ),
        ],
  )
})

const known = /^(svnkit|trilead|mysql|mariadb|postgresql|ojdbc|mssql|sqljdbc|jtds|db2|jcc)/i

/** Jars that an operator added: they are not carried. A bundle that the server made of a jar in `lib` is no second one. */
export function jarProblems(home: string, jars: readonly string[]): readonly Finding[] {
  const name = (path: string) => path.split('/').at(-1) ?? path
  const made = new Set(
    jars
      .filter((path) => path.startsWith('lib/'))
      .map(
        (path) =>
          `${name(path)
            .replace(/\.jar$/, '')
            .replaceAll('-', '_')}_1.0.0.jar`,
      ),
  )
  const own = jars.filter((path) => !made.has(name(path)) && !known.test(name(path)))
  const clients = own.filter((path) => /migrat/i.test(name(path)))
  const custom = own.filter((path) => !clients.includes(path))
  return [
    ...(clients.length === 0
      ? []
      : [
          finding(
            'migration-jars',
            `${home} has clients of an earlier migration: ${some(clients)}`,
            'remove them while the server is down',
          ),
        ]),
    ...(custom.length === 0
      ? []
      : [
          finding(
            'custom-jars',
            `${home} has jars of its own, which are not carried by themselves: ${some(custom)}`,
            'try each with the new version, list it in artifacts.yml, and say custom_jars in the inventory',
          ),
        ]),
  ]
}

/** Jars in the places where operators put them. */
export const jars = observe('apim.jars', async (on, { home }: { home: string }) => {
  const { stdout } = await ask(
    on,
    sh.read`cd -- ${`${home}/repository/components`} 2>/dev/null || exit 0
find lib dropins extensions -name '*.jar' 2>/dev/null | LC_ALL=C sort`,
  )
  return tell(on, 'jars', jarProblems(home, linesOf(stdout)))
})

/** File systems that more than one machine may mount, as stat calls them. */
const network =
  /^(nfs4?|cifs|smb3?|glusterfs|ceph|lustre|gfs2|ocfs2|9p|afs|fuse\.(glusterfs|sshfs|ceph.*|s3fs|efs.*))$/

/** Where a directory really is: behind its links, on which file system of which kind. */
export type Place = {
  readonly path: string
  readonly real: string
  readonly source: string
  readonly kind: string
}

/** What is against where a home's artefacts are; `shared` is the directory that 3.0.0 will use. */
export function placeProblems(
  home: string,
  root: Place,
  places: readonly Place[],
  shared: Place | undefined,
): readonly Finding[] {
  const elsewhere = places.filter(
    ({ real, source, kind }) =>
      network.test(kind) || source !== root.source || !`${real}/`.startsWith(`${root.real}/`),
  )
  const within = (one: string, other: string) => one === other || one.startsWith(`${other}/`)
  const reused =
    shared === undefined
      ? []
      : places.filter(
          ({ real, source, path }) =>
            !within(path, shared.path) &&
            source === shared.source &&
            (within(real, shared.real) || within(shared.real, real)),
        )
  return [
    ...(elsewhere.length === 0
      ? []
      : [
          finding(
            'shared-export',
            `${home}: ${elsewhere.map(({ path, real, source, kind }) => `${path} is ${real} on ${source} (${kind})`).join('; ')}`,
            'know that other nodes may see the same files; the upgrade takes them from one gateway and never writes there. The backup of the home holds the link alone: have a backup of what it leads to',
          ),
        ]),
    ...reused.map(({ path, real }) =>
      finding(
        'export-reused',
        `${path} of the old home (${real}) is in the same place as shared_deployment ${shared?.path}`,
        'give shared_deployment a directory of its own',
      ),
    ),
  ]
}

/** Links and mounts under a home, and whether the directory that 3.0.0 will share is one of them. */
export const places = observe(
  'apim.places',
  async (on, { home, shared }: { home: string; shared?: string | undefined }) => {
    const server = `${home}/repository/deployment/server`
    const parts = [
      server,
      `${server}/synapse-configs/default`,
      `${server}/executionplans`,
      `${server}/userstores`,
      `${home}/repository/tenants`,
    ]
    const { stdout } = await ask(
      on,
      sh.read`for p in ${home} ${parts} ${shared === undefined ? [] : [shared]}; do [ -e "$p" ] || continue
printf '%s\n%s\n%s\n%s\n' "$p" "$(readlink -f -- "$p")" "$(df -P -- "$p" | awk 'NR == 2 { print $1 }')" "$(stat -f -c %T -- "$p")"; done`,
    )
    const lines = stdout.split('\n')
    const found = Array.from({ length: Math.floor(lines.length / 4) }, (_, at): Place => {
      const [path = '', real = '', source = '', kind = ''] = lines.slice(at * 4)
      return { path, real, source, kind }
    })
    const [root] = found
    if (root === undefined) return { warnings: [], exports: [] }
    const own = found.slice(1).filter(({ path }) => path !== shared)
    return {
      ...tell(
        on,
        'shared places',
        placeProblems(
          home,
          root,
          own,
          found.find(({ path }) => path === shared),
        ),
      ),
      exports: own.filter(({ kind }) => network.test(kind)),
    }
  },
)

/** Exports that several hosts mount: files of one are files of the others. */
export function sharedProblems(exports: Readonly<Record<string, readonly Place[]>>): readonly Finding[] {
  const users = new Map<string, Set<string>>()
  for (const [host, own] of Object.entries(exports))
    for (const { source, real } of own) {
      const key = `${source} (${real})`
      users.set(key, (users.get(key) ?? new Set()).add(host))
    }
  return [...users]
    .filter(([, hosts]) => hosts.size > 1)
    .map(([what, hosts]) =>
      finding(
        'shared-between',
        `${[...hosts].join(', ')} share ${what}`,
        'nothing: the artefacts are taken once, from one gateway; after a rollback they are as they were',
      ),
    )
}

/** Compares the exports of all hosts. */
export const sharedExports = observe(
  'apim.sharedExports',
  async (on, { exports }: { exports: Readonly<Record<string, readonly Place[]>> }) =>
    tell(on, 'exports', sharedProblems(exports)),
)
