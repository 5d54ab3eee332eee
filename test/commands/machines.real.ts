import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { fold } from '../../src/model/state.ts'
import { makeProject, type Project, prelude } from '../support/project.ts'
import { machineWith, type Sshd, startSshd } from '../support/sshd.ts'
import { type Switch, startSwitch } from '../support/switch.ts'

const book = `${prelude}
export default playbook('walk', { fleet }, (site) => [
  play('look', site.web).task('look', ({ host }) => read({ path: host.vars.dir + '/fact' })),
  play('change', site.web)
    .task('one', ({ host }) => write({ path: host.vars.dir + '/one', text: 'new' }))
    .task('two', ({ host }) => write({ path: host.vars.dir + '/gate/two', text: 'new' })),
])
`
const name = '127.106.0.20'
let project: Project
let servers: readonly Sshd[]
let dns: Switch
beforeAll(async () => {
  // The first two are one machine, the third is another.
  const one = await startSshd('127.106.0.21', [], 2222, machineWith('1'.repeat(32)))
  const two = await startSshd('127.106.0.22', [], 2222, machineWith('1'.repeat(32)))
  const copy = await startSshd('127.106.0.23', [], 2222, machineWith('3'.repeat(32)))
  servers = [one, two, copy]
  for (const { directory } of [two, copy])
    writeFileSync(join(directory, 'authorized_keys'), readFileSync(join(one.directory, 'user.pub')))
  dns = await startSwitch(name, 2222, one.endpoint.address)
  project = await makeProject({ 'walk.ts': book })
  await project.write(
    'known',
    [
      ...servers.map(({ endpoint, hostKey }) => `[${endpoint.address}]:2222 ${hostKey}\n`),
      ...servers.map(({ hostKey }) => `[${name}]:2222 ${hostKey}\n`),
    ].join(''),
  )
})
afterAll(async () => {
  await dns.close()
  for (const sshd of servers) await sshd.stop()
})
beforeEach(() => dns.to('127.106.0.21'))

const host = (address: string, more = '') =>
  `{ ansible_host: ${address}, ansible_port: 2222, ansible_ssh_private_key_file: ${servers[0]?.userKey}, ansible_ssh_common_args: "-F none -o UserKnownHostsFile=${project.cwd}/known", color: red${more} }`
const inventory = (hosts: Readonly<Record<string, string>>) =>
  project.write(
    'inventory/hosts.yml',
    `web:\n  hosts:\n${Object.entries(hosts)
      .map(([one, text]) => `    ${one}: ${text}\n`)
      .join('')}`,
  )
const dir = (of: string) =>
  `, dir: ${join(project.cwd, of)}, upgrade_fleet_dir: ${join(project.cwd, of, 'work')}`
const written = (of: string) => existsSync(join(project.cwd, of, 'one'))

test('two names of one machine: plan finds it, run changes nothing and leaves no lock; a word of the inventory allows it', async () => {
  const work = `, dir: ${join(project.cwd, 'a')}, upgrade_fleet_dir: ${join(project.cwd, 'work')}`
  const hosts = { gw1: host('127.106.0.21', work), api1: host('127.106.0.22', work) }
  await inventory(hosts)
  const said = /(gw1 and api1|api1 and gw1) are one machine \(the same machine-id\)/
  expect(await project.call(['plan', 'walk.ts'])).toMatchObject({ code: 2, out: expect.stringMatching(said) })
  for (let tries = 0; tries < 2; tries++)
    expect(await project.call(['walk.ts', '--yes'])).toMatchObject({
      code: 2,
      err: expect.stringMatching(
        new RegExp(`${said.source}[\\s\\S]*upgrade_fleet_same_machine: (gw1|api1) for`),
      ),
    })
  expect(written('a')).toBe(false)
  expect((await project.call(['runs'])).out).not.toMatch(/walk/)
  await inventory({ ...hosts, api1: host('127.106.0.22', `${work}, upgrade_fleet_same_machine: gw1`) })
  expect(await project.call(['plan', 'walk.ts'])).toMatchObject({ code: 0 })
  const ran = await project.call(['exec', 'gw1', '--', `mkdir ${join(project.cwd, 'a/gate')}`])
  expect(ran.code).toBe(0)
  expect(await project.call(['walk.ts', '--yes'])).toMatchObject({ code: 0 })
  expect(written('a')).toBe(true)
})

test('a run is not resumed and not rolled back on another machine of that name, unless it is said to be new', async () => {
  await inventory({ gw1: host(name, dir('b')) })
  const first = await project.call(['walk.ts', '--yes'])
  expect(first).toMatchObject({ code: 3 })
  expect(written('b')).toBe(true)
  const events = (await project.journals()).at(-1) ?? []
  const met = fold(events).machines.get('gw1')
  expect(met).toMatchObject({ id: expect.stringMatching(/^[0-9a-f]{32}$/) })
  expect(met?.id).not.toBe('1'.repeat(32))
  const begins = events.findIndex(({ type }) => type === 'task.started')
  expect(events.findIndex(({ type }) => type === 'machines.met')).toBeLessThan(begins)
  dns.to('127.106.0.23')
  for (const command of ['resume', 'rollback']) {
    const { code, err } = await project.call([command, '--yes'])
    expect(code).toBe(2)
    expect(err).toMatch(/gw1 is another machine than before: its machine-id/)
    expect(err.trim().split('\n').at(-1)).toMatch(/--accept-machine gw1/)
  }
  expect(written('b')).toBe(true)
  expect((await project.journals()).at(-1)).toHaveLength(events.length)
  expect((await project.call(['resume', '--yes', '--accept-machine', 'other'])).code).toBe(2)
  // Accepted once, it is the machine from then on.
  expect((await project.call(['resume', '--yes', '--accept-machine', 'gw1'])).code).toBe(3)
  expect((await project.call(['resume', '--yes'])).code).toBe(3)
  dns.to('127.106.0.21')
  expect((await project.call(['rollback', '--yes'])).code).toBe(2)
  dns.to('127.106.0.23')
  mkdirSync(join(project.cwd, 'b/gate'))
  expect(await project.call(['rollback', '--yes'])).toMatchObject({ code: 0 })
})

test('a stored plan is of the machines that were asked', async () => {
  await inventory({ gw1: host(name, dir('c')) })
  expect((await project.call(['plan', 'walk.ts', '--out', 'plan.json'])).code).toBe(0)
  dns.to('127.106.0.23')
  expect(await project.call(['run', '--plan', 'plan.json', '--yes'])).toMatchObject({
    code: 2,
    err: expect.stringContaining('gw1: it is another machine: its machine-id is another'),
  })
  expect(written('c')).toBe(false)
})
