import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { databases, node } from '../../src/apim/schemas.ts'
import { labHosts, machinesOf, startLine } from '../../src/lab/fleet.ts'
import { artifactsYaml, inventoryYaml } from '../../src/lab/inventory-text.ts'
import { engineOf, shapeNames, shapes } from '../../src/lab/shapes.ts'

const range = '127.90.0'
const inventory = parse(inventoryYaml({ dir: '/state/lab', from: '1.9.1', range, hosts: labHosts(range) }))

test('the inventory says how to reach every host and what it is', () => {
  expect(inventory.all.hosts['pub-1']).toEqual({
    ansible_host: '127.90.0.12',
    apim_address: '127.90.0.12',
    apim_home: '/opt/wso2/wso2am-1.9.1',
  })
  expect(inventory.all.hosts['tm-1']).toEqual({
    ansible_host: '127.90.0.18',
    apim_address: '127.90.0.18',
    since: '2.0.0',
  })
  expect(inventory.all.vars).toMatchObject({
    apim_version: '1.9.1',
    ansible_port: 2222,
    ansible_ssh_common_args: '-F none -o UserKnownHostsFile=/state/lab/known_hosts',
  })
  const members = Object.entries(inventory.all.children).map(([name, group]) => [
    name,
    Object.keys((group as { hosts: object }).hosts),
  ])
  expect(Object.fromEntries(members)).toEqual({
    migration: ['pub-1'],
    key_managers: ['km-1'],
    traffic_managers: ['tm-1'],
    publishers: ['pub-1'],
    stores: ['store-1'],
    gateway_managers: ['gw-mgr-1'],
    gateway_workers: ['gw-worker-1', 'gw-worker-2', 'gw-worker-3'],
  })
})

test('the inventory names databases and repositories, and no secret', () => {
  const [am, um, reg] = inventory.all.vars.databases
  expect([am, um, reg].map(({ holds, schema }) => [schema, holds])).toEqual([
    ['apimgtdb', ['apim', 'identity']],
    ['userdb', ['users']],
    ['regdb', ['registry']],
  ])
  expect(am).toMatchObject({
    host: '127.90.0.2',
    port: 3306,
    user: 'wso2am',
    password: { file: '/state/lab/secrets/db-password' },
  })
  expect(inventory.all.vars.svn).toMatchObject({
    url: 'svn://127.90.0.3/wso2am-clean',
    old_url: 'svn://127.90.0.3/wso2am',
  })
})

test.each(
  shapeNames.flatMap((shape) =>
    (['mariadb', 'postgresql'] as const).map((database) => ({ shape, database })),
  ),
)('the inventory of $shape on $database is one that a fleet may have', ({ shape, database }) => {
  const hosts = labHosts(range, shape)
  const { all } = parse(inventoryYaml({ dir: '/state/lab', from: '1.9.1', range, hosts, shape, database }))
  const members = (group: string) => Object.keys(all.children[group].hosts)
  expect(Object.keys(all.hosts)).toEqual(hosts.map(({ name }) => name))
  expect(members('migration')).toEqual([shapes[shape].migration])
  for (const group of ['key_managers', 'publishers', 'stores', 'gateway_managers'])
    expect(members(group).length, group).toBeGreaterThan(0)
  const [db] = databases.parse(all.vars.databases)
  expect(db).toMatchObject(engineOf(database))
  expect(all.vars.svn === undefined).toBe(shapes[shape].artefacts !== 'svn')
  for (const host of hosts)
    expect(node.safeParse({ ...all.vars, ...all.hosts[host.name] }).error).toBeUndefined()
})

test('artefacts are listed with their digests', () => {
  const one = { name: 'mysql-connector', file: '/state/x.jar', sha256: 'ab' }
  expect(parse(artifactsYaml([one]))).toEqual({ artifacts: [one] })
})

test('a server of 1.9 gets its role through JAVA_OPTS, a later one by words', () => {
  const lines = (from: '1.9.1' | '2.6.0') =>
    Object.fromEntries(labHosts(range).map((host) => [host.name, startLine(host, from)]))
  expect(lines('1.9.1')['gw-worker-2']).toContain("JAVA_OPTS='-Dprofile=gateway-worker -DworkerNode=true'")
  expect(lines('1.9.1')['gw-mgr-1']).toContain("'-Dprofile=gateway-manager'")
  expect(lines('2.6.0')['gw-worker-2']).toMatch(
    /wso2server\.sh -Dprofile=gateway-worker -DworkerNode=true start$/,
  )
  expect(lines('2.6.0')['gw-mgr-1']).toMatch(/wso2server\.sh -Dprofile=gateway-worker start$/)
})

test('a server of all roles is started without words', () => {
  const [one] = labHosts(range, 'all-in-one')
  if (one === undefined) throw new Error('No hosts.')
  expect(startLine(one, '1.9.1')).toContain("JAVA_OPTS='' sh")
})

test('a second home of a machine has a directory, an offset and a word of its own; its old server may have the offset by a flag', () => {
  const hosts = labHosts(range, 'two-homes')
  const made = inventoryYaml({ dir: '/state/lab', from: '1.9.1', range, hosts, shape: 'two-homes' })
  expect(parse(made).all.hosts).toMatchObject({
    'pub-1': { ansible_host: '127.90.0.12', apim_home: '/opt/wso2/wso2am-1.9.1' },
    'store-1': {
      ansible_host: '127.90.0.12',
      upgrade_fleet_same_machine: 'pub-1',
      apim_base: '/opt/wso2-store-1',
      apim_home: '/opt/wso2-store-1/wso2am-1.9.1',
      apim_port_offset: 1,
    },
    'tm-1': { ansible_host: '127.90.0.11', upgrade_fleet_same_machine: 'km-1', apim_port_offset: 2 },
    'gw-1': { apim_home: '/opt/wso2/wso2am-1.9.1', apim_port_offset: 3 },
  })
  const start = (name: string) => {
    const host = hosts.find((each) => each.name === name)
    return host === undefined ? '' : startLine(host, '1.9.1')
  }
  expect(start('store-1')).toMatch(/JAVA_OPTS='-Dprofile=api-store -DportOffset=1' sh \/opt\/wso2-store-1\//)
  expect(start('gw-1')).not.toContain('portOffset')
  expect(machinesOf(hosts).map(({ name }) => name)).toEqual(['km-1', 'pub-1', 'gw-1'])
})

test('a fleet of 2.x has a traffic manager already, in a home of its own', () => {
  const of = (from: '1.10.0' | '2.0.0') =>
    parse(inventoryYaml({ dir: '/state/lab', from, range, hosts: labHosts(range) })).all.hosts['tm-1']
  expect(of('1.10.0')).toMatchObject({ since: '2.0.0' })
  expect(of('2.0.0')).toMatchObject({ apim_home: '/opt/wso2/wso2am-2.0.0' })
})
