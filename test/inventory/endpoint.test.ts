import { describe, expect, it, test } from 'vitest'
import { endpointOf, explainEndpoint } from '../../src/inventory/endpoint.ts'
import { loadInventory } from '../../src/inventory/load-inventory.ts'
import { plainValue, plainWarnings } from '../../src/inventory/plain-secrets.ts'
import { type SshFiles, sshFiles } from '../../src/inventory/ssh-files.ts'
import { files, problemsOf } from '../support/site.ts'

/** What this machine's own /etc/ssh says is no matter here. */
const without = (all: SshFiles): SshFiles => ({
  ...all,
  read: (path, checked) => (path.startsWith('/etc/ssh/') ? undefined : all.read(path, checked)),
})

const controller = {
  user: 'me',
  uid: 1,
  home: '/home/me',
  hostName: 'here',
  env: () => undefined,
  files: without(sshFiles(1)),
}
const globalFiles = ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2']
const knownHostsFiles = ['/home/me/.ssh/known_hosts', '/home/me/.ssh/known_hosts2', ...globalFiles]

async function loaded(vars: string) {
  const cwd = await files({ 'hosts.yml': `all: { hosts: { gw1: { ${vars} } } }` })
  const inventory = await loadInventory({ sources: ['hosts.yml'], cwd, env: {} })
  const [host] = inventory.hosts
  if (host === undefined) throw new Error('no host')
  return { inventory, host }
}

async function endpoint(vars: string) {
  const { inventory, host } = await loaded(vars)
  return endpointOf(inventory, host, controller)
}

test('secrets that stand openly in an inventory are known by place and value', async () => {
  const cwd = await files({
    'hosts.yml':
      'all: { vars: { ansible_password: one }, hosts: { a: {}, b: { ansible_ssh_pass: two }, c: { ansible_password: { env: X } } } }',
  })
  const inventory = await loadInventory({ sources: ['hosts.yml'], cwd, env: {} })
  const passwords = inventory.hosts.map(
    (host) => endpointOf(inventory, host, controller).password?.name ?? '',
  )
  expect(passwords).toEqual(['inventory:ansible_password of a', 'inventory:ansible_ssh_pass of b', 'env:X'])
  expect(passwords.map((name) => plainValue(inventory, name))).toEqual(['one', 'two', undefined])
  const warnings = plainWarnings(inventory)
  expect(warnings.join()).not.toMatch(/\b(one|two)\b/)
  expect(warnings).toEqual([
    expect.stringMatching(/^hosts\.yml:1:\d+ all\.vars\.ansible_password: it stands here/),
    expect.stringMatching(/^hosts\.yml:1:\d+ hosts\.b\.ansible_ssh_pass/),
  ])
})

