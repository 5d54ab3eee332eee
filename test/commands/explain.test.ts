import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runProgram } from '../../src/commands/program.ts'
import { commandRunner } from '../../src/inventory/ssh-exec.ts'
import type { Io } from '../../src/model/io.ts'
import { fakeIo } from '../support/io.ts'
import { files } from '../support/site.ts'

const config = `# the way in
Host gw*
  HostName %h.example.org
  User wso2
  ProxyJump ops@bastion
  SendEnv LANG
  KexAlgorithms +x
Host bastion
  Port 2200
Host *
  ServerAliveInterval 30
`

async function explain(vars: string, text = config, env: Io['env'] = {}) {
  const home = await files({
    'hosts.yml': `all: { hosts: { gw1: { ${vars} } } }`,
    config: text,
    ran: '',
  })
  await writeFile(join(home, 'config'), text.replaceAll('@HOME@', home))
  await chmod(join(home, 'config'), 0o600)
  const io = fakeIo({ cwd: home, home, env })
  const code = await runProgram(io, ['ping', 'gw1', '-i', 'hosts.yml', '--explain'])
  const ran = await readFile(join(home, 'ran'), 'utf8')
  return { code, ran, out: io.written.out.replaceAll(home, '~'), err: io.written.err }
}

test('each setting is printed with its value and where it was said, the jump and what is not honoured too', async () => {
  const { code, out } = await explain('ansible_port: 2022, ansible_ssh_common_args: "-F ~/config"')
  expect(code).toBe(0)
  const lines = out.split('\n').map((line) => line.trim().replace(/ {2,}/g, '  '))
  expect(lines).toEqual(
    expect.arrayContaining([
      'gw1 | ssh',
      'HostName  gw1.example.org  (~/config:3)',
      'Port  2022  (hosts.yml:1:38 hosts.gw1.ansible_port)',
      'User  wso2  (~/config:4)',
      'ProxyJump  ops@bastion  (~/config:5)',
      'ServerAliveInterval  30  (~/config:11)',
      'ConnectTimeout  20  (default)',
      'SendEnv  LANG  (~/config:6, not used here)',
      'via bastion: HostName  bastion  (default)',
      'via bastion: User  ops  (~/config:5)',
      'via bastion: Port  2200  (~/config:9)',
      'warning: ~/config:7 KexAlgorithms +x: not honoured here',
    ]),
  )
})

test('a local host says so, and where its directory is', async () => {
  const { code, out } = await explain('ansible_connection: local, upgrade_fleet_dir: /srv/uf')
  expect(code).toBe(0)
  const lines = out.split('\n').map((line) => line.trim().replace(/ {2,}/g, '  '))
  expect(lines).toEqual([
    'gw1 | local',
    'ansible_connection  local  (hosts.yml:1:44 hosts.gw1.ansible_connection)',
    'upgrade_fleet_dir  /srv/uf  (hosts.yml:1:70 hosts.gw1.upgrade_fleet_dir)',
    '',
  ])
})

test('Match exec is run where it is allowed, once for each command; elsewhere the error says how', async () => {
  const text =
    'Match exec "echo x >>@HOME@/ran; test %h = gw1"\n  Port 2022\nMatch !exec "exit 1"\n  User deploy\n'
  const refused = await explain('ansible_ssh_common_args: "-F ~/config"', text)
  expect(refused.code).toBe(2)
  expect(refused.err).toMatch(/:1 Match: "exec" would run a command[\s\S]*UPGRADE_FLEET_ALLOW_MATCH_EXEC=yes/)
  const { code, out, ran } = await explain('ansible_ssh_common_args: "-F ~/config"', text, {
    UPGRADE_FLEET_ALLOW_MATCH_EXEC: 'yes',
    SHELL: '/bin/sh',
  })
  expect(code).toBe(0)
  expect(out).toMatch(/Port +2022 +\(~\/config:2\)/)
  expect(out).toMatch(/User +deploy +\(~\/config:4\)/)
  expect(ran).toBe('x\n')
})

