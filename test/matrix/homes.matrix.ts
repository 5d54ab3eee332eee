import { readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { labStatus } from '../../src/lab/lab.ts'
import { stableHomes } from '../support/comparable.ts'
import { type FleetLab, fleetLab, playbookFile } from '../support/fleet.ts'

// Machines with two homes each: what is told of them, and the way back without controller and journal. The way there and
// back by the journal is a row of sources.matrix.ts.
let lab: FleetLab
const upgrade = playbookFile('to-3.0.0')
beforeAll(async () => {
  lab = await fleetLab('127.146.1', '1.9.1', '--shape', 'two-homes')
})
afterAll(() => lab?.end())

const here = async () => ({ dumps: await lab.dumps(), homes: stableHomes(await lab.trees(), '1.9.1') })
const ports = async () => {
  const status = await labStatus({ state: join(lab.cwd, '.upgrade-fleet') })
  return Object.fromEntries((status?.hosts ?? []).map((host) => [host.name, host.ports.slice(1)]))
}
/** Runs the upgrade with an inventory that says something else; brings it back. */
async function told(from: string | RegExp, to: string) {
  const before = readFileSync(lab.info.inventory, 'utf8')
  const changed = before.replace(from, to)
  expect(changed).not.toBe(before)
  writeFileSync(lab.info.inventory, changed)
  try {
    return await lab.run(upgrade, '--yes')
  } finally {
    writeFileSync(lab.info.inventory, before)
  }
}

test('every port of a server is behind its offset, by its configuration or by the flag of its start', async () => {
  expect(await ports()).toEqual({
    'km-1': [9443, 9763, 8243, 8280, 10397],
    'pub-1': [9443, 9763, 8243, 8280],
    'store-1': [9444, 9764, 8244, 8281],
    'gw-1': [9446, 9766, 8246, 8283],
    'tm-1': [],
  })
})

test('an inventory that says another offset than is, or puts two homes in one place, is refused, and nothing is changed', async () => {
  const before = await here()
  const wrong = await told('apim_port_offset: 1', 'apim_port_offset: 5')
  expect(wrong.code, wrong.text).toBe(2)
  expect(wrong.text).toMatch(
    /\[port-offset\] \/opt\/wso2-store-1\/wso2am-1\.9\.1 has the port offset 1 by -DportOffset at its start \(carbon\.xml says 0\), but the inventory says 5: say apim_port_offset: 1 for this host/,
  )
  // The other home of the machine is a host of the inventory, and so no stranger.
  expect(wrong.text).not.toMatch(/\[two-homes\]/)
  const none = await told(/ +apim_port_offset: 3\n/, '')
  expect(none.code, none.text).toBe(2)
  expect(none.text).toMatch(
    /\[port-offset\] \/opt\/wso2\/wso2am-1\.9\.1 has the port offset 3 in carbon\.xml, but the inventory says none: say apim_port_offset: 3 for this host/,
  )
  const same = await told(/ +apim_port_offset: 1\n/, '')
  expect(same.code, same.text).toBe(2)
  expect(same.text).toMatch(
    /pub-1 and store-1 are one machine, and the new servers of both would listen on 9443/,
  )
  const one = await told(/apim_base: \/opt\/wso2-store-1\n/, 'apim_base: /opt/wso2\n')
  expect(one.code, one.text).toBe(2)
  expect(one.text).toMatch(/both would make their new homes in \/opt\/wso2 \(apim_base\)/)
  const unsaid = await told(/ +upgrade_fleet_same_machine: pub-1\n/, '')
  expect(unsaid.code, unsaid.text).toBe(2)
  expect(unsaid.text).toMatch(/are one machine/)
  expect(await here()).toEqual(before)
})

test('the fleet is upgraded by two runs, each server behind its offset, and taken back by the manifests alone', async () => {
  const before = await here()
  // Killed while the homes of both names are made: each name takes the one lock of its machine over.
  const killed = await lab.killAt('== 3.0.0: homes', 'SIGKILL', upgrade, '--yes', '--output', 'lines')
  expect(killed.code, killed.text).not.toBe(0)
  expect(killed.text).toContain('== 3.0.0: homes')
  const up = await lab.run('resume', '--yes')
  expect(up.code, up.text).toBe(0)
  const verified = await lab.run(playbookFile('verify'))
  expect(verified.code, verified.text).toBe(0)
  expect(await ports()).toEqual({
    'km-1': [9443, 9763, 8243, 8280],
    'pub-1': [9443, 9763, 8243, 8280],
    'store-1': [9444, 9764, 8244, 8281],
    'gw-1': [9446, 9766, 8246, 8283, 9102, 8102],
    'tm-1': [9445, 9765, 8245, 8282, 5674, 9613, 9713],
  })
  const toml = (home: string) =>
    lab.info.run('gw-1', `cat ${home}/wso2am-3.0.0/repository/conf/deployment.toml`)
  const gateway = await toml('/opt/wso2')
  expect(gateway).toMatch(/^offset = 3$/m)
  expect(gateway).toMatch(/tcp:\/\/127\.146\.1\.11:5674/)
  expect(gateway).toMatch(/https:\/\/127\.146\.1\.11:9443\/services/)
  // Each name has backups and a manifest of its own.
  const backups = (await lab.info.run('store-1', 'cd /opt/wso2/backups && ls -d * */manifest.json')).split(
    '\n',
  )
  expect(backups.toSorted().filter(Boolean)).toEqual([
    'pub-1',
    'pub-1/manifest.json',
    'store-1',
    'store-1/manifest.json',
  ])

  await rm(join(lab.cwd, '.upgrade-fleet/runs'), { recursive: true })
  for (const lock of ['km-1', 'pub-1', 'gw-1']) await lab.info.run(lock, 'rm -rf ~/.upgrade-fleet')
  const back = await lab.run(playbookFile('rollback'), '--yes')
  expect(back.code, back.text).toBe(0)
  const old = await lab.run(playbookFile('verify'), '-e', 'at=1.9.1')
  expect(old.code, old.text).toBe(0)
  expect(await ports()).toMatchObject({ 'store-1': [9444, 9764, 8244, 8281], 'tm-1': [] })
  const flags = await lab.info.run(
    'store-1',
    "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -x -e '-DportOffset=[0-9]*'",
  )
  expect(flags.trim()).toBe('-DportOffset=1')
  expect(await here()).toEqual(before)
})
