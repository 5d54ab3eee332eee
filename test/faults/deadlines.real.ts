import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { makeProject, type Project } from '../support/project.ts'
import { proxied, type TcpProxy } from '../support/proxy.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'
import { until } from '../support/until.ts'

// Every deadline that a user can set, by what it does.
let sshd: Sshd
let proxy: TcpProxy
let project: Project
const address = '127.105.9.22'
beforeAll(async () => {
  sshd = await startSshd('127.105.9.21', ['SetEnv HOME=/tmp'])
  ;({ proxy } = await proxied(sshd, address))
  project = await makeProject({})
})
beforeEach(() => proxy.pass())
afterAll(async () => {
  await proxy.stop()
  await sshd.stop()
})

async function inventory(vars: string, config = ''): Promise<void> {
  const file = join(sshd.directory, 'config')
  writeFileSync(
    file,
    `${config}\nHost *\n  UserKnownHostsFile ${sshd.knownHosts}\n  IdentityFile ${sshd.userKey}\n  IdentityAgent none\n`,
    { mode: 0o600 },
  )
  const host = `ansible_host: ${address}, ansible_port: 2222, ansible_user: root, ansible_ssh_common_args: '-F ${file}'`
  await project.write('inventory/hosts.yml', `all:\n  hosts:\n    gw: { ${host} ${vars && `, ${vars}`} }\n`)
}

test.each([
  ['-T', '', '', ['-T', '1']],
  ['ansible_timeout', 'ansible_timeout: 1', '', []],
  ['ansible_ssh_timeout, which -T does not beat', 'ansible_ssh_timeout: 1', '', ['--timeout', '30']],
  ["ssh_config's ConnectTimeout", '', 'ConnectTimeout 1', []],
])('a server that says nothing is given up after the seconds of %s', async (_name, vars, config, args) => {
  await inventory(vars, config)
  proxy.blackHole()
  const { code, out } = await project.call(['ping', 'all', ...args])
  expect(out).toMatch(/^gw \| unreachable: .*not logged in within 1 seconds/)
  expect(code).toBe(4)
})

test("a peer that hangs is given up as ssh_config's ServerAliveInterval and ServerAliveCountMax say", async () => {
  await inventory('', 'ServerAliveInterval 1\nServerAliveCountMax 1')
  const begun = join(sshd.directory, 'begun')
  const running = project.call(['exec', 'all', '--', `echo x >${begun}; sleep 1000`])
  await until(() => read(begun) !== '', 'the command')
  proxy.blackHole()
  expect(await running).toMatchObject({ code: 3, out: expect.stringMatching(/^gw \| lost/) })
})

test('--task-timeout ends a command', async () => {
  await inventory('')
  const { code, out } = await project.call(['exec', 'all', '--task-timeout', '0.5', '--', 'sleep', '1000'])
  expect([code, out]).toEqual([3, 'gw | timeout\n'])
})

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
