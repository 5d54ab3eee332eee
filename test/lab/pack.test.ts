import { expect, test } from 'vitest'
import { artifactTrees } from '../../src/lab/artifacts.ts'
import { labHosts } from '../../src/lab/fleet.ts'
import { hostsFile, withUser } from '../../src/lab/host-files.ts'
import { packTree } from '../../src/lab/pack/pack.ts'

const paths = (version: '1.9.1' | '2.0.0' | '2.6.0' | '3.0.0') => Object.keys(packTree(version))
const synapse = 'repository/deployment/server/synapse-configs/default'

test('each pack has what its release has, and nothing of a later one', () => {
  const first = (path: string) =>
    (['1.9.1', '2.0.0', '2.6.0', '3.0.0'] as const).find((version) => paths(version).includes(path))
  expect(first('bin/wso2server.sh')).toBe('1.9.1')
  expect(first(`${synapse}/api/_UserInfoAPI_.xml`)).toBe('2.0.0')
  expect(first('bin/profileSetup.sh')).toBe('2.6.0')
  expect(first('updates/product.txt')).toBe('2.6.0')
  expect(first(`${synapse}/inbound-endpoints/WebSocketInboundEndpoint.xml`)).toBe('2.6.0')
  expect(first(`${synapse}/api/_OpenService_.xml`)).toBe('3.0.0')
  expect(first('repository/conf/deployment.toml')).toBe('3.0.0')
  expect(first('repository/components/plugins/org.wso2.carbon.apimgt.impl_6.5.349.jar')).toBe('3.0.0')
})

test('1.9.0 has what 1.9.1 has, but for the numbers in names and files', () => {
  const renamed = Object.entries(packTree('1.9.0')).map(
    ([path, leaf]) =>
      [path.replace('1.2.3', '1.2.4'), JSON.stringify(leaf).replaceAll('1.9.0', '1.9.1')] as const,
  )
  const known = Object.entries(packTree('1.9.1')).map(([path, leaf]) => [path, JSON.stringify(leaf)] as const)
  expect(renamed.map(([path]) => path)).toEqual(known.map(([path]) => path))
  expect(Object.fromEntries(renamed)['bin/version.txt']).toBe(Object.fromEntries(known)['bin/version.txt'])
})

test('every artefact that the inventory names is there, once', () => {
  const names = artifactTrees().map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  expect(names).toEqual(
    expect.arrayContaining(['wso2am-3.0.0', 'mysql-connector', 'apimgt-db-migration-scripts-2.6to3.0']),
  )
  const client = artifactTrees().find(({ name }) => name === 'wso2-api-migration-client-3.0.0')
  expect(Object.keys(client?.tree ?? {})).toEqual([
    'dropins/org.wso2.carbon.apimgt.migrate.client-3.0.0-3.jar',
    'migration-resources/rxts/api.rxt',
  ])
})

test('a user of the lab takes the place of one of that name or number', () => {
  const file = 'root:x:0:0::/root:/bin/sh\nold:x:802:802::/:/bin/sh\nwso2carbon:x:5:5::/:/bin/sh\n'
  expect(withUser(file, 'wso2carbon:x:802:802::/home/wso2carbon:/bin/sh')).toBe(
    'root:x:0:0::/root:/bin/sh\nwso2carbon:x:802:802::/home/wso2carbon:/bin/sh\n',
  )
  expect(withUser('root:*:1:0:::\n', 'wso2carbon:*:1:0:::')).toBe('root:*:1:0:::\nwso2carbon:*:1:0:::\n')
})

test('on a host, its own name and localhost are its own address', () => {
  const hosts = labHosts('127.90.0')
  const [km] = hosts
  if (km === undefined) throw new Error('No hosts.')
  expect(hostsFile(km, hosts).split('\n').slice(0, 3)).toEqual([
    '127.90.0.11 localhost',
    '127.90.0.11 km-1 km-1.lab',
    '127.90.0.12 pub-1 pub-1.lab',
  ])
})
