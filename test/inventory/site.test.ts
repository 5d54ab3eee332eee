import { describe, expect, it } from 'vitest'
import { sourceVersion } from '../../src/apim/schemas.ts'
import { any, defineFleet, z } from '../../src/index.ts'
import { loadInventory } from '../../src/inventory/load-inventory.ts'
import { siteOf } from '../../src/inventory/site.ts'
import { files, problemsOf, testFleet } from '../support/site.ts'

async function site(yaml: string, extra: Record<string, string> = {}) {
  const cwd = await files({ 'hosts.yml': yaml })
  const inventory = await loadInventory({ sources: ['hosts.yml'], cwd, env: {} })
  return siteOf(testFleet, inventory, extra)
}

const good = `all:
  vars:
    apim_version: "1.9.1"
    databases:
      - { name: am_db, engine: mysql, password: { env: AM_DB_PASSWORD } }
  children:
    migration: { hosts: { m1: { apim_home: /opt/apim } } }
    stores: { hosts: { s1: {}, m1: {} } }
    workers: { hosts: { "w[1:2]": { weight: 3, ansible_user: wso2 } } }
`

describe('siteOf', () => {
  it('gives typed hosts, each once in `all`', async () => {
    const made = await site(good)
    expect(made.migration).toEqual({
      name: 'm1',
      groups: ['migration', 'stores'],
      vars: { apim_home: '/opt/apim', apim_version: '1.9.1' },
    })
    expect(made.stores.map((host) => host.name)).toEqual(['s1', 'm1'])
    expect(made.stores[1]).toBe(made.migration)
    expect(made.all.map((host) => host.name)).toEqual(['m1', 's1', 'w1', 'w2'])
    expect(made.workers[0]?.vars.weight).toBe(3)
    expect(made.vars.databases[0]?.password.name).toBe('env:AM_DB_PASSWORD')
  })

  it('tells every problem with its place', async () => {
    const wrong = good
      .replace('"1.9.1"', '1.9')
      .replace('{ env: AM_DB_PASSWORD }', 'hunter2')
      .replace('mysql', 'mysqll')
      .replace('s1: {}, m1: {}', '')
      .replace('weight: 3, ', '')
    const problems = await problemsOf(() => site(wrong))
    expect(problems).toEqual([
      'hosts.yml:3:19 all.vars.apim_version: expected a version such as "1.9.1", got the number 1.9 (quote it)',
      'hosts.yml:8:5 stores: expected at least one host, got none',
      'hosts.yml:9:25 hosts.w1.weight: expected a number, got nothing',
      'hosts.yml:9:25 hosts.w2.weight: expected a number, got nothing',
      'hosts.yml:5:32 all.vars.databases[0].engine: expected one of "mysql", "postgresql", got "mysqll"; did you mean "mysql"?',
    ])
    expect(problems.join()).not.toContain('hunter2')
  })

  it('puts extra vars on top and refuses unknown ones', async () => {
    expect((await site(good, { apim_version: '1.8.0' })).stores[0].vars.apim_version).toBe('1.8.0')
    expect(await problemsOf(() => site(good, { apim_verson: '1.8.0', ansible_user: 'x' }))).toEqual([
      '-e apim_verson: expected a variable of the fleet or a parameter of the playbook; did you mean "apim_version"?',
    ])
    expect(await problemsOf(() => site(good, { apim_version: '1.9' }))).toEqual([
      '-e apim_version: expected a version such as "1.9.1", got "1.9"',
    ])
  })

  it('refuses a group or variable that is nearly one that the fleet declares and that is missing', async () => {
    const wrong = good.replace('workers:', 'wokers:').replace('apim_home:', 'apim_hme:')
    expect(await problemsOf(() => site(wrong))).toEqual([
      'hosts.yml:9:5 wokers: the fleet has no such group; did you mean "workers"?',
      'hosts.yml:7:43 hosts.m1.apim_hme: the fleet has no such variable; did you mean "apim_home"?',
    ])
    expect(
      (await site(good.replace('stores:', 'dc_one: { hosts: { x1: { rack: 3 } } }\n    stores:'))).all,
    ).toHaveLength(4)
  })

  it('names a group that is missing, and templates, and vaults where no secret is expected', async () => {
    const wrong = good
      .replace('stores:', 'store:')
      .replace('/opt/apim', '"{{ base }}/apim"')
      .replace('3', '!vault x')
    expect(await problemsOf(() => site(wrong))).toEqual([
      'hosts.yml:8:5 store: the fleet has no such group; did you mean "stores"?',
      'hosts.yml:7:44 hosts.m1.apim_home: expected a variable of this host in {{ base }}, got none of that name',
      'hosts.yml:1:1 stores: expected at least one host, got no such group; did you mean "store"?',
      'hosts.yml:9:52 hosts.w1.weight: expected a number, got an encrypted value, and only what the fleet declares as a secret may be one: it would be shown and kept openly (move it out of the vault)',
      'hosts.yml:9:52 hosts.w2.weight: expected a number, got an encrypted value, and only what the fleet declares as a secret may be one: it would be shown and kept openly (move it out of the vault)',
    ])
  })
})

