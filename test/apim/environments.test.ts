import { describe, expect, test } from 'vitest'
import { configuration } from '../../src/apim/config.ts'
import { environments } from '../../src/apim/environment-vars.ts'
import { environmentOf, environmentsOf, migrationHomes } from '../../src/apim/environments.ts'
import { admin, keystores, node } from '../../src/apim/schemas.ts'
import { gatewaysOf, treeSources } from '../../src/apim/site.ts'
import type { Host } from '../../src/model/host.ts'
import { reveal } from '../../src/model/secret.ts'
import { editXml, readXml } from '../../src/modules/edit/xml.ts'

const host = (name: string, own: object = {}): Host<never> => {
  const vars = {
    apim_home: '/opt/wso2/wso2am-2.6.0',
    apim_base: '/opt/wso2',
    java_home: '/jdk',
    apim_address: name,
    ...own,
  }
  return { name, groups: [], vars: node.parse(vars) as never }
}
const at = (name: string, environment: string, own: object = {}) =>
  host(name, { apim_environment: environment, ...own })
const listed = [
  { name: 'Live', type: 'production', shared_deployment: '/mnt/live' },
  { name: 'Trial Run', type: 'sandbox' },
]

interface Parts {
  readonly managers: readonly Host<never>[]
  readonly workers?: readonly Host<never>[]
  readonly keyManagers?: readonly Host<never>[]
  readonly trafficManagers?: readonly Host<never>[]
}
const pub = host('pub')
function site({ managers, workers = [], keyManagers = [], trafficManagers = [] }: Parts, own: object = {}) {
  return {
    migration: pub,
    ...{ key_managers: keyManagers, traffic_managers: trafficManagers, publishers: [pub], stores: [] },
    ...{ gateway_managers: managers, gateway_workers: workers },
    all: [
      pub,
      ...new Map(
        [...managers, ...workers, ...keyManagers, ...trafficManagers].map((h) => [h.name, h]),
      ).values(),
    ],
    vars: { apim_version: '2.6.0', environments: environments.parse(listed), ...own },
  } as never
}
const two = { managers: [at('live', 'Live'), at('try', 'Trial Run')], workers: [at('live-2', 'Live')] }

describe('the environments of a fleet', () => {
  test('are one, without a name, where none is listed', () => {
    const alone = site(
      { managers: [host('a'), host('b')] },
      { environments: undefined, shared_deployment: '/s' },
    )
    expect(environmentsOf(alone)).toMatchObject([
      { name: undefined, suffix: '', shared: '/s', writer: { name: 'a' } },
    ])
    expect(gatewaysOf(alone)).toBeUndefined()
  })

  test('are those of the inventory, each with its writer, files and directory; who is in none belongs to the first', () => {
    expect(environmentsOf(site(two))).toMatchObject([
      { name: 'Live', type: 'production', suffix: '', writer: { name: 'live' }, shared: '/mnt/live' },
      {
        name: 'Trial Run',
        type: 'sandbox',
        suffix: '-trial-run',
        writer: { name: 'try' },
        shared: undefined,
      },
    ])
    expect(environmentOf(site(two), pub).name).toBe('Live')
    expect(migrationHomes(site(two), '2.0.0')).toEqual([
      { name: '2.0.0', home: '/opt/wso2/migration/wso2am-2.0.0' },
      { name: '2.0.0, Trial Run', home: '/opt/wso2/migration/wso2am-2.0.0-trial-run' },
    ])
    expect(environmentOf(site(two), at('try', 'Trial Run')).name).toBe('Trial Run')
  })

  test.each([
    [
      'a gateway in none',
      { ...two, workers: [host('gw')] },
      {},
      /gw is a gateway and does not say its apim_environment/,
    ],
    [
      'a host in one that is not listed',
      { ...two, workers: [at('gw', 'Live2')] },
      {},
      /gw is in apim_environment "Live2".*\(Live, Trial Run\)/,
    ],
    [
      'one in any, where none is listed',
      two,
      { environments: undefined },
      /live is in apim_environment "Live", which is not in the list/,
    ],
    [
      'nobody who writes',
      { managers: [at('live', 'Live')], workers: [at('try', 'Trial Run')] },
      {},
      /"Trial Run" has no host in gateway_managers that serves now/,
    ],
    [
      'only a new host who writes',
      { managers: [at('live', 'Live'), at('try', 'Trial Run', { apim_home: undefined })] },
      {},
      /"Trial Run" has no host/,
    ],
    ['one directory for all', two, { shared_deployment: '/mnt/all' }, /shared_deployment is for all/],
    [
      'one directory in another',
      two,
      { environments: [listed[0], { ...listed[1], shared_deployment: '/mnt/live/try' }] },
      /Two environments share \/mnt\/live/,
    ],
    ['one repository', two, { svn: {} }, /svn together with several environments is not built yet/],
  ])('are refused: %s', (_what, parts, own, message) => {
    expect(() => environmentsOf(site(parts, own))).toThrow(message)
  })

  test('have names that tell them apart', () => {
    const twice = environments.safeParse([listed[1], { name: 'trial-run', type: 'hybrid' }])
    expect(twice.error?.issues[0]?.message).toMatch(/names differ by more than case/)
    expect(environments.safeParse([{ name: 'a"b', type: 'hybrid' }]).success).toBe(false)
  })
})

