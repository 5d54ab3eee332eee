import { readFileSync, writeFileSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { fingerprint } from '../../src/connect/known-hosts.ts'
import { makeProject, type Project, prelude } from '../support/project.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'

const book = `${prelude}
export default playbook('look', { fleet }, (site) => [
  play('look', site.web).task('look', () => read({ path: '/etc/hostname' })),
])
`
let project: Project
let bastion: Sshd
let inner: readonly Sshd[]
beforeAll(async () => {
  bastion = await startSshd('127.106.0.30')
  inner = await Promise.all(['127.106.0.31', '127.106.0.32'].map((address) => startSshd(address)))
  for (const { directory } of inner)
    writeFileSync(join(directory, 'authorized_keys'), readFileSync(join(bastion.directory, 'user.pub')))
  project = await makeProject({
    'look.ts': book,
    config: `Host bastion
  HostName ${bastion.endpoint.address}
  Port 2222
Host 127.106.0.31
  ProxyJump bastion
Host 127.106.0.32
  ProxyCommand ssh -F @HERE@/config -o UserKnownHostsFile=${bastion.knownHosts} -W %h:%p bastion
Host *
  IdentityFile ${bastion.userKey}
`,
  })
  await project.write('config', (await project.read('config')).replaceAll('@HERE@', project.cwd))
  const hosts = inner.map(
    ({ endpoint }, at) =>
      `    h${at + 1}: { ansible_host: ${endpoint.address}, ansible_port: 2222, ansible_ssh_common_args: "-F ${project.cwd}/config", dir: /tmp, color: red, upgrade_fleet_dir: ${endpoint.workdir} }\n`,
  )
  await project.write('inventory/hosts.yml', `web:\n  hosts:\n${hosts.join('')}`)
})
afterAll(() => Promise.all([bastion, ...inner].map((server) => server.stop())))
beforeEach(() => rm(join(project.cwd, '.ssh/known_hosts'), { force: true }))

const print = ({ hostKey }: Sshd) => fingerprint(Buffer.from(hostKey.split(' ')[1] ?? '', 'base64'))
const name = ({ endpoint }: Sshd) => `[${endpoint.address}]:2222`
const at = (index: number): Sshd => {
  const one = inner[index]
  if (one === undefined) throw new Error('no such server')
  return one
}
const noLogins = () => {
  for (const server of inner) expect(server.log()).not.toMatch(/Accepted|publickey|Failed/)
}

test('a bastion whose key is not known is asked for first; hosts behind a known one are scanned through it', async () => {
  const listed = (...lines: readonly string[]) =>
    expect.arrayContaining(['The host keys of these hosts are not known; nothing was done:', ...lines])
  const first = await project.call(['plan', 'look.ts'])
  expect(first.code).toBe(2)
  expect(first.err.split('\n')).toEqual(
    listed(
      `  bastion ${name(bastion)} ssh-ed25519 ${print(bastion)}`,
      `  h2 ${name(at(1))} ssh-ed25519 ${print(at(1))}`,
      '  h1: not asked yet, it is behind bastion',
      expect.stringMatching(/hostkeys trust h1,h2$/),
    ),
  )
  const scan = await project.call(['hostkeys', 'scan', 'h1'])
  expect(scan.code).toBe(3)
  expect(scan.out).toContain(`bastion ssh-ed25519 ${print(bastion)} unknown`)
  expect(scan.out).toMatch(/h1 \| host-key: .*no way through bastion[\s\S]*hostkeys trust h1/)
  const trust = (...args: readonly string[]) => project.call(['hostkeys', 'trust', 'h1', ...args])
  // A word for the host alone does not open the way.
  expect((await trust('--fingerprint', `h1=${print(at(0))}`)).code).toBe(3)
  const both = ['--fingerprint', `bastion=${print(bastion)}`, '--fingerprint', `h1=${print(at(0))}`]
  expect(await trust(...both)).toMatchObject({ code: 0, err: '' })
  noLogins()
  const second = await project.call(['plan', 'look.ts'])
  expect(second.err.split('\n')).toEqual(listed(`  h2 ${name(at(1))} ssh-ed25519 ${print(at(1))}`))
  expect(second.err).not.toMatch(/h1|bastion/)
  expect((await project.call(['hostkeys', 'trust', 'h2', '--fingerprint', print(at(1))])).code).toBe(0)
  noLogins()
  expect(await project.call(['ping', 'all'])).toMatchObject({ code: 0, err: '' })
})

test('a wrong key of the bastion is no way, and nothing goes through it', async () => {
  const file = join(project.cwd, '.ssh/known_hosts')
  await project.call(['hostkeys', 'trust', 'h2', '--fingerprint', print(at(1))])
  writeFileSync(file, readFileSync(file, 'utf8').replace(name(at(1)), name(bastion)))
  const calls = () =>
    at(0)
      .log()
      .match(/Connection from/g)?.length
  const before = calls()
  const { code, out } = await project.call(['hostkeys', 'scan', 'h1'])
  expect(code).toBe(4)
  expect(out).toMatch(/h1 \| host-key: h1: no way through bastion: .*has changed/)
  expect(calls()).toBe(before)
})

test('ping tells of unknown keys once, together, and asks the others', async () => {
  await project.call(['hostkeys', 'trust', 'h2', '--fingerprint', print(at(1))])
  const { code, out, err } = await project.call(['ping', 'all'])
  expect({ code, out }).toEqual({ code: 4, out: 'h2 | exit 0\n  pong\n' })
  expect(err.split('\n')).toEqual([
    'The host keys of these hosts are not known; nothing was done there:',
    `  bastion ${name(bastion)} ssh-ed25519 ${print(bastion)}`,
    '  h1: not asked yet, it is behind bastion',
    expect.stringMatching(/hostkeys trust h1$/),
    '',
  ])
})

test('accept-new: a look stores nothing and says what it took, a run stores; for bastions too', async () => {
  const stored = () => readFile(join(project.cwd, '.ssh/known_hosts'), 'utf8').catch(() => '')
  for (const args of [
    ['plan', 'look.ts'],
    ['look.ts', '--check'],
  ]) {
    const { code, err } = await project.call([...args, '--host-key-checking', 'accept-new'])
    expect(code).toBe(0)
    expect(err).toMatch(/taken for this look alone, and are not stored:/)
    expect(err).toContain(`  bastion ${name(bastion)} ssh-ed25519 ${print(bastion)}`)
    expect(err).toContain(`  h1 ${name(at(0))} ssh-ed25519 ${print(at(0))}`)
    expect(await stored()).toBe('')
  }
  const run = await project.call(['look.ts', '--host-key-checking', 'accept-new'])
  expect(run).toMatchObject({ code: 0, err: '' })
  for (const server of [bastion, ...inner]) expect(await stored()).toContain(name(server))
  expect(await project.call(['look.ts'])).toMatchObject({ code: 0, err: '' })
})
