import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stableHomes } from '../support/comparable.ts'
import { type FleetLab, fleetLab, playbookFile } from '../support/fleet.ts'

// Production gateways that share their artefacts, and a sandbox gateway with APIs of its own. The way there and back by the
// journal is a row of sources.matrix.ts.
const upgrade = playbookFile('to-3.0.0')
let lab: FleetLab
beforeAll(async () => {
  lab = await fleetLab('127.99.1', '1.9.1', '--shape', 'environments')
})
afterAll(() => lab?.end())

const here = async () => ({ dumps: await lab.dumps(), homes: stableHomes(await lab.trees(), '1.9.1') })
const apis = { '/weather/1.0.0': 'production', '/phone/1.0.0': 'sandbox', '/t/acme.com/orders/1.0.0': 'both' }
/** Which APIs each gateway serves. */
async function served() {
  const found: Record<string, readonly string[]> = {}
  for (const host of ['gw-1', 'gw-2', 'sandbox-1']) {
    const answers = await Promise.all(
      Object.entries(apis).map(async ([path, where]) => ({ where, ...(await lab.get(host, 8280, path)) })),
    )
    found[host] = answers.filter(({ status }) => status === 200).map(({ where }) => where)
  }
  return found
}
const right = {
  'gw-1': ['production', 'both'],
  'gw-2': ['production', 'both'],
  'sandbox-1': ['sandbox', 'both'],
}

test('an inventory that does not say the environments, or says others, is refused, and nothing is changed', async () => {
  const before = await here()
  const said = await readFile(lab.info.inventory, 'utf8')
  const told = async (from: string | RegExp, to: string) => {
    const changed = said.replaceAll(from, to)
    expect(changed).not.toBe(said)
    await writeFile(lab.info.inventory, changed)
    return lab.run(upgrade, '--yes').finally(() => writeFile(lab.info.inventory, said))
  }
  const other = await told('Sandbox', 'Trial')
  expect(other.code, other.text).toBe(2)
  expect(other.text).toMatch(
    /\[environments\] .*api-manager\.xml has "Sandbox" \(sandbox\), the inventory has not/,
  )
  const none = await told(/ +apim_environment: Sandbox\n/g, '')
  expect(none.code, none.text).toBe(2)
  expect(none.text).toMatch(/sandbox-1 is a gateway and does not say its apim_environment/)
  expect(await here()).toEqual(before)
})

test('a client that a killed controller left in the home of an environment is ended by the way back without it', async () => {
  const before = await here()
  const words = ['--yes', '--output', 'lines']
  const killed = await lab.killAt(
    'runs in /opt/wso2/migration/wso2am-2.0.0-sandbox',
    'SIGKILL',
    upgrade,
    ...words,
  )
  expect(killed.code, killed.text).not.toBe(0)
  await rm(join(lab.cwd, '.upgrade-fleet/runs'), { recursive: true })
  const run = /run (\S+): to-3\.0\.0/.exec(killed.text)?.[1] ?? ''
  const unlocked = await lab.run('unlock', '--run', run)
  expect(unlocked.code, unlocked.text).toBe(0)
  const back = await lab.run(playbookFile('rollback'), '--yes', ...words.slice(1))
  expect(back.code, back.text).toBe(0)
  expect(await here()).toEqual(before)
  await lab.run('lab', 'reset')
})

test('each environment keeps its own APIs through all hops, by two runs, and goes back by the manifests alone', async () => {
  expect(await served()).toEqual(right)
  const before = await here()
  const killed = await lab.killAt(
    '== 2.0.0: clients, Sandbox',
    'SIGKILL',
    upgrade,
    '--yes',
    '--output',
    'lines',
  )
  expect(killed.code, killed.text).not.toBe(0)
  const up = await lab.run('resume', '--yes')
  expect(up.code, up.text).toBe(0)
  const verified = await lab.run(playbookFile('verify'))
  expect(verified.code, verified.text).toBe(0)
  expect(await served()).toEqual(right)

  const file = (host: string, path: string) =>
    lab.info.run(host, `cat /opt/wso2/wso2am-3.0.0/repository/${path}`)
  const toml = await file('pub-1', 'conf/deployment.toml')
  expect(toml).toMatch(/name = "Production"\ntype = "production"/)
  expect(toml).toMatch(
    /name = "Sandbox"\ntype = "sandbox"\nservice_url = "https:\/\/127\.99\.1\.16:9443\/services\/"/,
  )
  const sequence = 'deployment/server/synapse-configs/default/sequences/lab_custom.xml'
  expect(await file('gw-2', sequence)).toContain('level="full"')
  expect(await file('sandbox-1', sequence)).toContain('level="simple"')
  // What all have in common is that of the first: the identity client wrote it once.
  const store = 'deployment/server/userstores/partners_lab.xml'
  expect(await file('sandbox-1', store)).toBe(await file('gw-1', store))
  const links = (host: string) =>
    lab.info.run(
      host,
      'cd /opt/wso2/wso2am-3.0.0/repository/ && readlink tenants deployment/server/synapse-configs || :',
    )
  expect(await links('gw-2')).toBe(
    '/mnt/apim-shared/production/tenants\n/mnt/apim-shared/production/synapse-configs\n',
  )
  expect(await links('sandbox-1')).toBe('')

  await rm(join(lab.cwd, '.upgrade-fleet/runs'), { recursive: true })
  const back = await lab.run(playbookFile('rollback'), '--yes')
  expect(back.code, back.text).toBe(0)
  expect(await served()).toEqual(right)
  expect(await here()).toEqual(before)
})