describe('whose artefacts are taken', () => {
  const taken = (parts: Parts, own: object = {}) =>
    treeSources(site(parts, own)).map(({ name, host: { name: from }, only, file }) => [
      name,
      from,
      only,
      file.split('/').at(-1),
    ])

  test('all of the first writer, of another only its APIs and sequences', () => {
    expect(taken({ ...two, keyManagers: [host('km')] })).toEqual([
      ['live', 'live', undefined, 'trees-2.6.0.tar'],
      ['try', 'try', ['synapse-configs'], 'trees-2.6.0-trial-run.tar'],
      ['km', 'km', ['userstores'], 'trees-2.6.0-key-manager.tar'],
    ])
  })

  test('a host that has two things of a fleet is asked for both', () => {
    const both = host('both')
    const alone = { managers: [host('gw')], keyManagers: [both], trafficManagers: [both] }
    expect(taken(alone, { environments: undefined })).toEqual([
      ['gw', 'gw', undefined, 'trees-2.6.0.tar'],
      ['both', 'both', ['userstores', 'executionplans'], 'trees-2.6.0-key-manager.tar'],
    ])
    expect(taken({ ...two, keyManagers: [at('try', 'Trial Run')] }).map(([name]) => name)).toEqual([
      'live',
      'try',
      'try, key-manager',
    ])
  })
})

describe('what publishers are told', () => {
  const settings = {
    address: 'pub',
    role: 'publisher' as const,
    databases: [],
    peers: { 'gateway-manager': { address: 'live' } },
    environments: gatewaysOf(site(two)),
    admin: admin.parse({}),
    keystores: keystores.parse({}),
  }

  test('up to 2.6.0 in api-manager.xml, in the place of what the pack has', () => {
    const pack =
      '<A><APIGateway><Environments><Environment type="hybrid" api-console="true"><Name>Production and Sandbox</Name><ServerURL/><GatewayEndpoint/></Environment></Environments></APIGateway><AuthManager><ServerURL/></AuthManager></A>'
    const edits =
      configuration({ ...settings, version: '2.6.0' })
        .edits.find(({ path }) => path.endsWith('api-manager.xml'))
        ?.edits.filter(({ at: path }) => path.startsWith('APIGateway')) ?? []
    const once = reveal(editXml(pack, edits), () => '')
    const value = (name: string, what: string) =>
      readXml(once, `APIGateway/Environments/Environment[Name="${name}"]/${what}`)
    expect(value('Production and Sandbox', 'Name')).toBeUndefined()
    expect(value('Live', 'ServerURL')).toBe('https://live:9443/services/')
    expect(value('Trial Run', 'GatewayEndpoint')).toBe('http://try:8280,https://try:8243')
    expect(value('Trial Run', '@type')).toBe('sandbox')
    // A run that was killed in between configures again.
    expect(reveal(editXml(once, edits), () => '')).toBe(once)
  })

  test('from 3.0.0 on in deployment.toml', () => {
    const [toml] = configuration({ ...settings, version: '3.0.0' }).texts
    const heads = reveal(toml?.text ?? '', () => '')
      .split('[[apim.gateway.environment]]')
      .slice(1)
    expect(heads.map((each) => each.trim().split('\n').slice(0, 3))).toEqual([
      ['name = "Live"', 'type = "production"', 'service_url = "https://live:9443/services/"'],
      ['name = "Trial Run"', 'type = "sandbox"', 'service_url = "https://try:9443/services/"'],
    ])
  })
})
