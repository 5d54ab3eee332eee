import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { labHosts } from '../../src/lab/fleet.ts'
import { bootHost, haltHost, onHost } from '../../src/lab/hosts.ts'
import type { Proc } from '../../src/lab/processes.ts'
import { readState, writeState } from '../../src/lab/state.ts'
import { type FleetLab, fleetLab, playbookFile, type Started } from '../support/fleet.ts'
import { until } from '../support/until.ts'

const upgrade = playbookFile('to-3.0.0')
const range = '127.128.0'
const old = '/opt/wso2/wso2am-1.9.1'
const java = 'JAVA_HOME=/opt/jdk1.8.0_292'
let lab: FleetLab
/** The server that somebody started again. */
let started = ''
let before: Awaited<ReturnType<FleetLab['dumps']>>

// PID 1 of a lab's hosts is no systemd (its units are table-tested): a script of init.d that a boot starts, as root, with a log.
const init = `#!/bin/sh
# starts ${old}/bin/wso2server.sh
echo "$1" >>/tmp/init-calls
as() { setpriv --reuid=802 --regid=802 --clear-groups env ${java} JAVA_OPTS='-Dprofile=gateway-worker -DworkerNode=true' sh ${old}/bin/wso2server.sh "$1"; }
case $1 in start|stop) as "$1" ;; esac
`

beforeAll(async () => {
  lab = await fleetLab(range)
  before = await lab.dumps()
  await root('gw-worker-3', 'mount -t tmpfs none /etc/init.d && mount -t tmpfs none /etc/rc3.d')
  writeFileSync(join(own('gw-worker-3'), 'tmp/init'), init, { mode: 0o755 })
  await root(
    'gw-worker-3',
    'cp -p /tmp/init /etc/init.d/wso2am && ln -s ../init.d/wso2am /etc/rc3.d/S20wso2am',
  )
})
afterAll(() => lab.end())

const own = (host: string) => join(lab.info.dir, 'hosts', host)
async function proc(host: string): Promise<Proc> {
  const state = await readState(lab.info.dir)
  const found = state?.hosts[host]
  if (found === undefined) throw new Error(`${host} is not running`)
  return found
}
const root = async (host: string, line: string) => onHost(await proc(host), line, 'root')
const version = async (host: string) => (await lab.get(host, 9763, '/services/Version')).text
const link = () => root('gw-worker-3', 'readlink /etc/rc3.d/S20wso2am || echo none')
const calls = () =>
  readFileSync(join(own('gw-worker-3'), 'tmp/init-calls'), 'utf8')
    .trim()
    .split('\n')

/** Waits until a run says something, and fails if it ends before. */
async function says(run: Started, text: string): Promise<void> {
  let over = false
  void run.ended.then(() => {
    over = true
  })
  await until(() => over || run.text().includes(text), `the run says ${text}`, 240)
  if (!run.text().includes(text)) throw new Error(run.text())
}

test('a server that somebody starts again in mid-hop is caught before the next client, with host, home and who', async () => {
  // Nothing that is looked for knows of this one: like a watchdog that somebody left in a session.
  await onHost(
    await proc('gw-worker-2'),
    `setsid sh -c 'while [ ! -e /tmp/go ]; do sleep 0.1; done; ${java} JAVA_OPTS=-Dprofile=gateway-worker sh ${old}/bin/wso2server.sh start' watchdog </dev/null >/dev/null 2>&1 &`,
  )
  const run = lab.start(upgrade, '--yes')
  await says(run, '== 2.0.0: clients')
  writeFileSync(join(own('gw-worker-2'), 'tmp/go'), '')
  const { code, text } = await run.ended
  expect(code, text).toBe(3)
  expect(text).toMatch(/A server runs that must not while databases are changed/)
  expect(text).toMatch(/gw-worker-2: pid \d+, \/opt\/wso2\/wso2am-1\.9\.1, for \d+ seconds, below pid \d+/)
  expect(text).not.toMatch(/== 2\.6\.0/)
  started = /gw-worker-2: pid (\d+)/.exec(text)?.[1] ?? ''
})

test('a server that a script of init.d starts was stopped through it, and no boot starts it while the run is on', async () => {
  expect(calls()).toEqual(['stop'])
  expect(await link()).toBe('none\n')
})

test('rollback waits for nobody else, starts it through the script again, and gives the boot its link', async () => {
  const refused = await lab.run('rollback')
  expect(refused.code, refused.text).toBe(6)
  expect(refused.text).toMatch(/others are connected/)
  await root('gw-worker-2', `kill -KILL ${started}`)
  await until(async () => (await lab.get('gw-worker-2', 9763, '/')).status === 0, 'it has ended')
  const { code, text } = await lab.run('rollback')
  expect(code, text).toBe(0)
  expect(calls()).toEqual(['stop', 'start'])
  expect(await link()).toBe('../init.d/wso2am\n')
  expect(await lab.dumps()).toEqual(before)
  for (const host of ['gw-worker-2', 'gw-worker-3']) expect(await version(host), host).toContain('-1.9.1')
})

test('a migration host that reboots in mid-hop leaves the client unknown; resume brings the checkpoint back and goes on', async () => {
  const secret = (name: string, value: string) => {
    const path = join(lab.cwd, name)
    writeFileSync(path, value, { mode: 0o600 })
    return `{ file: ${path} }`
  }
  // What users do, with tokens that were issued before: tried at 1.9.1, 2.6.0 and 3.0.0.
  writeFileSync(
    join(lab.cwd, 'checks.yml'),
    `all:
  vars:
    checks:
      client: { key: labKeyAliceProduction, secret: ${secret('client', 'labSecretAliceProduction')} }
      calls:
        - { name: super, path: /weather/1.0.0, token: ${secret('alice', 'labTokenAliceActive')} }
        - { name: acme, path: /t/acme.com/orders/1.0.0, token: ${secret('bob', 'labTokenBobActive')} }
      logins: [{ user: alice, password: ${secret('password', 'labPassword')} }]
`,
  )
  const run = lab.start(upgrade, '--yes', '-i', 'inventory/lab/hosts.yml', '-i', 'checks.yml')
  await says(run, 'steps of identity 5.2.0 to 5.7.0 are asked for')
  const state = await readState(lab.info.dir)
  const host = labHosts(range).find(({ name }) => name === 'pub-1')
  if (state === undefined || host === undefined) throw new Error('no lab')
  await haltHost(await proc('pub-1'))
  const booted = await bootHost(state.dir, host)
  await writeState({ ...state, hosts: { ...state.hosts, 'pub-1': booted } })
  const { code, text } = await run.ended
  expect([3, 4, 6], text).toContain(code)
  expect(text).not.toMatch(/== 3\.0\.0/)
  const resumed = await lab.run('resume')
  expect(resumed.code, resumed.text).toBe(0)
  expect(resumed.text).toMatch(/2\.6\.0: checkpoint was brought back/)
  for (const name of Object.keys(lab.info.hosts)) expect(await version(name), name).toContain('-3.0.0')
  for (const role of ['key-manager', 'gateway-manager', 'gateway-worker'])
    expect(resumed.text).toMatch(new RegExp(`3\\.0\\.0: start ${role} > [^ ]+ > users: ok`))
  // Its script names the old home: a person has to change it before a boot may start it.
  expect(resumed.text).toMatch(/still held, since it names the old home: \/etc\/rc3\.d\/S20wso2am/)
  expect(await link()).toBe('none\n')
  expect(existsSync(join(own('gw-worker-3'), `${old}/wso2carbon.pid`))).toBe(true)
})
