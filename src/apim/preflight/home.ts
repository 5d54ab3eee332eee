import { observe } from '../../model/action.ts'
import { sh } from '../../model/command.ts'
import { ask, linesOf } from '../../modules/target.ts'
import { answers } from '../health.ts'
import { profileOf, type Role } from '../roles.ts'
import { allServers, type Server, serversOf } from '../server.ts'
import { type Finding, finding, tell } from './finding.ts'

const shown = 5

/** Who the home belongs to, and whether whoever logs in is that user; files of the home that are of another. */
export const owners = observe(
  'apim.owners',
  async (on, { home, accepted }: { home: string; accepted: readonly string[] }) => {
    const { stdout } = await ask(
      on,
      sh.read`id -un; stat -L -c %U -- ${home}; o=$(stat -L -c %u -- ${home}); find -H ${home} ! -user "$o" -printf '%u %P\n' 2>/dev/null | head -n 200`,
      { timeout: 300 },
    )
    const [login = '', owner = '', ...others] = linesOf(stdout)
    return tell(on, `the owners in ${home}`, ownerProblems(home, login, owner, others), accepted)
  },
)

/** What is against the owners of a home: who logs in, whose it is, and `owner path` of each file of another. */
export function ownerProblems(
  home: string,
  login: string,
  owner: string,
  others: readonly string[],
): readonly Finding[] {
  const some = others.slice(0, shown).join(', ')
  const more = others.length > shown ? ' and more' : ''
  return [
    ...(login === owner
      ? []
      : [
          finding(
            'login',
            `${home} belongs to ${owner}, but the login is ${login}`,
            `log in as ${owner} (ansible_user), or become that user`,
          ),
        ]),
    ...(others.length === 0
      ? []
      : [
          finding(
            'owners',
            `${home} belongs to ${owner}, but files in it do not: ${some}${more}`,
            `as root: chown -R -h ${owner} on them`,
          ),
        ]),
  ]
}

const profiles = [
  '/etc/profile',
  '/etc/profile.d/*',
  '/etc/environment',
  '/etc/bash.bashrc',
  '/etc/bashrc',
  '/etc/default/*',
]
const ownProfiles = [
  '.profile',
  '.bash_profile',
  '.bash_login',
  '.bashrc',
  '.pam_environment',
  '.ssh/environment',
]

/** Exports of CARBON_HOME in the machine's profiles and the user's own. */
export const carbonHome = observe(
  'apim.carbonHome',
  async (on, { etc = profiles }: { etc?: readonly string[] }) => {
    const { stdout } = await ask(
      on,
      sh.read`for g in ${etc}; do for f in $g; do [ ! -f "$f" ] || grep -HnE '^[^#]*CARBON_HOME=' -- "$f" /dev/null 2>/dev/null; done; done
for f in ${ownProfiles}; do [ ! -f "$HOME/$f" ] || grep -HnE '^[^#]*CARBON_HOME=' -- "$HOME/$f" /dev/null; done; :`,
    )
    const lines = linesOf(stdout).map((line) => line.split(':').slice(0, 2).join(':'))
    return tell(
      on,
      'profiles',
      [...new Set(lines)].map((place) =>
        finding(
          'carbon-home',
          `${place} exports CARBON_HOME, which the new home's script would take for its own place`,
          'take that line out',
        ),
      ),
    )
  },
)

/** What is against the profile that a server runs with; one that runs with none (all roles in one) is of no group's profile. */
export function profileProblems(
  home: string,
  args: readonly string[],
  role: Role | undefined,
  version: string,
): readonly Finding[] {
  const runs = args.findLast((arg) => arg.startsWith('-Dprofile='))?.slice('-Dprofile='.length)
  if (runs === undefined || runs === 'default' || role === undefined) return []
  const wanted = role === 'all-in-one' ? 'default' : profileOf(role, version)
  return runs === wanted
    ? []
    : [
        finding(
          'role-profile',
          `${home} runs as ${runs}, but its groups in the inventory make it ${role} (${wanted})`,
          'put the host into its right group',
        ),
      ]
}

type OnlyHome = {
  readonly home: string
  /** By the inventory's groups. */
  readonly role?: Role | undefined
  readonly version: string
  /** Homes of this machine that are hosts of the inventory too. */
  readonly others?: readonly string[]
  readonly accepted: readonly string[]
}

/** Servers of the machine that are not the one of the home, and whether the home's runs once. */
export const onlyHome = observe(
  'apim.onlyHome',
  async (on, { home, role, version, others: told = [], accepted }: OnlyHome) => {
    const own = await serversOf(on, home)
    const pids = own.map(({ pid }) => pid)
    const known = new Set(pids)
    for (const each of told) for (const { pid } of await serversOf(on, each)) known.add(pid)
    const others = (await allServers(on)).filter(({ pid }) => !known.has(pid))
    return tell(
      on,
      'servers',
      [
        ...own.flatMap(({ args }) => profileProblems(home, args, role, version)).slice(0, 1),
        ...(own.length > 1
          ? [
              finding(
                'two-servers',
                `${own.length} servers run from ${home} (pids ${pids.join(', ')})`,
                'stop all of them, and start one',
              ),
            ]
          : []),
        ...[...new Set(others.map((each) => each.home))].map((each) =>
          finding(
            'two-homes',
            `a server of another home runs here: ${each}`,
            'list it in the inventory as a host of its own if it is of this fleet, or stop it for the upgrade',
          ),
        ),
      ],
      accepted,
    )
  },
  { steady: () => null },
)

/** Whether a server is well before anything is changed. */
export const wellBefore = observe(
  'apim.wellBefore',
  async (on, { server }: { server: Server }) => {
    const running = (await serversOf(on, server.home)).length
    const wrong = running === 0 ? 'it does not run' : await answers(on, server)
    return tell(
      on,
      'health before',
      wrong === undefined
        ? []
        : [
            finding(
              'sick-before',
              `${server.role} ${server.version} on ${on.name} is not well before the upgrade: ${wrong}`,
              'see to it first, or know that it was so',
            ),
          ],
    )
  },
  { steady: () => null },
)
