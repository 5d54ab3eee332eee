import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FleetLab, fleetLab, playbookFile } from '../support/fleet.ts'

const upgrade = playbookFile('to-3.0.0')
const home = '/opt/wso2/wso2am-1.9.1'
const main = `${home}/repository/deployment/server/synapse-configs/default/sequences/main.xml`

let lab: FleetLab
beforeAll(async () => {
  lab = await fleetLab('127.126.10')
})
afterAll(() => lab.end())

const onHost = async (host: string, script: string) => {
  const { code, text } = await lab.run('exec', host, '--', script)
  expect(code, text).toBe(0)
}

test('what is wrong on several hosts is told all at once, with what to do, and nothing is changed', async () => {
  const before = await lab.dumps()
  await onHost('store-1', `echo 'export CARBON_HOME=${home}' >> ~/.bashrc`)
  await onHost('gw-mgr-1', `echo '<!-- ours -->' >> ${main}`)
  await onHost('km-1', `echo 'WSO2 API Manager v2.0.0' > ${home}/bin/version.txt`)
  await onHost(
    'pub-1',
    `sed -i 's|jdbc:mysql://[^<]*|jdbc:h2:repository/database/X|' ${home}/repository/conf/datasources/master-datasources.xml`,
  )
  const trees = await lab.trees()
  const { code, text } = await lab.run(upgrade, '--yes')
  expect(code, text).toBe(2)
  for (const [host, finding] of [
    ['store-1', 'carbon-home'],
    ['gw-mgr-1', 'custom-sequence'],
    ['km-1', 'version-signs'],
    ['pub-1', 'h2'],
  ])
    expect(text).toMatch(new RegExp(`${host}[^]*?\\[${finding}\\] `))
  expect(text).toContain('preflight_accepted: [custom-sequence]')
  expect(await lab.dumps()).toEqual(before)
  const names = [...(await lab.trees()).keys()].filter(
    (name) => !trees.has(name) && !/\/(logs|\.upgrade-fleet)\//.test(name),
  )
  expect(names).toEqual([])
})

test('what was put right, or decided, blocks no longer', async () => {
  const reset = await lab.run('lab', 'reset')
  expect(reset.code, reset.text).toBe(0)
  await onHost('gw-mgr-1', `echo '<!-- ours -->' >> ${main}`)
  const decided = { all: { vars: { preflight_accepted: ['custom-sequence'] } } }
  await writeFile(join(lab.cwd, 'decided.json'), JSON.stringify(decided))
  const { code, text } = await lab.run(
    upgrade,
    '--check',
    '-i',
    'inventory/lab/hosts.yml',
    '-i',
    'decided.json',
  )
  expect(code, text).toBe(0)
  expect(text).toMatch(/warning: \[custom-sequence\] .*main\.xml/)
})
