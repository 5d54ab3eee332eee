import { describe, expect, it } from 'vitest'
import { endpointOf } from '../../src/inventory/endpoint.ts'
import { loadInventory } from '../../src/inventory/load-inventory.ts'
import { files, problemsOf } from '../support/site.ts'

async function endpoint(vars: string) {
  const cwd = await files({ 'hosts.yml': `all: { hosts: { gw1: { ${vars} } } }` })
  const inventory = await loadInventory({ sources: ['hosts.yml'], cwd, env: {} })
  const [host] = inventory.hosts
  if (host === undefined) throw new Error('no host')
  return endpointOf(inventory, host, '/home/me')
}

describe('endpointOf', () => {
  it.each<[string, object]>([
    ['', { name: 'gw1', kind: 'ssh', address: 'gw1', port: 22 }],
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
      },
    ],
    [
      `upgrade_fleet_host_key: SHA256:${'a'.repeat(43)}`,
      {
        name: 'gw1',
        kind: 'ssh',
        address: 'gw1',
        port: 22,
        hostKeyFingerprints: [`SHA256:${'a'.repeat(43)}`],
      },
    ],
    ['ansible_connection: local', { name: 'gw1', kind: 'local', address: 'gw1', port: 22 }],
    [
      `ansible_ssh_common_args: '-o UserKnownHostsFile=/a -oUserKnownHostsFile="/b ~/c" -o "UserKnownHostsFile /d"'`,
      {
        name: 'gw1',
        kind: 'ssh',
        address: 'gw1',
        port: 22,
        knownHostsFiles: ['/a', '/b', '/home/me/c', '/d'],
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
    ['ansible_connection: docker', 'ansible_connection: expected one of "ssh", "local", got "docker"'],
    ['ansible_ssh_private_key_file: id', 'ansible_ssh_private_key_file: expected an absolute path, got "id"'],
    [
      'ansible_ssh_common_args: "-o UserKnownHostsFile=/a -J bastion"',
      'ansible_ssh_common_args: expected nothing but "-o UserKnownHostsFile=/path", got "-J"',
    ],
    [
      'ansible_ssh_common_args: "-o StrictHostKeyChecking=no"',
      'ansible_ssh_common_args: expected nothing but "-o UserKnownHostsFile=/path", got "-o StrictHostKeyChecking=no"',
    ],
    [
      `ansible_ssh_common_args: '-o "UserKnownHostsFile=/b c"'`,
      'ansible_ssh_common_args: expected absolute paths, got "c"',
    ],
    [
      'upgrade_fleet_host_key: "MD5:00"',
      'upgrade_fleet_host_key: expected a fingerprint as ssh-keygen -l prints it, SHA256: and 43 characters, or a list of them, got "MD5:00"',
    ],
    ['upgrade_fleet_host_key: []', 'upgrade_fleet_host_key: expected at least one fingerprint'],
    ['upgrade_fleet_host_key: [SHA256:x]', 'expected a fingerprint as ssh-keygen -l prints it'],
    ['ansible_host: "{{ ip }}"', 'ansible_host: expected a plain value, got a template'],
  ])('refuses %s', async (vars, problem) => {
    const problems = await problemsOf(() => endpoint(vars))
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(/^hosts\.yml:1:\d+ hosts\.gw1\./)
    expect(problems[0]).toContain(problem)
  })
})
