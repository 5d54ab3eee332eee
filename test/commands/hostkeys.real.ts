import { spawnSync } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
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
let servers: readonly Sshd[]
beforeAll(async () => {
  servers = await Promise.all(['127.97.0.21', '127.97.0.22'].map((address) => startSshd(address)))
  project = await makeProject({ 'look.ts': book })
  const hosts = servers.map(
    ({ endpoint, userKey }, at) =>
      `    h${at + 1}: { ansible_host: ${endpoint.address}, ansible_port: 2222, ansible_ssh_private_key_file: ${userKey}, dir: /tmp, color: red, upgrade_fleet_dir: ${endpoint.workdir} }\n`,
  )
  const away = '    away: { ansible_host: 127.97.0.29, ansible_port: 2222, dir: /tmp, color: red }\n'
  await project.write('inventory/hosts.yml', `web:\n  hosts:\n${hosts.join('')}`)
  await project.write('away.yml', `web:\n  hosts:\n${hosts.join('')}${away}`)
})
afterAll(() => Promise.all(servers.map((server) => server.stop())))
beforeEach(() => rm(knownHosts(), { force: true }))

const knownHosts = () => join(project.cwd, '.ssh/known_hosts')
const print = (at: number) => fingerprint(Buffer.from(servers[at - 1]?.hostKey.split(' ')[1] ?? '', 'base64'))
const isStored = (at: number) =>
  spawnSync('ssh-keygen', ['-F', `[127.97.0.2${at}]:2222`, '-f', knownHosts()]).status === 0
const noLogins = () => {
  for (const server of servers) expect(server.log()).not.toMatch(/Accepted|publickey|Failed/)
}

test('the unknown keys of a fleet are listed once, together, before plan and run do anything', async () => {
  for (const args of [['plan', 'look.ts'], ['look.ts'], ['look.ts', '--check']]) {
    const { code, out, err } = await project.call([...args, '-i', 'away.yml'])
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err.split('\n')).toEqual([
      'The host keys of these hosts are not known; nothing was done:',
      `  h1 [127.97.0.21]:2222 ssh-ed25519 ${print(1)}`,
      `  h2 [127.97.0.22]:2222 ssh-ed25519 ${print(2)}`,
      expect.stringMatching(/hostkeys trust h1,h2 -i away\.yml$/),
      '',
    ])
  }
  expect((await project.call(['runs'])).out).not.toMatch(/look/)
  noLogins()
})

test('scan prints them, and what is known of them', async () => {
  await project.call(['hostkeys', 'trust', 'h1', '--fingerprint', print(1)])
  const { code, out } = await project.call(['hostkeys', 'scan', '-i', 'away.yml'])
  expect(code).toBe(3)
  expect(out.split('\n')).toEqual([
    `h1 ssh-ed25519 ${print(1)} known`,
    `h2 ssh-ed25519 ${print(2)} unknown`,
    expect.stringMatching(/^away \| unreachable: /),
    '',
  ])
  noLogins()
})

test('trust stores what somebody vouches for, and a run goes on from there', async () => {
  const trust = (...args: readonly string[]) => project.call(['hostkeys', 'trust', ...args])
  expect(await trust('all')).toMatchObject({ code: 2, err: expect.stringContaining('--fingerprint HOST=') })
  expect(await trust('all', '--fingerprint', print(1))).toMatchObject({ code: 2 })
  // The fingerprint of another host is no word for this one.
  expect(await trust('h2', '--fingerprint', `h2=${print(1)}`)).toMatchObject({ code: 3 })
  expect([isStored(1), isStored(2)]).toEqual([false, false])
  // What scan printed, and somebody has compared.
  const { out } = await project.call(['hostkeys', 'scan', 'all'])
  await project.write('compared.txt', `# by phone\n${out}`)
  expect(await trust('all', '--fingerprints', 'compared.txt')).toMatchObject({ code: 0, err: '' })
  expect([isStored(1), isStored(2)]).toEqual([true, true])
  expect(await project.call(['plan', 'look.ts'])).toMatchObject({ code: 0, err: '' })
})

test('a key that changed is shown with its place, and not trusted', async () => {
  await mkdir(dirname(knownHosts()), { recursive: true })
  const text = `[127.97.0.22]:2222 ${servers[0]?.hostKey}\n`
  await writeFile(knownHosts(), text)
  const { code, out } = await project.call(['hostkeys', 'trust', 'h2', '--fingerprint', print(2)])
  expect(code).toBe(3)
  expect(out).toContain(`h2 ssh-ed25519 ${print(2)} CHANGED: ${knownHosts()}:1 has ssh-ed25519 ${print(1)}`)
  expect(await readFile(knownHosts(), 'utf8')).toBe(text)
})

test('--host-key-checking accept-new stores them without a question', async () => {
  const args = ['ping', 'all', '--host-key-checking']
  expect((await project.call([...args, 'never'])).code).toBe(2)
  expect(await project.call([...args, 'strict'])).toMatchObject({ code: 4 })
  expect([isStored(1), isStored(2)]).toEqual([false, false])
  expect(await project.call([...args, 'accept-new'])).toMatchObject({ code: 0 })
  expect([isStored(1), isStored(2)]).toEqual([true, true])
  await rm(knownHosts())
  expect(await project.call(['plan', 'look.ts', '--host-key-checking', 'accept-new'])).toMatchObject({
    code: 0,
  })
  expect([isStored(1), isStored(2)]).toEqual([false, false])
  expect(await project.call(['look.ts', '--host-key-checking', 'accept-new'])).toMatchObject({ code: 0 })
  expect([isStored(1), isStored(2)]).toEqual([true, true])
})
