import { describe, expect, test } from 'vitest'
import { backupsOf, homesBeside, refuseClashes } from '../../src/apim/machines.ts'
import { gibWanted } from '../../src/apim/preflight/plays.ts'
import { node, runsNow } from '../../src/apim/schemas.ts'
import { route } from '../../src/apim/versions.ts'

const host = (name: string, more: object = {}) => ({
  name,
  groups: [],
  vars: node.parse({
    apim_base: `/opt/${name}`,
    apim_home: `/opt/${name}/wso2am-1.9.1`,
    java_home: '/jdk',
    apim_address: '10.0.0.1',
    ...more,
  }),
})
const fleet = (publisher: object = {}, store: object = {}) => {
  const [km, pub, st] = [host('km'), host('pub', publisher), host('store', store)]
  const site = {
    all: [km, pub, st],
    vars: { backups: '/backups' },
    key_managers: [km],
    traffic_managers: [],
    publishers: [pub],
    stores: [st],
    gateway_managers: [],
    gateway_workers: [],
  }
  return { site, km, pub, st }
}
const same = { upgrade_fleet_same_machine: 'pub' }
const refused = (...given: Parameters<typeof fleet>) => {
  try {
    refuseClashes(fleet(...given).site, ['2.6.0', '3.0.0'])
    return ''
  } catch (error) {
    return error instanceof Error ? error.message : ''
  }
}

describe('two names of one machine', () => {
  test('have backups and homes of their own; a machine with one name keeps the directory that the inventory names', () => {
    const { site, km, pub, st } = fleet({}, { ...same, apim_port_offset: 1 })
    expect([km, pub, st].map((each) => backupsOf(site, each))).toEqual([
      '/backups',
      '/backups/pub',
      '/backups/store',
    ])
    expect(homesBeside(site, pub)).toEqual(['/opt/store/wso2am-1.9.1'])
    expect(homesBeside(site, st)).toEqual(['/opt/pub/wso2am-1.9.1'])
    expect(homesBeside(site, km)).toEqual([])
  })

  test('need room for the homes of both', () => {
    const { site, km, pub, st } = fleet({}, same)
    const hops = route('1.9.1', '3.0.0', {})
    if (!runsNow(pub)) throw new Error('it has a home')
    const on = (host: typeof km) => gibWanted({ ...site, migration: pub }, host, hops)
    expect([km, pub, st].map(on)).toEqual([1, hops.length + 3, hops.length + 3])
  })

  test('that leave each other room are taken', () => {
    expect(refused({}, { ...same, apim_port_offset: 1 })).toBe('')
    expect(refused({}, { apim_base: '/opt/pub' })).toBe('')
  })

  test("that are in each other's way are refused before anything is made, all places at once", () => {
    expect(refused({}, { ...same })).toMatch(
      /^pub and store are one machine, and the new servers of both would listen on 9443, 9763, 9999, 11111\./,
    )
    expect(refused({}, { ...same, apim_port_offset: 320 })).toMatch(/would listen on 9763\./)
    const all = refused({}, { ...same, apim_base: '/opt/pub', apim_home: '/opt/pub/wso2am-1.9.1' })
    expect(all).toMatch(/both would make their new homes in \/opt\/pub \(apim_base\)/)
    expect(all).toMatch(/both name \/opt\/pub\/wso2am-1.9.1 as their home/)
    expect(all).toMatch(/listen on/)
    expect(all.split('\n').at(-1)).toBe(
      'Give each name of the machine an apim_base, an apim_home and an apim_port_offset of its own.',
    )
  })
})
