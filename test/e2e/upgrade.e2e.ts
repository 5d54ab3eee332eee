import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventsOn, stableHomes, timeless } from '../support/comparable.ts'
import { type FleetLab, fleetLab, playbookFile } from '../support/fleet.ts'

const upgrade = playbookFile('to-3.0.0')
const apis = ['/weather/1.0.0', '/phone/1.0.0', '/t/acme.com/orders/1.0.0']
const gateways = ['gw-mgr-1', 'gw-worker-1', 'gw-worker-2', 'gw-worker-3']
const old = ['km-1', 'pub-1', 'store-1', ...gateways]

const stable = (trees: ReadonlyMap<string, string>) => stableHomes(trees, '1.9.1')

let lab: FleetLab
/** What the fleet was like before anything was done. */
let before: {
  readonly dumps: Awaited<ReturnType<FleetLab['dumps']>>
  readonly homes: ReadonlyMap<string, string>
}
/** The databases after an undisturbed upgrade. */
let after: Awaited<ReturnType<FleetLab['dumps']>>

beforeAll(async () => {
  lab = await fleetLab('127.91.0')
  before = { dumps: await lab.dumps(), homes: stable(await lab.trees()) }
})
afterAll(() => lab.end())

async function serves(version: string, hosts: readonly string[]): Promise<void> {
  for (const host of hosts) {
    const { text } = await lab.get(host, 9763, '/services/Version')
    expect(text, host).toContain(`WSO2 API Manager-${version}`)
  }
  for (const host of gateways)
    for (const api of apis) expect((await lab.get(host, 8280, api)).status, `${host} ${api}`).toBe(200)
}

test('a check changes nothing on any host', async () => {
  const trees = await lab.trees()
  const { code, text } = await lab.run(upgrade, '--check')
  expect(code, text).toBe(0)
  expect(stable(await lab.trees())).toEqual(stable(trees))
  expect([...(await lab.trees()).keys()].filter((name) => !trees.has(name))).toEqual([])
  expect(await lab.dumps()).toEqual(before.dumps)
})

test('mistakes are refused before anything is connected to, with the place and what to type', async () => {
  const inventory = ['-i', 'inventory/lab/hosts.yml']
  const typo = await lab.run(upgrade, ...inventory, '--limit', 'gateway_wrokers')
  expect(typo).toMatchObject({ code: 2, text: expect.stringContaining('gateway_workers') })
  const part = await lab.run(upgrade, ...inventory, '--limit', 'gateway_workers')
  expect(part).toMatchObject({
    code: 2,
    text: expect.stringMatching(/leaves out km-1.*share their databases/),
  })

  await writeFile(
    join(lab.cwd, 'group.ts'),
    `import { play, playbook, skip } from 'upgrade-fleet'
import { fleet } from '${playbookFile('../inventory/fleet')}'
export default playbook('x', { fleet }, (site) => [play('p', site.gatewayz).task('t', () => skip('x'))])
`,
  )
  const group = await lab.run('check', 'group.ts', ...inventory)
  expect(group).toMatchObject({
    code: 2,
    text: expect.stringMatching(/group\.ts:3:\d+.*'gatewayz' does not exist/),
  })

  await writeFile(
    join(lab.cwd, 'inventory/artifacts.yml'),
    'artifacts:\n  - { name: wso2am-2.0.0, file: nowhere.zip, sha256: "00" }\n',
  )
  await writeFile(join(lab.cwd, 'inventory/other.yml'), 'all: {}\n')
  const artifact = await lab.run(upgrade, ...inventory, '-i', 'inventory/other.yml')
  await rm(join(lab.cwd, 'inventory/artifacts.yml'))
  expect(artifact).toMatchObject({
    code: 2,
    text: expect.stringMatching(/artifacts\.yml:2:\d+.*nowhere\.zip/),
  })
})

test('a host that is down is named, exit 4, and nothing is changed', async () => {
  await writeFile(join(lab.cwd, 'down.yml'), 'all: { hosts: { gw-worker-3: { ansible_port: 2 } } }\n')
  const { code, text } = await lab.run(upgrade, '-i', 'inventory/lab/hosts.yml', '-i', 'down.yml', '--yes')
  expect(code, text).toBe(4)
  expect(text).toMatch(/gw-worker-3.*unreachable/)
  const extra = await lab.run('plan', upgrade, '-e', 'ansible_port=2')
  expect(extra.code, extra.text).toBe(4)
  expect(extra.text).toMatch(/FOUND look\/km-1\/found: .*:2/)
  expect(await lab.dumps()).toEqual(before.dumps)
})

test('the fleet goes from 1.9.1 to 3.0.0, and a second run changes nothing', async () => {
  const { code, text } = await lab.run(upgrade, '--yes')
  expect(code, text).toBe(0)
  await serves('3.0.0', [...old, 'tm-1'])
  const names = [...(await lab.trees()).keys()]
  expect(names.filter((name) => /wso2\/wso2am-(2|3)[^/]*\/.*\/\.svn\//.test(name))).toEqual([])
  after = await lab.dumps()

  const again = await lab.run(upgrade, '--yes')
  expect(again.code, again.text).toBe(0)
  expect(again.text).toMatch(/already/)
  expect(again.text).not.toMatch(/: changed/)
  expect(await lab.dumps()).toEqual(after)
})

test('rollback brings 1.9.1 back: databases and homes as before', async () => {
  const part = await lab.run('rollback', '--to', '2.0.0: checkpoint')
  expect(part.code, part.text).toBe(0)
  // The operator's nightly event is off as long as the servers are down.
  expect(eventsOn(await lab.dumps())).toEqual(before.dumps)
  expect(await lab.dumps()).not.toEqual(before.dumps)
  const { code, text } = await lab.run('rollback')
  expect(code, text).toBe(0)
  expect(await lab.dumps()).toEqual(before.dumps)
  await serves('1.9.1', old)
  expect(stable(await lab.trees())).toEqual(before.homes)
})

test('killed in the middle of hop 2 and resumed, the upgrade ends as if undisturbed', async () => {
  const killed = await lab.killAt('== 2.6.0: clients', 'SIGKILL', upgrade, '--yes')
  expect(killed.code).not.toBe(0)
  const { code, text } = await lab.run('resume')
  expect(code, text).toBe(0)
  expect(text).toMatch(/2\.6\.0: checkpoint was brought back/)
  await serves('3.0.0', [...old, 'tm-1'])
  expect(timeless(await lab.dumps())).toEqual(timeless(after))
})

test('with journal and controller gone, playbooks/rollback.ts brings 1.9.1 back from the manifests', async () => {
  await rm(join(lab.cwd, '.upgrade-fleet/runs'), { recursive: true })
  const { code, text } = await lab.run(playbookFile('rollback'), '--yes')
  expect(code, text).toBe(0)
  await serves('1.9.1', old)
  expect(await lab.dumps()).toEqual(before.dumps)
  expect(stable(await lab.trees())).toEqual(before.homes)
})
