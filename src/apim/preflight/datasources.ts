import { type On, observe } from '../../model/action.ts'
import { sh } from '../../model/command.ts'
import { defaultPort, type EngineName } from '../../modules/database/index.ts'
import { findXml } from '../../modules/edit/xml-path.ts'
import { scanXml, textOf, type XmlElement } from '../../modules/edit/xml-scan.ts'
import { ask, linesOf, readText } from '../../modules/target.ts'
import type { Role } from '../roles.ts'
import { type Finding, finding, tell } from './finding.ts'

/** A datasource of a home: its JNDI name and its address. */
export type Source = { readonly jndi: string; readonly url: string }

/** What the inventory says of a database, without its secret. */
export type Claimed = {
  readonly name: string
  readonly engine: string
  readonly holds: readonly string[]
  readonly host: string
  readonly port: number
  readonly schema: string
}

/** The configuration files that say what is kept where; texts by their names under `repository/conf`. */
export type ConfTexts = Readonly<Record<string, string>>

/** The elements at a path of a file; none of a file that is not there. */
function at(texts: ConfTexts, file: string, path: string): readonly XmlElement[] {
  const text = texts[file]
  return text === undefined ? [] : findXml(scanXml(text, file), path)
}
const first = (elements: readonly XmlElement[]): string | undefined =>
  elements.map((each) => textOf(each).trim()).find((text) => text !== '')

/** The datasources of all `*-datasources.xml`. */
export function sourcesIn(texts: ConfTexts): readonly Source[] {
  return Object.keys(texts)
    .filter((name) => name.startsWith('datasources/'))
    .flatMap((name) => at(texts, name, 'datasources/datasource'))
    .flatMap((source) => {
      const jndi = first(findXml(source, 'jndiConfig/name'))
      const url = first(findXml(source, 'definition/configuration/url'))
      return jndi === undefined || url === undefined ? [] : [{ jndi, url }]
    })
}

/** Which datasource holds what, followed from the files that use them: names are only convention. */
export function usesIn(
  texts: ConfTexts,
): readonly { readonly holds: string; readonly jndi: string; readonly by: string }[] {
  const uses = [
    { holds: 'apim', file: 'api-manager.xml', path: 'DataSourceName' },
    ...['identity.xml', 'identity/identity.xml'].map((file) => ({
      holds: 'identity',
      file,
      path: 'JDBCPersistenceManager/DataSource/Name',
    })),
    { holds: 'users', file: 'user-mgt.xml', path: 'Realm/Configuration/Property[@name=dataSource]' },
  ].flatMap(({ holds, file, path }) => {
    const jndi = first(at(texts, file, path))
    return jndi === undefined ? [] : [{ holds, jndi, by: file }]
  })
  return [...uses, ...mountsIn(texts)]
}

// The registry's own dbConfig is the node's local part; what is shared is mounted from a remote instance.
function mountsIn(texts: ConfTexts) {
  const file = 'registry.xml'
  const configs = new Map(
    at(texts, file, 'dbConfig').flatMap((each) => {
      const name = each.attributes.find((attribute) => attribute.name === 'name')?.value
      const jndi = first(findXml(each, 'dataSource'))
      return name === undefined || jndi === undefined ? [] : [[name, jndi] as const]
    }),
  )
  const instances = new Map(
    at(texts, file, 'remoteInstance').flatMap((each) => {
      const id = first(findXml(each, 'id'))
      const jndi = configs.get(first(findXml(each, 'dbConfig')) ?? '')
      return id === undefined || jndi === undefined ? [] : [[id, jndi] as const]
    }),
  )
  const mounts = at(texts, file, 'mount').flatMap((each) => {
    const path = each.attributes.find((attribute) => attribute.name === 'path')?.value
    const jndi = instances.get(first(findXml(each, 'instanceId')) ?? '')
    if (jndi === undefined) return []
    const holds =
      path === '/_system/governance' ? 'registry' : path === '/_system/config' ? 'config' : undefined
    return holds === undefined ? [] : [{ holds, jndi, by: `${file} (${path})` }]
  })
  if (mounts.some(({ holds }) => holds === 'registry')) return mounts
  const local = configs.get(first(at(texts, file, 'currentDBConfig')) ?? 'wso2registry')
  return [
    ...mounts,
    ...(local === undefined ? [] : [{ holds: 'registry', jndi: local, by: `${file} (nothing is mounted)` }]),
  ]
}

const engines: readonly { readonly engine: EngineName; readonly at: RegExp }[] = [
  { engine: 'mysql', at: /^jdbc:(?:mysql|mariadb):\/\/([^/:?,]+|\[[^\]]+\])(?::(\d+))?\/([^?;]+)/ },
  { engine: 'postgresql', at: /^jdbc:postgresql:\/\/([^/:?,]+|\[[^\]]+\])(?::(\d+))?\/([^?;]+)/ },
]

