import { InputError } from '../model/errors.ts'
import type { Host } from '../model/host.ts'
import { type EnvironmentVars, environmentSlug } from './environment-vars.ts'
import { gatewayPartOf } from './roles.ts'
import { type Node, runsNow } from './schemas.ts'
import { migrationHomeOf } from './server.ts'
import type { ApimSite } from './site.ts'

/** Gateways that have the same artefacts: an environment of the publishers' list, or all gateways of a fleet that names none. */
export type Environment = {
  /** As publishers and APIs name it; undefined where the fleet names none. */
  readonly name: string | undefined
  readonly type: EnvironmentVars['type']
  /** What tells its files on the migration host from those of the first: empty for that one. */
  readonly suffix: string
  /** Its gateway that writes. */
  readonly writer: Host<Node>
  /** The directory that its new homes share, where they do. */
  readonly shared: string | undefined
}

/** What lies in a tree of artefacts by environment: all else is the same for all (folders of a deployment directory, tenants' too). */
export const ownOfEnvironments: readonly string[] = ['synapse-configs']

/**
 * The gateway environments of a fleet, in the inventory's order. The first is that of hosts which are in none: they get its
 * artefacts. Throws {@link InputError} with everything that is wrong about who belongs where.
 */
export function environmentsOf(site: ApimSite): readonly [Environment, ...Environment[]] {
  const { vars } = site
  const named = vars.environments ?? []
  refuse(site, named)
  const [first, ...more] = named.map(
    (env, at): Environment => ({
      name: env.name,
      type: env.type,
      suffix: at === 0 ? '' : `-${environmentSlug(env.name)}`,
      writer: writerOf(site, env.name),
      shared: env.shared_deployment ?? (named.length === 1 ? vars.shared_deployment : undefined),
    }),
  )
  return first === undefined
    ? [
        {
          name: undefined,
          type: 'hybrid',
          suffix: '',
          writer: writerOf(site, undefined),
          shared: vars.shared_deployment,
        },
      ]
    : [first, ...more]
}

/** The environments besides the first: each has a migration home, a tree and a bundle of its own. */
export const otherEnvironments = (site: ApimSite): readonly Environment[] => environmentsOf(site).slice(1)

/** The home on the migration host in which an environment's part of a hop is done; of the first where none is given. */
export const environmentHome = (
  { migration }: Pick<ApimSite, 'migration'>,
  version: string,
  { suffix }: Pick<Environment, 'suffix'> = { suffix: '' },
): string => `${migrationHomeOf(migration.vars.apim_base, version)}${suffix}`

/** All migration homes of a version, by names of their own. */
export const migrationHomes = (
  site: ApimSite,
  version: string,
): readonly { readonly name: string; readonly home: string }[] =>
  environmentsOf(site).map((environment, at) => ({
    name: at === 0 ? version : `${version}, ${environment.name}`,
    home: environmentHome(site, version, environment),
  }))

/** The environment whose artefacts a host gets: the first for one that is in none. */
export function environmentOf(site: ApimSite, host: Host<Node>): Environment {
  const all = environmentsOf(site)
  return all.find(({ name }) => name !== undefined && name === host.vars.apim_environment) ?? all[0]
}

// The gateway that writes; in an old fleet one that serves.
function writerOf(site: ApimSite, name: string | undefined): Host<Node> {
  const own = site.gateway_managers.filter(({ vars }) => vars.apim_environment === name)
  return own.find(runsNow) ?? own[0] ?? site.migration
}

function refuse(site: ApimSite, named: readonly EnvironmentVars[]): void {
  const names = named.map(({ name }) => name)
  const gateways = site.all.filter((host) => gatewayPartOf(site, host) !== undefined)
  const directories = named.flatMap(({ shared_deployment: dir }) => dir ?? [])
  const problems = [
    ...site.all.flatMap(({ name, vars: { apim_environment: of } }) =>
      of === undefined || names.includes(of)
        ? []
        : [
            `${name} is in apim_environment "${of}", which is not in the list environments${names.length === 0 ? '' : ` (${names.join(', ')})`}.`,
          ],
    ),
    ...(named.length === 0
      ? []
      : gateways
          .filter(({ vars }) => vars.apim_environment === undefined)
          .map(({ name }) => `${name} is a gateway and does not say its apim_environment.`)),
    ...names
      .filter(
        (name) => !site.gateway_managers.some((host) => host.vars.apim_environment === name && runsNow(host)),
      )
      .map(
        (name) =>
          `The environment "${name}" has no host in gateway_managers that serves now: who has its APIs?`,
      ),
    ...(named.length > 1 && site.vars.svn !== undefined
      ? [
          'svn together with several environments is not built yet: their gateways must not commit to one repository.',
        ]
      : []),
    ...(named.length > 1 && site.vars.shared_deployment !== undefined
      ? ['shared_deployment is for all, but there are several environments: say it in each of them.']
      : []),
    ...directories
      .filter((dir, at) =>
        directories.slice(at + 1).some((other) => within(dir, other) || within(other, dir)),
      )
      .map((dir) => `Two environments share ${dir}: each needs a directory of its own.`),
  ]
  if (problems.length > 0)
    throw new InputError(
      problems,
      'An environment is what publishers have as Environment in api-manager.xml; hosts.example.yml shows how it is said.',
    )
}

const within = (one: string, other: string): boolean => one === other || one.startsWith(`${other}/`)
