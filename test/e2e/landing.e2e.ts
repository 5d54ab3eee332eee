import { execFileSync } from 'node:child_process'
import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FleetLab, fleetLab, playbookFile } from '../support/fleet.ts'

let lab: FleetLab
let before: Awaited<ReturnType<FleetLab['dumps']>>
let first: string
let landed: Awaited<ReturnType<FleetLab['dumps']>>

beforeAll(async () => {
  lab = await fleetLab('127.129.2')
  before = await lab.dumps()
})
afterAll(() => lab.end())

async function serves(version: string, hosts = Object.keys(lab.info.hosts)): Promise<void> {
  for (const host of hosts)
    expect((await lab.get(host, 9763, '/services/Version')).text, host).toContain(`-${version}`)
}
/** Writes what the inventory has to say of a fleet that has landed at 2.6.0, and which repository comes next. */
async function inventory(file: string, repository: string): Promise<void> {
  const said = await lab.run('inventory', '--host', 'km-1', '-i', 'inventory/lab/hosts.yml')
  const { svn } = JSON.parse(said.text) as { readonly svn: Readonly<Record<string, unknown>> }
  const { url } = svn
  const vars = {
    apim_version: '2.6.0',
    svn: { ...svn, old_url: url, url: String(url).replace(/[^/]*$/, repository) },
  }
  const homes = Object.keys(lab.info.hosts).map((host) => [host, { apim_home: '/opt/wso2/wso2am-2.6.0' }])
  await writeFile(join(lab.cwd, file), JSON.stringify({ all: { vars, hosts: Object.fromEntries(homes) } }))
}
const runOf = (text: string) => /\brun (\d{8}-\S+?):/.exec(text)?.[1] ?? ''

test('to-2.6.0.ts lands the fleet on the clean repository, each worker proved against it, and ends there', async () => {
  const { code, text } = await lab.run(playbookFile('to-2.6.0'), '--yes')
  expect(code, text).toBe(0)
  first = runOf(text)
  await serves('2.6.0')
  expect(text).toMatch(/start gateway-manager > gw-mgr-1 > synchronized: ok/)
  expect(text.match(/gw-worker-\d > synchronized: ok/g)).toHaveLength(3)
  expect(text).not.toMatch(/== 3\.0\.0/)
  landed = await lab.dumps()
})

test('svn-repoint.ts takes it to another clean repository, and back', async () => {
  const { root } = lab.info.svn
  execFileSync('svnadmin', ['create', join(root, 'again')])
  await cp(join(root, 'wso2am-clean/conf'), join(root, 'again/conf'), { recursive: true })
  await inventory('again.json', 'again')
  const args = ['-i', 'inventory/lab/hosts.yml', '-i', 'again.json', '--yes']
  const trees = await lab.trees()
  const { code, text } = await lab.run(playbookFile('svn-repoint'), ...args)
  expect(code, text).toBe(0)
  await serves('2.6.0')
  expect(text.match(/gw-(mgr|worker)-\d > synchronized: ok/g)).toHaveLength(4)
  const asked = await lab.run(
    'exec',
    'gw-worker-2',
    ...args.slice(0, 4),
    '--',
    'svn info --show-item url /opt/wso2/wso2am-2.6.0/repository/deployment/server',
  )
  expect(asked.text).toContain('/again/-1234')

  const back = await lab.run('rollback', '--yes')
  expect(back.code, back.text).toBe(0)
  await serves('2.6.0')
  const now = await lab.trees()
  const moved = [...trees].filter(
    ([name, digest]) => /carbon\.xml|synapse-configs/.test(name) && now.get(name) !== digest,
  )
  expect(moved).toEqual([])
})

test('another day another run goes on from there to 3.0.0, and comes back to 2.6.0', async () => {
  await inventory('second.json', 'unused')
  const { code, text } = await lab.run(
    playbookFile('to-3.0.0'),
    '-i',
    'inventory/lab/hosts.yml',
    '-i',
    'second.json',
    '--yes',
  )
  expect(code, text).toBe(0)
  await serves('3.0.0')

  const back = await lab.run('rollback', '--yes')
  expect(back.code, back.text).toBe(0)
  await serves('2.6.0')
  expect(await lab.dumps()).toEqual(landed)
})

test('the first run can still be taken back after it', async () => {
  const back = await lab.run('rollback', first, '--yes')
  expect(back.code, back.text).toBe(0)
  await serves(
    '1.9.1',
    Object.keys(lab.info.hosts).filter((host) => host !== 'tm-1'),
  )
  expect(await lab.dumps()).toEqual(before)
})