/** Where a JDBC address leads; undefined for one that this tool has no engine for. Parameters may hold secrets, and are left out. */
export function placeOf(url: string) {
  for (const { engine, at: pattern } of engines) {
    const [, host, port, schema] = pattern.exec(url) ?? []
    if (host !== undefined && schema !== undefined)
      return {
        engine,
        host: host.replace(/^\[|\]$/g, ''),
        port: port === undefined ? defaultPort(engine) : Number(port),
        schema,
      }
  }
  return undefined
}

/** A JDBC address as far as it may be shown. */
export const shownUrl = (url: string): string => url.replace(/[?;].*$/s, '').replace(/\/\/[^/@]*@/, '//')

/** What is against the datasources of a home. Of what the API Manager uses, all must be what the inventory says. */
export function sourceProblems(
  home: string,
  texts: ConfTexts,
  claimed: readonly Claimed[],
  role?: Role,
): readonly Finding[] {
  const sources = new Map(sourcesIn(texts).map(({ jndi, url }) => [jndi, url]))
  return usesIn(texts).flatMap(({ holds, jndi, by }): readonly Finding[] => {
    const url = sources.get(jndi)
    const what = `${home}: ${holds} is in ${jndi} by ${by}`
    if (url === undefined)
      return [
        finding(
          'datasource-missing',
          `${what}, but no datasource has that name`,
          'write the datasource into repository/conf/datasources',
        ),
      ]
    if (/^jdbc:h2:/.test(url) && role !== undefined && keepsNothing.includes(role))
      return [
        finding(
          'h2-local',
          `${what}, which is ${shownUrl(url)}: a file of this ${role}`,
          'make sure that nothing of it is wanted (users or resources of this node alone): the new home uses the shared databases',
        ),
      ]
    if (/^jdbc:h2:/.test(url))
      return [
        finding(
          'h2',
          `${what}, which is ${shownUrl(url)}: a file of this node`,
          'move it to MySQL or PostgreSQL first: create the schema with the scripts of the present pack, carry the rows over, change the datasource, and prove the old version with it',
        ),
      ]
    const place = placeOf(url)
    const found =
      place &&
      claimed.find(
        (each) =>
          each.engine === place.engine &&
          same(each.host, place.host) &&
          each.port === place.port &&
          each.schema === place.schema,
      )
    if (found === undefined)
      return [
        finding(
          'database-unknown',
          `${what}, which is ${shownUrl(url)}, and no database of the inventory is that`,
          'add it to databases, written as the server writes it (host, port, schema)',
        ),
      ]
    // Identity's tables stand with the API Manager's, and the config part of the registry with its rest, unless the inventory says more.
    const enough =
      holds === 'identity' ? ['identity', 'apim'] : holds === 'config' ? ['config', 'registry'] : [holds]
    return enough.some((each) => found.holds.includes(each)) ||
      (claimed.every((each) => !each.holds.includes(holds)) && found.holds.includes('apim'))
      ? []
      : [
          finding(
            'database-holds',
            `${what}, which is ${found.name}, but the inventory says that ${found.name} holds ${found.holds.join(', ')}`,
            `add ${holds} to what ${found.name} holds`,
          ),
        ]
  })
}

/** Roles whose packs are often left with their own H2, since they ask others for keys and APIs. */
const keepsNothing: readonly Role[] = ['gateway-manager', 'gateway-worker', 'traffic-manager']

const same = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase()

/** Reads the configuration files of a home that are there. */
export async function confTexts(on: On, home: string, names: readonly string[]): Promise<ConfTexts> {
  const { stdout } = await ask(
    on,
    sh.read`cd -- ${`${home}/repository/conf`} 2>/dev/null && { for f in ${names} datasources/*-datasources.xml; do [ ! -f "$f" ] || printf '%s\n' "$f"; done; }; :`,
  )
  const found = await Promise.all(
    linesOf(stdout).map(
      async (name) => [name, await readText(on, `${home}/repository/conf/${name}`)] as const,
    ),
  )
  return Object.fromEntries(found)
}

/** The real datasource map of a home against the inventory: names are only convention. */
export const datasources = observe(
  'apim.datasources',
  async (on, { home, databases, role, accepted }: DatasourcesInput) => {
    const texts = await confTexts(on, home, [
      ...['api-manager.xml', 'identity.xml', 'identity/identity.xml', 'user-mgt.xml', 'registry.xml'],
    ])
    return tell(on, 'the datasources', sourceProblems(home, texts, databases, role), accepted)
  },
)

type DatasourcesInput = {
  readonly home: string
  readonly databases: readonly Claimed[]
  readonly role?: Role | undefined
  readonly accepted: readonly string[]
}
