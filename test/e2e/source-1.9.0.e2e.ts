import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FleetLab, fleetLab, playbookFile } from '../support/fleet.ts'

const upgrade = playbookFile('to-3.0.0')
const apis = ['/weather/1.0.0', '/phone/1.0.0', '/t/acme.com/orders/1.0.0']
const gateways = ['gw-mgr-1', 'gw-worker-1', 'gw-worker-2', 'gw-worker-3']
const old = ['km-1', 'pub-1', 'store-1', ...gateways]

let lab: FleetLab
beforeAll(async () => {
  lab = await fleetLab('127.127.1', '1.9.0')
})
afterAll(() => lab.end())

test('a fleet of 1.9.0 goes to 3.0.0 and is brought back: servers, APIs, databases', async () => {
  const before = await lab.dumps()
  await serves('1.9.0', old)
  const up = await lab.run(upgrade, '--yes')
  expect(up.code, up.text).toBe(0)
  await serves('3.0.0', [...old, 'tm-1'])
  expect(await lab.dumps()).not.toEqual(before)

  const back = await lab.run('rollback')
  expect(back.code, back.text).toBe(0)
  expect(await lab.dumps()).toEqual(before)
  await serves('1.9.0', old)
})

test('a release that no lab can begin at is refused, with what there is', async () => {
  const { code, text } = await lab.run('lab', 'up', '--state', 'other', '--from', '1.8.0')
  expect(code, text).toBe(2)
  expect(text).toContain('A lab begins at 1.9.0 or 1.9.1, not at 1.8.0.')
})

async function serves(version: string, hosts: readonly string[]): Promise<void> {
  for (const host of hosts) {
    const { text } = await lab.get(host, 9763, '/services/Version')
    expect(text, host).toContain(`WSO2 API Manager-${version}`)
  }
  for (const host of gateways)
    for (const api of apis) expect((await lab.get(host, 8280, api)).status, `${host} ${api}`).toBe(200)
}
