import { afterEach, expect, test } from 'vitest'
import { labHosts } from '../../src/lab/fleet.ts'
import type { ShapeName } from '../../src/lab/shapes.ts'
import { stableHomes } from '../support/comparable.ts'
import { type FleetLab, fleetLab, playbookFile } from '../support/fleet.ts'

const upgrade = playbookFile('to-3.0.0')
const apis = ['/weather/1.0.0', '/phone/1.0.0', '/t/acme.com/orders/1.0.0']

let lab: FleetLab | undefined
afterEach(async () => {
  await lab?.end()
  lab = undefined
})

test.each<{ shape: ShapeName; database: string; range: string }>([
  { shape: 'all-in-one', database: 'mariadb', range: '127.134.1' },
])('$shape on $database goes to 3.0.0 and is brought back', async ({ shape, database, range }) => {
  lab = await fleetLab(range, '1.9.1', '--shape', shape, '--database', database)
  const hosts = labHosts(range, shape)
  const before = { dumps: await lab.dumps(), homes: stableHomes(await lab.trees(), '1.9.1') }
  expect(before.homes.size).toBeGreaterThan(50)
  await serves(
    lab,
    '1.9.1',
    hosts.filter(({ profile }) => profile !== undefined),
  )

  const up = await lab.run(upgrade, '--yes')
  expect(up.code, up.text).toBe(0)
  await serves(lab, '3.0.0', hosts)
  expect(await lab.dumps()).not.toEqual(before.dumps)

  const back = await lab.run('rollback')
  expect(back.code, back.text).toBe(0)
  expect(await lab.dumps()).toEqual(before.dumps)
  expect(stableHomes(await lab.trees(), '1.9.1')).toEqual(before.homes)
  await serves(
    lab,
    '1.9.1',
    hosts.filter(({ profile }) => profile !== undefined),
  )
})

test('an all-in-one on its own H2 is refused, with the way out, and nothing is changed', async () => {
  lab = await fleetLab('127.134.2', '1.9.1', '--shape', 'all-in-one', '--database', 'h2')
  const trees = stableHomes(await lab.trees(), '1.9.1')
  const { code, text } = await lab.run(upgrade, '--yes')
  expect(code, text).toBe(2)
  expect(text).toMatch(
    /apim is in jdbc\/WSO2AM_DB by api-manager\.xml, which is jdbc:h2:.*a file of this node/,
  )
  expect(text).toMatch(/move it to MySQL or PostgreSQL first/)
  expect(stableHomes(await lab.trees(), '1.9.1')).toEqual(trees)
})

async function serves(
  at: FleetLab,
  version: string,
  hosts: readonly { readonly name: string; readonly groups: readonly string[] }[],
): Promise<void> {
  for (const { name, groups } of hosts) {
    const { text } = await at.get(name, 9763, '/services/Version')
    expect(text, name).toContain(`WSO2 API Manager-${version}`)
    if (!groups.some((group) => group.startsWith('gateway_'))) continue
    for (const api of apis) expect((await at.get(name, 8280, api)).status, `${name} ${api}`).toBe(200)
  }
}
