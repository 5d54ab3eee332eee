import { parse } from 'smol-toml'
import { describe, expect, test } from 'vitest'
import { configuration } from '../../src/apim/config.ts'
import { probesOf } from '../../src/apim/health.ts'
import { portsOf } from '../../src/apim/ports.ts'
import type { Role } from '../../src/apim/roles.ts'
import { admin, keystores, node, type OldNode } from '../../src/apim/schemas.ts'
import { newServer, oldServer } from '../../src/apim/server.ts'
import { reveal } from '../../src/model/secret.ts'
import { editXml, readXml } from '../../src/modules/edit/xml.ts'

const own = { apim_base: '/opt', apim_home: '/opt/old', java_home: '/jdk', apim_address: 'one' }
const host = (more: object = {}) => ({
  name: 'one',
  groups: [],
  vars: node.parse({ ...own, ...more }) as OldNode,
})

describe('ports', () => {
  test('of a traffic manager are more than those of a store', () => {
    expect(portsOf('traffic-manager', '3.0.0')).toContain(5672)
    expect(portsOf('store', '3.0.0')).not.toContain(5672)
    const ws = ['2.0.0', '2.6.0'].map((version) => portsOf('gateway-worker', version).includes(9099))
    expect(ws).toEqual([false, true])
  })

  test('are all moved by the offset: those that it opens, and those that it is asked at', () => {
    const roles: readonly Role[] = ['all-in-one', 'key-manager', 'traffic-manager', 'store', 'gateway-worker']
    for (const role of roles)
      for (const version of ['1.9.1', '2.6.0', '3.0.0']) {
        expect(portsOf(role, version, 7)).toEqual(portsOf(role, version).map((port) => port + 7))
        const asked = (offset?: object) =>
          probesOf(newServer(host(offset), role, version)).map(({ port }) => port)
        expect(asked({ apim_port_offset: '7' })).toEqual(asked().map((port) => port + 7))
        expect(portsOf(role, version, 7)).toEqual(expect.arrayContaining(asked({ apim_port_offset: 7 })))
      }
  })

  test('an offset is a whole number that leaves room, and none is no part of a server', () => {
    expect(oldServer(host({ apim_port_offset: 0 }), 'store', '1.9.1')).not.toHaveProperty('offset')
    expect(oldServer(host({ apim_port_offset: 2 }), 'store', '1.9.1')).toMatchObject({ offset: 2 })
    for (const wrong of [-1, 1.5, 60_000, 'two'])
      expect(node.safeParse({ ...own, apim_port_offset: wrong }).success, String(wrong)).toBe(false)
  })
})

describe('the configuration of new homes', () => {
  const settings = {
    address: 'here',
    role: 'publisher' as const,
    databases: [],
    peers: {
      'key-manager': { address: 'km', offset: 1 },
      'traffic-manager': { address: 'tm', offset: 2 },
      'gateway-manager': { address: 'gw', offset: 3 },
    },
    admin: admin.parse({}),
    keystores: keystores.parse({}),
  }
  const toml = (more: object = {}) =>
    parse(reveal(configuration({ ...settings, ...more, version: '3.0.0' }).texts[0]?.text ?? '', () => ''))
  const edited = (file: string, text: string, more: object = {}) => {
    const { edits } = configuration({ ...settings, ...more, version: '2.6.0' })
    const all = edits.filter(({ path }) => path.endsWith(file)).flatMap((each) => each.edits)
    return reveal(editXml(text, all, { file, create: true }), () => '')
  }

  test('has the own offset where the release has it', () => {
    const carbon = '<Server><Ports><Offset>0</Offset></Ports></Server>'
    expect(readXml(edited('carbon.xml', carbon, { offset: 4 }), 'Ports/Offset')).toBe('4')
    expect(readXml(edited('carbon.xml', carbon), 'Ports/Offset')).toBe('0')
    expect(toml({ offset: 4 })).toMatchObject({ server: { offset: 4 } })
    expect(toml()['server']).not.toHaveProperty('offset')
  })

  test('reaches the others at theirs', () => {
    expect(toml({ offset: 4 })).toMatchObject({
      apim: {
        key_manager: { service_url: 'https://km:9444/services/' },
        gateway: {
          environment: [
            {
              service_url: 'https://gw:9446/services/',
              ws_endpoint: 'ws://gw:9102',
              http_endpoint: 'http://gw:8283',
              https_endpoint: 'https://gw:8246',
            },
          ],
        },
        throttling: {
          service_url: 'https://tm:9445/services/',
          throttle_decision_endpoints: ['tcp://tm:5674'],
          url_group: [
            { traffic_manager_urls: ['tcp://tm:9613'], traffic_manager_auth_urls: ['ssl://tm:9713'] },
          ],
        },
      },
    })
    const xml = edited('api-manager.xml', '<APIManager/>', { offset: 4 })
    const at = (path: string) => readXml(xml, path)
    expect(at('AuthManager/ServerURL')).toBe('https://km:9444/services/')
    expect(at('APIKeyValidator/ServerURL')).toBe('https://km:9444/services/')
    expect(at('APIGateway/Environments/Environment/ServerURL')).toBe('https://gw:9446/services/')
    expect(at('APIGateway/Environments/Environment/GatewayEndpoint')).toBe('http://gw:8283,https://gw:8246')
    expect(at('ThrottlingConfigurations/TrafficManager/ReceiverUrlGroup')).toBe('tcp://tm:9613')
    expect(at('ThrottlingConfigurations/TrafficManager/AuthUrlGroup')).toBe('ssl://tm:9713')
    const jms = 'ThrottlingConfigurations/JMSConnectionDetails/JMSConnectionParameters'
    expect(at(`${jms}/connectionfactory.TopicConnectionFactory`)).toBe(
      `amqp://\${admin.username}:\${admin.password}@clientid/carbon?brokerlist='tcp://tm:5674'`,
    )
    expect(at('ThrottlingConfigurations/PolicyDeployer/ServiceURL')).toBe('https://tm:9445/services/')
  })
})