describe('what is said of the whole site', () => {
  const fleet = defineFleet({
    groups: { gateways: any(z.object({ home: z.string() })) },
    vars: z.object({ apim_version: sourceVersion, motto: z.string().optional() }),
  })
  const problems = async (contents: Record<string, string>, extra = {}) =>
    problemsOf(async () => {
      const cwd = await files(contents)
      const inventory = await loadInventory({ sources: ['inventory/hosts.yml'], cwd, env: {} })
      siteOf(fleet, inventory, extra)
    })
  const hosts = (own: string, version = '"1.9.1"') => `all:
  vars:
    apim_version: ${version}
gateways:
  hosts:
    gw1:
      home: /opt/x
      ${own}
    gw2: { home: /opt/x }
`

  it('is checked where a host or a group says it for itself, with the place of the value', async () => {
    expect(await problems({ 'inventory/hosts.yml': hosts('apim_version: 1.9') })).toEqual([
      'inventory/hosts.yml:8:21 hosts.gw1.apim_version: expected a version such as "1.9.1", got the number 1.9 (quote it)',
    ])
    expect(
      await problems({
        'inventory/hosts.yml': hosts('x: 1'),
        'inventory/group_vars/gateways.yml': 'motto: [1]\n',
        'inventory/host_vars/gw2.yml': '\napim_version: "1.8.9"\n',
      }),
    ).toEqual([
      'inventory/group_vars/gateways.yml:1:8 gateways.vars.motto: expected a text, got a list of 1',
      'inventory/host_vars/gw2.yml:2:15 hosts.gw2.apim_version: expected one of "1.8.0", "1.9.0", "1.9.1", "1.10.0", "2.0.0", "2.1.0", "2.2.0", "2.5.0", "2.6.0", got "1.8.9"; did you mean "1.8.0"?',
    ])
  })

  it('is the same for all hosts, or refused, since it would be passed over', async () => {
    expect(await problems({ 'inventory/hosts.yml': hosts('apim_version: "1.8.0"') })).toEqual([
      'inventory/hosts.yml:8:21 hosts.gw1.apim_version: expected what all.vars says, since the whole fleet has one, got a value of its own',
    ])
    expect(await problems({ 'inventory/hosts.yml': hosts('motto: onwards') })).toEqual([
      'inventory/hosts.yml:8:14 hosts.gw1.motto: expected it in all.vars, since the whole fleet has one, got a value of its own',
    ])
    expect(await problems({ 'inventory/hosts.yml': hosts('apim_version: "1.9.1"') })).toEqual([])
    expect(
      await problems({ 'inventory/hosts.yml': hosts('apim_version: "1.8.0"') }, { apim_version: '1.9.0' }),
    ).toEqual([])
  })
})