describe('endpointOf', () => {
  it.each<[string, object]>([
    ['', { name: 'gw1', kind: 'ssh', address: 'gw1', port: 22, knownHostsFiles }],
    [
      'ansible_host: 10.0.0.1, ansible_port: "2222", ansible_user: wso2, ansible_ssh_private_key_file: ~/.ssh/id, upgrade_fleet_dir: /var/uf',
      {
        name: 'gw1',
        kind: 'ssh',
        address: '10.0.0.1',
        port: 2222,
        user: 'wso2',
        privateKeyFile: '/home/me/.ssh/id',
        workdir: '/var/uf',
        knownHostsFiles,
      },
    ],
    [
      'ansible_ssh_host: 10.0.0.2, ansible_ssh_port: 2200, ansible_ssh_user: ann, ansible_private_key_file: /k',
      {
        name: 'gw1',
        kind: 'ssh',
        address: '10.0.0.2',
        port: 2200,
        user: 'ann',
        privateKeyFile: '/k',
        knownHostsFiles,
      },
    ],
    // Seen in the words of ansible 2.14's ssh.
    [
      'ansible_host: one, ansible_ssh_host: two, ansible_port: 1, ansible_ssh_port: 2, ansible_user: one, ansible_ssh_user: two, ansible_private_key_file: /1, ansible_ssh_private_key_file: /2',
      {
        name: 'gw1',
        kind: 'ssh',
        address: 'two',
        port: 2,
        user: 'two',
        privateKeyFile: '/2',
        knownHostsFiles,
      },
    ],
    [
      `upgrade_fleet_host_key: SHA256:${'a'.repeat(43)}`,
      {
        name: 'gw1',
        kind: 'ssh',
        address: 'gw1',
        port: 22,
        knownHostsFiles,
        hostKeyFingerprints: [`SHA256:${'a'.repeat(43)}`],
      },
    ],
    [
      `ansible_ssh_common_args: '-o UserKnownHostsFile="/b ~/c" -J bastion:2200 -F none -o ConnectTimeout=5'`,
      {
        name: 'gw1',
        kind: 'ssh',
        address: 'gw1',
        port: 22,
        knownHostsFiles: ['/b', '/home/me/c', ...globalFiles],
        connectTimeout: 5,
        jump: { name: 'bastion', kind: 'ssh', address: 'bastion', port: 2200, knownHostsFiles },
      },
    ],
    ['ansible_connection: local', { name: 'gw1', kind: 'local', address: 'gw1', port: 22 }],
    [
      `ansible_ssh_common_args: '-o UserKnownHostsFile=/a -o "UserKnownHostsFile /d"'`,
      {
        name: 'gw1',
        kind: 'ssh',
        address: 'gw1',
        port: 22,
        knownHostsFiles: ['/a', ...globalFiles],
      },
    ],
  ])('%s', async (vars, expected) => {
    expect(await endpoint(vars)).toEqual(expected)
  })

  it.each([
    [
      'ansible_host: -oProxyCommand=x',
      'ansible_host: expected a host name or address, got "-oProxyCommand=x"',
    ],
    ['ansible_user: "a\\nb"', 'ansible_user: expected a user name, got "a\\nb"'],
    ['ansible_port: 0', 'ansible_port: expected a port of 1 to 65535, got the number 0'],
    ['ansible_port: x', 'ansible_port: expected a port of 1 to 65535, got "x"'],
    [
      'ansible_connection: docker',
      'ansible_connection: expected one of "ssh", "openssh", "local", got "docker"',
    ],
    ['ansible_ssh_private_key_file: id', 'ansible_ssh_private_key_file: expected an absolute path, got "id"'],
    [
      'ansible_ssh_common_args: "-o UserKnownHostsFile=/a -A"',
      'ansible_ssh_common_args: expected nothing but -o, -J and -F, got "-A"',
    ],
    [
      'ansible_ssh_common_args: "-o StrictHostKeyChecking=no"',
      'ansible_ssh_common_args StrictHostKeyChecking: host keys are always checked here',
    ],
    [
      `ansible_ssh_common_args: '-o "UserKnownHostsFile=/b c"'`,
      'ansible_ssh_common_args UserKnownHostsFile: expected an absolute path, got "c"',
    ],
    [
      'upgrade_fleet_host_key: "MD5:00"',
      'upgrade_fleet_host_key: expected a fingerprint as ssh-keygen -l prints it, SHA256: and 43 characters, or a list of them, got "MD5:00"',
    ],
    ['upgrade_fleet_host_key: []', 'upgrade_fleet_host_key: expected at least one fingerprint'],
    ['upgrade_fleet_host_key: [SHA256:x]', 'expected a fingerprint as ssh-keygen -l prints it'],
    [
      'ansible_host: "{{ ip }}"',
      'ansible_host: expected a variable of this host in {{ ip }}, got none of that name',
    ],
  ])('refuses %s', async (vars, problem) => {
    const problems = await problemsOf(() => endpoint(vars))
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(/^hosts\.yml:1:\d+ hosts\.gw1\./)
    expect(problems[0]).toContain(problem)
  })

  it.each<[string, string | undefined]>([
    ['ansible_password: { env: PW }', 'env:PW'],
    ['ansible_ssh_pass: { file: /run/pw }', 'file:/run/pw'],
    ['ansible_password: { env: A }, ansible_ssh_pass: { env: B }, ansible_ssh_password: { env: C }', 'env:C'],
    ['ansible_password: { env: A }, ansible_ssh_pass: { env: B }', 'env:B'],
    ['ansible_password: canary-4711', 'inventory:ansible_password of gw1'],
  ])('%s: the password by name, its value nowhere', async (vars, name) => {
    const found = await endpoint(vars)
    expect(found.password?.name).toBe(name)
    expect(JSON.stringify(found)).not.toContain('canary-4711')
  })

  it('tells people by which variable, and no value', async () => {
    const said = await loaded('ansible_ssh_pass: canary-4711, ansible_private_key_passphrase: { env: P }')
    const { settings } = explainEndpoint(said.inventory, said.host, controller)
    expect(settings.slice(-2)).toEqual([
      { keyword: 'Password', value: '***', from: expect.stringMatching(/hosts\.gw1\.ansible_ssh_pass$/) },
      { keyword: 'Passphrase', value: 'env:P', from: expect.stringMatching(/_passphrase$/) },
    ])
  })

  it('has the passphrase of a key by name', async () => {
    const vars = 'ansible_ssh_private_key_file: /k, ansible_ssh_private_key_passphrase: canary-4711'
    const found = await endpoint(vars)
    expect(found.passphrase?.name).toBe('inventory:ansible_ssh_private_key_passphrase of gw1')
    const other = await endpoint('ansible_private_key_passphrase: { env: P }')
    expect(other.passphrase?.name).toBe('env:P')
  })

  it.each([
    '471114',
    '[canary-4711]',
    '{ value: canary-4711 }',
    '{ env: "canary-4711" }',
    '{ file: canary-4711 }',
  ])('a password that is none (%s) is told without its value', async (value) => {
    const problems = await problemsOf(() => endpoint(`ansible_password: ${value}`))
    expect(problems.join()).toMatch(/^hosts\.yml:1:\d+ hosts\.gw1\.ansible_password/)
    expect(problems.join()).not.toMatch(/4711/)
  })

  it('what was typed for all counts where the variables are silent, and before ssh_config', async () => {
    const typed = { ...controller, typed: { user: 'ann', privateKeyFile: '/typed' } }
    const silent = await loaded(`ansible_ssh_common_args: '-o User=carl'`)
    const found = explainEndpoint(silent.inventory, silent.host, typed)
    expect(found.endpoint).toMatchObject({ user: 'ann', privateKeyFile: '/typed' })
    expect(found.settings).toContainEqual({ keyword: 'User', value: 'ann', from: '-u' })
    expect(found.settings).toContainEqual({ keyword: 'IdentityFile', value: '/typed', from: '--private-key' })
    const said = await loaded('ansible_user: bob, ansible_ssh_private_key_file: /own')
    expect(endpointOf(said.inventory, said.host, typed)).toMatchObject({
      user: 'bob',
      privateKeyFile: '/own',
    })
  })

  it.each([
    ['', 9, /^-T$/],
    [`ansible_ssh_common_args: '-o ConnectTimeout=3'`, 9, /^-T$/],
    ['ansible_timeout: 5', 5, /^hosts\.yml:1:\d+ hosts\.gw1\.ansible_timeout$/],
    ['ansible_timeout: 5, ansible_ssh_timeout: "7"', 7, /^hosts\.yml:1:\d+ hosts\.gw1\.ansible_ssh_timeout$/],
  ])(
    'the seconds of a connection (%j): the variables, then what was typed, then ssh_config',
    async (vars, value, from) => {
      const { inventory, host } = await loaded(vars)
      const found = explainEndpoint(inventory, host, { ...controller, typed: { timeout: 9 } })
      expect(found.endpoint.connectTimeout).toBe(value)
      expect(found.settings).toContainEqual({
        keyword: 'ConnectTimeout',
        value: String(value),
        from: expect.stringMatching(from),
      })
    },
  )

  it('without anybody at hand reads no file and no environment, and still finds what is wrong', async () => {
    const vars = (option: string) => `ansible_ssh_common_args: '-F /none -o ${option}'`
    const { inventory, host } = await loaded(vars(`IdentityFile=$${'{ANY}'}/%i-%u`))
    expect(endpointOf(inventory, host)).toMatchObject({ address: 'gw1' })
    const wrong = await loaded(vars('Port=x'))
    expect(await problemsOf(() => endpointOf(wrong.inventory, wrong.host))).toEqual([
      expect.stringContaining('ansible_ssh_common_args Port: expected a port of 1 to 65535, got "x"'),
    ])
  })
})
