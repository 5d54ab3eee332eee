import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runProgram } from '../../src/commands/program.ts'
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

async function explain(vars: string, text = config) {
  const home = await files({
    'hosts.yml': `all: { hosts: { gw1: { ${vars} } } }`,
    config: text,
  })
  await chmod(join(home, 'config'), 0o600)
  const io = fakeIo({ cwd: home, home })
  const code = await runProgram(io, ['ping', 'gw1', '-i', 'hosts.yml', '--explain'])
  return { code, out: io.written.out.replaceAll(home, '~'), err: io.written.err }
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
