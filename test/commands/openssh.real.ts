import { execFileSync } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fingerprint } from '../../src/connect/known-hosts.ts'
import { makeProject, type Project, prelude } from '../support/project.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'

const book = `${prelude}
export default playbook('look', { fleet }, (site) => [
  play('look', site.web).task('look', () => read({ path: '/etc/hostname' })),
])
`
let project: Project
let server: Sshd
let bastion: Sshd
beforeAll(async () => {
  bastion = await startSshd('127.103.4.1')
  const at = (name: string) => join(bastion.directory, name)
  for (const name of ['authority', 'key'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(name)])
  execFileSync('ssh-keygen', ['-q', '-s', at('authority'), '-I', 'x', '-n', 'root', at('key.pub')], {
    stdio: 'ignore',
  })
  server = await startSshd('127.103.4.2', [`TrustedUserCAKeys ${at('authority')}.pub`])
  project = await makeProject({ 'look.ts': book })
  const host = `ansible_host: 127.103.4.2, ansible_port: 2222, ansible_user: root, ansible_ssh_private_key_file: ${at('key')}, dir: /tmp, color: red, upgrade_fleet_dir: ${server.endpoint.workdir}`
  await project.write('inventory/hosts.yml', `web: { hosts: { h1: { ${host} } } }\n`)
  const config = `Host jump\n  HostName 127.103.4.1\n  Port 2222\n  User root\n  IdentityFile ${bastion.userKey}\n  UserKnownHostsFile ${bastion.knownHosts}\nHost 127.103.4.2\n  ProxyJump jump\n  UserKnownHostsFile ${server.knownHosts}\n`
  await project.write('config', config)
  const behind = `${host}, ansible_ssh_common_args: "-F ${join(project.cwd, 'config')}"`
  await project.write('behind.yml', `web: { hosts: { h1: { ${behind} } } }\n`)
})
afterAll(async () => {
  await server.stop()
  await bastion.stop()
})

test('a host whose key has a certificate: its unknown key is told, scanned, trusted, and it is run on', async () => {
  const print = fingerprint(Buffer.from(server.hostKey.split(' ')[1] ?? '', 'base64'))
  const { code, err } = await project.call(['look.ts'])
  expect(code).toBe(2)
  expect(err).toContain(`h1 [127.103.4.2]:2222 ssh-ed25519 ${print}`)
  expect(await project.call(['hostkeys', 'scan'])).toMatchObject({
    code: 3,
    out: `h1 ssh-ed25519 ${print} unknown\n`,
  })
  expect(server.log()).not.toMatch(/Accepted|Failed/)
  expect(await project.call(['hostkeys', 'trust', 'h1', '--fingerprint', print])).toMatchObject({ code: 0 })
  expect(await project.call(['ping', 'h1'])).toMatchObject({ code: 0, out: 'h1 | exit 0\n  pong\n' })
  expect(await project.call(['look.ts'])).toMatchObject({ code: 0 })
  expect(server.log()).toMatch(/ED25519-CERT/)
  await rm(join(project.cwd, '.ssh/known_hosts'))
})

test('the same behind a bastion of ssh_config', async () => {
  const explained = await project.call(['ping', 'h1', '--explain', '-i', 'behind.yml'])
  expect(explained.out).toMatch(/^h1 \| openssh\n\s+Transport .*key-cert\.pub is a certificate\)/)
  expect(await project.call(['ping', 'h1', '-i', 'behind.yml'])).toMatchObject({
    code: 0,
    out: 'h1 | exit 0\n  pong\n',
  })
  expect(bastion.log().match(/Accepted publickey/g)).toHaveLength(1)
})