test('no name is handed to the shell of a Match exec that it would read as more than a word', async () => {
  const vars = `ansible_host: "a$(touch$IFS/tmp/x)b", ansible_ssh_common_args: "-F ~/config"`
  const { code, err } = await explain(vars, 'Match exec "test %h = gw1"\n  Port 1\n', {
    UPGRADE_FLEET_ALLOW_MATCH_EXEC: 'yes',
  })
  expect(code).toBe(2)
  expect(err).toContain('will not hand "a$(touch$IFS/tmp/x)b" to a shell')
})

test('a command of Match exec has a deadline, and is no answer when it dies', () => {
  expect(() => commandRunner('/bin/sh', 50)('exec sleep 30')).toThrow(/did not end within 0.05 seconds/)
  expect(() => commandRunner('/bin/sh')('kill -9 $$')).toThrow(/ended by SIGKILL/)
  expect([commandRunner('/bin/sh')('exit 0'), commandRunner('/bin/sh')('nothing-of-that-name')]).toEqual([
    true,
    false,
  ])
})

test.each([
  ['gone', 'expected the name of a host, got "gone"'],
  ['gw1', 'expected the name of another host, got its own'],
])('upgrade_fleet_same_machine: %s', async (name, why) => {
  const { code, err } = await explain(`upgrade_fleet_same_machine: ${name}`)
  expect(code).toBe(2)
  expect(err).toContain(why)
})

test('-F none reads no file', async () => {
  expect((await explain('ansible_ssh_common_args: "-F none"')).out).not.toContain('~/config')
})

test.each([
  ['Host *\n  StrictHostKeyChecking no\n', ':2 StrictHostKeyChecking: host keys are always checked here'],
  ['CertificateFile x\n', ':1 CertificateFile: expected an absolute path, got "x"'],
  ['Match host gw1 exec "true"\n', ':1 Match: "exec" would run a command of the file'],
  ['ProxyJumb x\n', ':1 ProxyJumb: OpenSSH knows no such keyword; did you mean ProxyJump?'],
  ['ProxyJump bastion\n', ':1 ProxyJump: goes round in a circle: somebody@gw1:22 via somebody@bastion:22'],
  ['IdentityFile ~/%C\n', ':1 IdentityFile: the token %C is not understood here'],
  [`IdentityFile $${'{NONE}'}/x\n`, ':1 IdentityFile: the environment has no NONE'],
  ['User "$(id)"\nProxyCommand nc %r\n', ':2 ProxyCommand: will not hand "$(id)" to a shell'],
  ['CanonicalizeHostname yes\n', ':1 CanonicalizeHostname: cannot be honoured here'],
])('refused with its place: %j', async (text, expected) => {
  const { code, err } = await explain('ansible_ssh_common_args: "-F ~/config"', text)
  expect(code).toBe(2)
  expect(err).toContain(`config${expected}`)
})

test('what is refused for another host is no matter', async () => {
  const text = 'Match host other exec "true"\n  StrictHostKeyChecking no\nHost other\n  CertificateFile /x\n'
  expect((await explain('ansible_ssh_common_args: "-F ~/config"', text)).code).toBe(0)
})

test('the ssh program is chosen by what needs it, and the reason is told', async () => {
  const text = 'Host gw1\n  CertificateFile ~/x-cert.pub\n  ProxyJump bastion\n'
  const { code, out } = await explain('ansible_ssh_common_args: "-F ~/config"', text)
  expect(code).toBe(0)
  const lines = out.split('\n').map((line) => line.trim().replace(/ {2,}/g, '  '))
  expect(lines).toEqual(
    expect.arrayContaining([
      'gw1 | openssh',
      'Transport  the ssh program  (~/config:2: CertificateFile)',
      'CertificateFile  ~/x-cert.pub  (~/config:2)',
    ]),
  )
  expect((await explain('ansible_connection: openssh')).out).toMatch(
    /Transport +the ssh program {2}\(hosts\.yml:1:\d+ hosts\.gw1\.ansible_connection\)/,
  )
})
