import { observe } from '../../model/action.ts'
import { readXml } from '../../modules/edit/xml.ts'
import { notCarried, otherEnvironments, takenOver } from '../carried-settings.ts'
import { loggingOf } from '../logging.ts'
import type { Role } from '../roles.ts'
import { allServers } from '../server.ts'
import { keepingIn, tokenFiles } from '../tokens.ts'
import { type ConfTexts, confTexts } from './datasources.ts'
import { type Finding, finding, tell } from './finding.ts'
import { encryptionProblems } from './tokens.ts'

const switches = ['Properties', 'Comments', 'Tags', 'Ratings'] as const

/** What the registry's four switches say; an element that is missing means on, as in every pack up to 2.6.0. */
export function versioningSwitches(registry: string): Readonly<Record<string, boolean>> {
  return Object.fromEntries(
    switches.map((what) => [
      `versioning${what}`,
      readXml(registry, `staticConfiguration/versioning${what}`)?.trim() !== 'false',
    ]),
  )
}

/** What in a home's settings stands in the way of an upgrade, or has to be known. */
export function settingProblems(
  home: string,
  texts: ConfTexts,
  role: Role | undefined,
  svn: boolean,
  keeper = role === 'key-manager' || role === 'all-in-one',
): readonly Finding[] {
  return [
    ...versioningProblems(home, texts['registry.xml']),
    ...encryptionProblems(home, keepingIn(texts), keeper),
    ...(value(texts, 'axis2/axis2.xml', 'clustering/@enable') === 'true'
      ? [
          finding(
            'clustering',
            `${home}: clustering is on (membership ${value(texts, 'axis2/axis2.xml', 'clustering/parameter[@name=membershipScheme]') ?? 'unknown'})`,
            'configure it in the new homes where you want it',
          ),
        ]
      : []),
    ...(svn ? synchronizerProblems(home, texts['carbon.xml'], role) : []),
  ]
}

const value = (texts: ConfTexts, file: string, path: string): string | undefined => {
  const text = texts[file]
  return text === undefined ? undefined : readXml(text, path, file)?.trim()
}

function versioningProblems(home: string, registry: string | undefined): readonly Finding[] {
  if (registry === undefined) return []
  const found = Object.entries(versioningSwitches(registry))
  const on = found.filter(([, is]) => is).map(([name]) => name)
  return on.length === 0 || on.length === found.length
    ? []
    : [
        finding(
          'versioning',
          `${home}: registry.xml has only ${on.join(', ')} on`,
          'ask the vendor what the script for the registry does then, and set all four to what the registry was written with',
        ),
      ]
}

function synchronizerProblems(
  home: string,
  carbon: string | undefined,
  role: Role | undefined,
): readonly Finding[] {
  if (carbon === undefined) return []
  const set = (name: string) => readXml(carbon, `DeploymentSynchronizer/${name}`)?.trim() === 'true'
  const is = set('Enabled') ? (set('AutoCommit') ? 'commits' : 'only checks out') : 'is off'
  const wanted =
    role === 'gateway-manager' ? 'commits' : role === 'gateway-worker' ? 'only checks out' : 'is off'
  return is === wanted
    ? []
    : [
        finding(
          'synchronizer',
          `${home}: its synchronizer ${is}, but that of a ${role ?? 'host without a role'} ${wanted}`,
          'put the host into its right group, or correct DeploymentSynchronizer in carbon.xml',
        ),
      ]
}

/** What the inventory says of a home's port offset, against its configuration and what runs: a flag of its start wins there. */
export function offsetProblems(
  home: string,
  carbon: string | undefined,
  args: readonly string[],
  told = 0,
): readonly Finding[] {
  const configured = (carbon === undefined ? undefined : readXml(carbon, 'Ports/Offset')?.trim()) || '0'
  const given = args.findLast((arg) => arg.startsWith('-DportOffset='))?.slice('-DportOffset='.length)
  const is = given ?? configured
  if (Number(is) === told) return []
  const where =
    given === undefined
      ? 'in carbon.xml'
      : `by -DportOffset at its start${configured === given ? '' : ` (carbon.xml says ${configured})`}`
  return [
    finding(
      'port-offset',
      `${home} has the port offset ${is} ${where}, but the inventory says ${told === 0 ? 'none' : told}`,
      Number(is) > 0
        ? `say apim_port_offset: ${is} for this host, or start the server without an offset first`
        : 'take apim_port_offset out for this host, or start the server with that offset first',
    ),
  ]
}

const confNames = ['carbon.xml', 'registry.xml', ...tokenFiles, 'axis2/axis2.xml']

/** The settings of a home that an upgrade depends on. */
export const settings = observe(
  'apim.settings',
  async (
    on,
    {
      home,
      role,
      svn,
      offset,
      keeper,
    }: {
      home: string
      /** As its artefacts see it: a server with a gateway is that gateway. */
      role?: Role | undefined
      svn: boolean
      offset?: number
      /** Whether it issues tokens. */
      keeper: boolean
    },
  ) => {
    const texts = await confTexts(on, home, confNames)
    const running = (await allServers(on)).find((each) => each.home === home)
    return tell(on, 'the settings', [
      ...settingProblems(home, texts, role, svn, keeper),
      ...offsetProblems(home, texts['carbon.xml'], running?.args ?? [], offset),
    ])
  },
)

type CarriedInput = {
  readonly home: string
  readonly address: string
  /** Heads that the inventory has in `apim_toml`. */
  readonly told: readonly string[]
  readonly accepted: readonly string[]
  /** The gateway environments that the inventory lists, and whether this host publishes to them. */
  readonly environments?: readonly { readonly name: string; readonly type: string }[] | undefined
  readonly publishes?: boolean
}

/** Tells what of a home's XML the deployment.toml of 3.0.0 takes over, and finds what it will not have and the inventory does not say. */
export const carriedOver = observe(
  'apim.carriedOver',
  async (on, { home, address, told, accepted, environments, publishes = false }: CarriedInput) => {
    const texts = await confTexts(on, home, [
      ...['carbon.xml', 'tomcat/catalina-server.xml', 'user-mgt.xml', 'api-manager.xml'],
    ])
    for (const [head, settings] of Object.entries(takenOver(texts, address)))
      on.say(`${home}: deployment.toml takes over [${head}] ${JSON.stringify(settings)}`)
    const { levels, lost } = await loggingOf(on, home)
    for (const [name, level] of Object.entries(levels))
      on.say(`${home}: new homes log ${name} at ${level}, as this one does`)
    const others = publishes && environments ? otherEnvironments(texts, environments) : []
    return tell(
      on,
      'the configuration',
      [
        ...notCarried(texts, told, environments).map(({ says, head }) =>
          finding(
            'not-carried',
            `${home}: ${says}, which deployment.toml will not have`,
            head === 'apim.gateway.environment'
              ? 'list them in the inventory (environments), and say the apim_environment of each gateway'
              : `say it in the inventory (apim_toml: { ${head}: { ... } }; for homes up to 2.6.0 apim_xml)`,
          ),
        ),
        ...lost.map((says) =>
          finding(
            'logging',
            `${home}: log4j.properties: ${says}`,
            'say it in log4j2.properties of the new home by hand, once its server is up: it is read again while that runs',
          ),
        ),
        ...others.map((says) =>
          finding(
            'environments',
            `${home}: api-manager.xml ${says}`,
            'list in the inventory (environments) what publishers have, by name and type',
          ),
        ),
      ],
      accepted,
    )
  },
)
