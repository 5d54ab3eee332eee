import { chmod, cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import upgrade from '../../playbooks/to-3.0.0.ts'
import verify from '../../playbooks/verify.ts'
import { writeNew } from '../../src/commands/init/write-new.ts'
import { applied } from '../../src/commands/prepare.ts'
import { runProgram } from '../../src/commands/program.ts'
import { loadInventory } from '../../src/inventory/load-inventory.ts'
import { fakeIo } from '../support/io.ts'
import { files, problemsOf } from '../support/site.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

async function init(cwd: string, ...args: readonly string[]) {
  const io = fakeIo({ cwd, uid: process.getuid?.() })
  const code = await runProgram(io, ['init', ...args])
  const read = (path: string) => readFile(join(cwd, path), 'utf8')
  return { code, ...io.written, read }
}

/** What `check` says of a project's inventory for a playbook, but for the compiler's part. */
async function checked(cwd: string, playbook: unknown = verify): Promise<readonly string[]> {
  return problemsOf(async () => {
    const inventory = await loadInventory({ sources: ['inventory/hosts.yml'], cwd, env: {} })
    applied(playbook as never, { inventory, extraVars: {}, limit: undefined })
  })
}

const everything = async (directory: string): Promise<readonly string[]> =>
  (await readdir(directory, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort()

describe('init', () => {
  test('makes a project that passes check, and says what to type next', async () => {
    const cwd = await files({})
    const { code, out, err } = await init(cwd, 'prod fleet')
    expect([code, err]).toEqual([0, ''])
    const project = join(cwd, 'prod fleet')
    expect(await everything(project)).toEqual([
      '.gitignore',
      'README.md',
      'inventory/artifacts.example.yml',
      'inventory/artifacts.yml',
      'inventory/fleet.ts',
      'inventory/group_vars/all.yml',
      'inventory/hosts.yml',
      'package.json',
      'playbooks/backup.ts',
      'playbooks/clean-up.ts',
      'playbooks/restart.ts',
      'playbooks/rollback.ts',
      'playbooks/svn-repoint.ts',
      'playbooks/to-2.6.0.ts',
      'playbooks/to-3.0.0.ts',
      'playbooks/verify.ts',
      'tsconfig.json',
    ])
    expect(out.split('\n').slice(0, 17).sort()).toEqual(
      (await everything(project)).map((name) => `prod fleet/${name}`),
    )
    expect(out).toContain('npx upgrade-fleet doctor')
    expect(await checked(project)).toEqual([])
    expect(JSON.parse(await readFile(join(project, 'package.json'), 'utf8'))).toMatchObject({
      name: 'prod-fleet',
      type: 'module',
      dependencies: { 'upgrade-fleet': expect.stringMatching(/^\^\d/) },
    })
    expect(await readFile(join(project, '.gitignore'), 'utf8')).toContain('.upgrade-fleet/\n')
  })

  test('what it makes passes for the way to 3.0.0 once the artefacts are listed, and names them before', async () => {
    const cwd = await files({})
    await init(cwd)
    const problems = await checked(cwd, upgrade)
    expect(problems).toContain('artifacts: wso2am-2.0.0 is not listed, but the way to 3.0.0 needs it')
    await cp(join(cwd, 'inventory/artifacts.example.yml'), join(cwd, 'inventory/artifacts.yml'))
    const text = await readFile(join(cwd, 'inventory/artifacts.yml'), 'utf8')
    for (const { file } of (parse(text) as { artifacts: readonly { file: string }[] }).artifacts) {
      await mkdir(dirname(join(cwd, 'inventory', file)), { recursive: true })
      await writeFile(join(cwd, 'inventory', file), '')
    }
    expect(await checked(cwd, upgrade)).toEqual([])
  })

  test('overwrites nothing: it lists what is there, and writes nothing', async () => {
    const cwd = await files({ 'README.md': 'mine', 'inventory/hosts.yml': 'mine' })
    await symlink('nowhere', join(cwd, 'package.json'))
    const { code, err } = await init(cwd)
    expect(code).toBe(2)
    expect(err).toBe(
      `${cwd}/package.json is there already\n${cwd}/README.md is there already\n${cwd}/inventory/hosts.yml is there already\nNothing was written. Name another directory: upgrade-fleet init DIR\n`,
    )
    expect(await everything(cwd)).toEqual(['README.md', 'inventory/hosts.yml'])
    expect(await readFile(join(cwd, 'README.md'), 'utf8')).toBe('mine')
  })

  test('leaves nothing half done where something cannot be written', async () => {
    const cwd = await files({ playbooks: 'a file\n' })
    const { code, err } = await init(cwd)
    expect(code).toBe(2)
    expect(err).toContain(`${cwd}/playbooks/verify.ts has a file where its directory must be\n`)
    expect(await everything(cwd)).toEqual(['playbooks'])

    // What only turns out when half of it is written.
    const fresh = new Map([
      ['x/y/one', '1'],
      ['x/y/two', '2'],
      ['x/y/two/three', '3'],
    ])
    expect(await problemsOf(() => writeNew(cwd, fresh))).toEqual([expect.stringMatching(/: ENOTDIR/)])
    expect(await readdir(cwd)).toEqual(['playbooks'])
  })

  test.each([[''], ['x', '--from-ansible', '']])('an empty name is no directory: %j', async (...args) => {
    const cwd = await files({})
    const { code, err } = await init(cwd, ...args)
    expect([code, err]).toEqual([2, expect.stringContaining('expected a directory, got an empty name')])
    expect(await readdir(cwd)).toEqual([])
  })

  test('goes beside what is none of its business', async () => {
    const cwd = await files({ 'notes.txt': 'mine', 'inventory/other.txt': 'mine' })
    expect((await init(cwd)).code).toBe(0)
    expect(await everything(cwd)).toContain('inventory/other.txt')
  })
})

async function imported(name: string, ...args: readonly string[]) {
  const cwd = await files({})
  await cp(join(root, 'test/fixtures/ansible', name), join(cwd, 'old'), { recursive: true })
  const made = await init(cwd, 'new', '--from-ansible', 'old', ...args)
  const project = join(cwd, 'new')
  const site = async () => ({
    hosts: parse(await made.read('new/inventory/hosts.yml')).all,
    all: parse(await made.read('new/inventory/group_vars/all.yml')),
  })
  return { ...made, cwd, project, site }
}

const membersOf = (children: Readonly<Record<string, { hosts: object } | null>>) =>
  Object.fromEntries(Object.entries(children).map(([name, group]) => [name, Object.keys(group?.hosts ?? {})]))

describe('init --from-ansible', () => {
  test('all in one: hosts, homes and databases with their origin; secrets by name, and a project that passes check', async () => {
    const { code, err, out, project, site, read } = await imported('all-in-one')
    expect([code, err]).toEqual([0, ''])
    const { hosts, all } = await site()
    expect(hosts.vars).toEqual({
      ansible_user: 'deploy',
      ansible_become: true,
      ansible_become_user: 'wso2carbon',
    })
    expect(hosts.hosts.apim_1).toEqual({
      ansible_host: '10.20.0.11',
      apim_address: '10.20.0.11',
      apim_home: '/srv/wso2/apim/wso2am-2.6.0',
      apim_base: '/srv/wso2/apim',
      java_home: '/opt/jdk8u292',
    })
    expect(hosts.hosts.apim_2).toMatchObject({ apim_port_offset: 2 })
    expect(all.apim_version).toBe('2.6.0')
    expect(all.admin).toEqual({ user: 'root', password: { env: 'ADMIN_PASSWORD' } })
    expect(all.databases[0]).toEqual({
      name: 'am_db',
      holds: ['apim', 'identity'],
      engine: 'mysql',
      host: 'db.example.org',
      port: 3307,
      schema: 'apimdb',
      user: 'apim',
      password: { env: 'AM_DB_PASSWORD' },
    })
    expect(await read('new/inventory/hosts.yml')).toContain(
      'java_home: /opt/jdk8u292 # old/group_vars/apim.yml:8:12 java_home\n',
    )
    expect(await checked(project)).toEqual([])
    const risks = await read('new/RISKS.md')
    for (const text of [out, risks]) {
      expect(text).toContain('old/inventory:2:1 all-in-one: apim_1 has all roles in one server')
      expect(text).toContain(
        'old/inventory:2:1 supervised: apim_1: the role installs the unit wso2apim.service',
      )
      expect(text).not.toContain(' ports: ')
      expect(text).toContain(
        'old/group_vars/apim.yml:14:21 plain-secret: wso2am_db_password stands there in plain',
      )
      expect(text).toContain(
        'old/host_vars/apim_1.yml:4:17 plain-secret: admin_password stands there in plain',
      )
      expect(text).toContain(
        'export AM_DB_PASSWORD=...   (now at old/group_vars/apim.yml:14:21 wso2am_db_password)',
      )
      expect(text).not.toContain('no-backup')
    }
    for (const path of await everything(project))
      expect(await readFile(join(project, path), 'utf8'), path).not.toMatch(
        /sample-(am|shared|admin)-password/,
      )
    expect(out).not.toMatch(/sample-(am|shared|admin)-password/)
  })

  test('a port offset that is no number is a risk, and not written', async () => {
    const cwd = await files({})
    await cp(join(root, 'test/fixtures/ansible/all-in-one'), join(cwd, 'old'), { recursive: true })
    await writeFile(join(cwd, 'old/host_vars/apim_2.yml'), "ports_offset: '{{ nowhere }}'\n")
    const { code, out, read } = await init(cwd, 'new', '--from-ansible', 'old')
    expect(code).toBe(0)
    expect(await read('new/inventory/hosts.yml')).not.toContain('apim_port_offset')
    expect(out).toMatch(/apim_2\.yml:1:15 ports: apim_2: what is added to its ports is not known/)
    expect(await read('new/RISKS.md')).toContain('write it as apim_port_offset of apim_2 where it is not 0')
  })

  test('distributed, gateways active side by side: groups, and the risks of their hosts', async () => {
    const { code, out, project, site } = await imported('distributed')
    expect(code).toBe(0)
    const { hosts, all } = await site()
    expect(membersOf(hosts.children)).toEqual({
      migration: ['apim-publisher_1'],
      key_managers: ['apim-km_1'],
      traffic_managers: ['apim-km_1', 'apim-tm_1'],
      publishers: ['apim-publisher_1'],
      stores: ['apim-store_1'],
      gateway_managers: ['apim-gateway_1'],
      gateway_workers: ['apim-gateway_2'],
    })
    expect(hosts.vars).toEqual({ ansible_user: 'wso2carbon', ansible_ssh_private_key_file: '~/.ssh/fleet' })
    expect(hosts.hosts['apim-gateway_2']).toMatchObject({
      ansible_port: 2222,
      apim_home: '/mnt/apim-gateway/wso2am-2.6.0',
      java_home: '/opt/java',
    })
    expect(all.databases.map(({ name, engine }: Record<string, string>) => [name, engine])).toEqual([
      ['am_db', 'mysql'],
      ['um_db', 'mysql'],
      ['reg_db', 'mysql'],
    ])
    expect(all.keystores).toEqual({
      file: 'fleet.jks',
      alias: 'fleet',
      password: { env: 'PRIMARY_KEY_STORE_PASSWORD' },
    })
    expect(await checked(project)).toEqual([])
    for (const risk of [
      'old/inventory:28:1 is-as-km: WSO2 IS is the key manager (apim-is-as-km_1)',
      'old/inventory:31:1 left-out: apim-analytics is not upgraded: apim-analytics_1',
      'old/inventory:24:1 active-active: 2 gateways are active side by side: apim-gateway_1 was taken',
      'old/inventory:12:1 several-roles: apim-km_1 is named in several groups: apim-km, apim-tm',
      'old/inventory:21:1 same-address: apim-tm_1 has the address of apim-km_1 (old/inventory:12:1): 10.30.0.11:22',
      'old/group_vars/apim.yml:5:17 no-backup: no backups are configured: backup_enabled is off',
      'old/inventory:25:1 supervised: apim-gateway_1: the role installs the unit wso2apim-gateway.service',
    ])
      expect(out).toContain(risk)
    // A reference to somewhere else is no secret in plain, and neither is H2 where each server keeps its own things.
    expect(out).not.toContain('am_db_password stands there in plain')
    expect(out).not.toContain('embedded-h2')
  })

  test('H2 and what else cannot be upgraded: told as risks, and as what check will say', async () => {
    const { code, out, project, site } = await imported('h2')
    expect(code).toBe(0)
    for (const risk of [
      "old/group_vars/apim.yml:3:16 embedded-h2: wso2am_db_url: apim and identity are kept in the server's own H2 database",
      'old/group_vars/apim.yml:6:20 database: wso2shared_db_url: a database of another kind',
      'old/group_vars/apim.yml:1:18 version: product_version 3.2.0 is none that an upgrade begins with',
      'version: servers of several versions: 3.2.0, and 2.6.0 at old/host_vars/gateway_1.yml:1:18 product_version',
      'old/hosts:2:1 no-backup: no backups are configured: backup_enabled is not said',
    ])
      expect(out).toContain(risk)
    const { hosts } = await site()
    expect(hosts.hosts.gateway_1).toMatchObject({ apim_home: '/mnt/apim-gateway/wso2am-2.6.0' })
    expect(hosts.hosts.gateway_1).not.toHaveProperty('ansible_connection')
    const [, missing = ''] = out.split('To be filled in; check will not pass before:\n')
    // What check says is what was announced.
    const problems = await checked(project)
    for (const word of ['apim_version', 'databases', 'apim_address', 'java_home']) {
      expect(missing).toContain(word)
      expect(problems.join('\n')).toContain(word)
    }
    expect(problems.filter((one) => !/apim_version|databases|apim_address|java_home/.test(one))).toEqual([])
  })

  test('vaults: a whole file needs its password, and nothing of it is copied', async () => {
    const closed = await imported('vault')
    expect(closed.code).toBe(2)
    expect(closed.err).toContain('old/group_vars/apim/vault.yml: it is an Ansible vault')
    await expect(readdir(closed.project)).rejects.toThrow('ENOENT')
    // What all inventories of the roles are warned of is none of it, and the last line says what to type.
    expect(closed.err).not.toContain('group names should be')
    expect(closed.err).toMatch(/--ask-vault-pass[^\n]*\n.*init --from-ansible old; nothing was written\.\n$/)

    const password = join(await files({ pw: 'sample-vault-password\n' }), 'pw')
    await chmod(password, 0o600)
    const { code, out, project, site } = await imported('vault', '--vault-password-file', password)
    expect(code).toBe(0)
    const { hosts, all } = await site()
    expect(hosts.vars).toEqual({
      ansible_user: 'deploy',
      ansible_password: { prompt: 'Password of deploy' },
    })
    expect(all.databases.map((one: { password: unknown }) => one.password)).toEqual([
      { env: 'AM_DB_PASSWORD' },
      { env: 'SHARED_DB_PASSWORD' },
    ])
    expect(membersOf(hosts.children)).toMatchObject({ stores: ['portal'], traffic_managers: [] })
    expect(out).toContain(
      'export AM_DB_PASSWORD=...   (now in a vault, old/group_vars/apim/vault.yml:1:21 wso2am_db_password)',
    )
    expect(out).not.toContain('plain-secret')
    expect(await checked(project)).toEqual([])
    for (const path of await everything(project))
      expect(await readFile(join(project, path), 'utf8'), path).not.toMatch(/sealed-|ANSIBLE_VAULT/)
    expect(out).not.toMatch(/sealed-/)
  })

  test('without any database, without a version, and a folder of another kind', async () => {
    const cwd = await files({
      'old/hosts': '[apim-km]\nkm ansible_host=10.0.0.1\n',
      'other/hosts': '[web]\na\n',
    })
    const { code, out } = await init(cwd, 'new', '--from-ansible', 'old')
    expect(code).toBe(0)
    expect(out).toContain('old/hosts:2:1 embedded-h2: no database is named')
    expect(out).toContain('version: the version is not known: product_version is not said')
    expect(out).toContain('inventory/group_vars/all.yml apim_version: the version that serves now')
    expect(out).toContain('inventory/hosts.yml publishers: no host of it was found')
    const other = await init(cwd, 'new2', '--from-ansible', 'other')
    expect([other.code, other.err.split('\n')[0]]).toEqual([
      2,
      "other: expected hosts in the groups of WSO2's Ansible roles (apim, apim-gateway, apim-km, apim-publisher, apim-store, apim-devportal, apim-tm), got web",
    ])
    expect((await init(cwd, 'new3', '--from-ansible', 'no')).err).toMatch(
      /^--from-ansible no: expected an inventory folder/,
    )
  })

  test('an address is compared as what it refers to, with its port', async () => {
    const cwd = await files({
      'old/hosts': [
        '[apim-km]\nkm_1 ansible_host="{{ ip }}" ip=10.0.0.1\nkm_2 ansible_host="{{ ip }}" ip=10.0.0.2',
        'km_3 ansible_host="{{ unknown }}"\nkm_4 ansible_host="{{ unknown }}"',
        '[apim-tm]\ntm_1 ansible_host=10.0.0.3 ansible_ssh_port=2201\ntm_2 ansible_host=10.0.0.3 ansible_ssh_port=2202',
        '[apim-store]\nstore_1 ansible_host=10.0.0.2\n',
      ].join('\n'),
    })
    const { out } = await init(cwd, 'new', '--from-ansible', 'old')
    expect(out.match(/same-address: .*/g)).toEqual([
      'same-address: store_1 has the address of km_2 (old/hosts:3:1): 10.0.0.2:22',
    ])
  })

  test('what stands in that inventory ends no comment, and becomes no YAML', async () => {
    const cwd = await files({
      'old/hosts.yml':
        'apim-km: { hosts: { km: { ansible_host: "10.0.0.1", java_home: "/x # y: {{", target: "/a\\nb: c", ansible_user: "yes" } } }\n',
    })
    const { code, read } = await init(cwd, 'new', '--from-ansible', 'old')
    expect(code).toBe(0)
    const { hosts } = parse(await read('new/inventory/hosts.yml')).all
    expect(hosts.km).toMatchObject({ ansible_user: 'yes', apim_base: '/a\nb: c/apim-km' })
    expect(hosts.km).not.toHaveProperty('b')
  })
})
