import { findXml } from '../modules/edit/xml-path.ts'
import { elementsIn, scanXml, textOf, type XmlElement } from '../modules/edit/xml-scan.ts'
import type { TomlVars } from './custom.ts'

/** Configuration files of an old home by their name below `repository/conf`. */
export type OldTexts = Readonly<Record<string, string>>

/** A setting of the old XML: where it is, which values every pack has, and where deployment.toml has it. */
type Row = {
  readonly file: string
  readonly at: string
  readonly usual: (value: string, address: string) => boolean
  readonly head: string
  readonly key?: string
}

const is =
  (...values: readonly string[]) =>
  (value: string) =>
    values.includes(value)

/** What is taken over from the old XML by itself (keys: the vendor's pages on 3.0.0's `[server]` and `[transport]`). */
const taken: readonly Required<Row>[] = [
  {
    file: 'carbon.xml',
    at: 'HostName',
    usual: (value, address) => value === 'localhost' || value === address || value.includes('${'),
    head: 'server',
    key: 'hostname',
  },
  ...(['https', 'http'] as const).map((scheme) => ({
    file: 'tomcat/catalina-server.xml',
    at: `Service/Connector[@port=${scheme === 'https' ? 9443 : 9763}]/@proxyPort`,
    usual: () => false,
    head: `transport.${scheme}.properties`,
    key: 'proxyPort',
  })),
]

/** What operators customise, and this tool does not carry over (names: the packs' own XML). */
const left: readonly Row[] = [
  {
    file: 'user-mgt.xml',
    at: 'Realm/UserStoreManager/@class',
    usual: is('org.wso2.carbon.user.core.jdbc.JDBCUserStoreManager'),
    head: 'user_store',
  },
  {
    file: 'api-manager.xml',
    at: 'CORSConfiguration/Access-Control-Allow-Origin',
    usual: is('*'),
    head: 'apim.cors',
  },
  { file: 'api-manager.xml', at: 'Analytics/Enabled', usual: is('false'), head: 'apim.analytics' },
  {
    file: 'api-manager.xml',
    at: 'APIConsumerAuthentication/EnableTokenGeneration',
    usual: is('false'),
    head: 'apim.jwt',
  },
  {
    file: 'api-manager.xml',
    at: 'JWTConfiguration/EnableJWTGeneration',
    usual: is('false'),
    head: 'apim.jwt',
  },
]

const environments = 'APIGateway/Environments/Environment'

/** What of the old XML becomes settings of deployment.toml by itself: the public host name, the ports of a proxy in front. */
export function takenOver(texts: OldTexts, address: string): TomlVars {
  const settings: Record<string, Record<string, string | number>> = {}
  for (const { file, at, usual, head, key } of taken) {
    const [value] = valuesAt(texts, file, at)
    if (value === undefined || usual(value, address)) continue
    settings[head] = { ...settings[head], [key]: /^\d+$/.test(value) ? Number(value) : value }
  }
  return settings
}

/**
 * What of the old XML deployment.toml will not have: each with its place, its value, and the head that says it. `told`: heads that
 * the inventory has in `apim_toml`; `named`: the gateway environments that it lists.
 */
export function notCarried(
  texts: OldTexts,
  told: readonly string[],
  named?: readonly GatewayList[],
): readonly { readonly says: string; readonly head: string }[] {
  const more = valuesAt(texts, 'api-manager.xml', environments).length
  return [
    ...left.flatMap(({ file, at, usual, head }) =>
      valuesAt(texts, file, at)
        .filter((value) => !usual(value, ''))
        .map((value) => ({ says: `${file} has ${at} ${value.slice(0, 80)}`, head })),
    ),
    ...(more > 1 && named === undefined
      ? [
          {
            says: `api-manager.xml has ${more} gateway environments (${environments})`,
            head: 'apim.gateway.environment',
          },
        ]
      : []),
  ].filter(({ head }) => !told.includes(head))
}

type GatewayList = { readonly name: string; readonly type: string }

/**
 * Where the environments of a publisher's api-manager.xml are not those of the inventory: APIs would name one that is no more, or be
 * published to one that has no APIs yet.
 */
export function otherEnvironments(texts: OldTexts, named: readonly GatewayList[]): readonly string[] {
  const text = texts['api-manager.xml']
  if (text === undefined) return []
  const found = findXml(scanXml(text, 'api-manager.xml'), environments).map((element) => ({
    name: textAt(element, 'Name'),
    type: element.attributes.find(({ name }) => name === 'type')?.value ?? 'hybrid',
  }))
  const told = ({ name, type }: GatewayList) => `"${name}" (${type})`
  const lacking = (list: readonly GatewayList[], of: GatewayList) =>
    !list.some(({ name, type }) => name === of.name && type === of.type)
  return [
    ...found.filter((each) => lacking(named, each)).map((each) => `has ${told(each)}, the inventory has not`),
    ...named.filter((each) => lacking(found, each)).map((each) => `has no ${told(each)}, the inventory has`),
  ]
}

const textAt = (element: XmlElement, name: string): string => {
  const [child] = elementsIn(element).filter((each) => each.name === name)
  return child === undefined ? '' : textOf(child).trim()
}

function valuesAt(texts: OldTexts, file: string, at: string): readonly string[] {
  const text = texts[file]
  if (text === undefined) return []
  const [, path = at, attribute] = /^(.*?)\/@([^\]/]+)$/.exec(at) ?? []
  return findXml(scanXml(text, file), path).flatMap((element) => {
    const value =
      attribute === undefined
        ? textOf(element)
        : element.attributes.find(({ name }) => name === attribute)?.value
    return value === undefined || value.trim() === '' ? [] : [value.trim()]
  })
}
