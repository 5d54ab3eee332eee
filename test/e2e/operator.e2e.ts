import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type FleetLab, fleetLab, playbookFile } from '../support/fleet.ts'
import { type WebSite, webSite } from '../support/web-site.ts'

const upgrade = playbookFile('to-3.0.0')
const gateways = ['gw-mgr-1', 'gw-worker-1', 'gw-worker-2', 'gw-worker-3']
let lab: FleetLab

beforeAll(async () => {
  lab = await fleetLab('127.75.0')
})
afterAll(() => lab.end())

async function serves(release: string): Promise<void> {
  for (const host of ['km-1', 'pub-1', 'store-1', ...gateways])
    expect((await lab.get(host, 9763, '/services/Version')).text, host).toContain(`-${release}<`)
}

test('verify.ts names each server that is not what it is meant to be, at the line of the playbook', async () => {
  const { code, text } = await lab.run(playbookFile('verify'))
  expect(code, text).toBe(3)
  expect(text).toMatch(/gw-worker-2 > serves: failed .*gateway-worker 3\.0\.0 on gw-worker-2: 0 servers run/)
  expect(text).toMatch(/at .*playbooks\/verify\.ts:\d+/)
  // Nothing was changed, so there is nothing to take back.
  expect(text).not.toMatch(/upgrade-fleet rollback/)
})

test('backup.ts, planned and done by its plan, leaves all servers as they were', async () => {
  const planned = await lab.run('plan', playbookFile('backup'), '--out', 'plan.json')
  expect(planned.code, planned.text).toBe(0)
  expect(planned.text).toMatch(/8 hosts, 3 things: [1-9]\d* would change/)
  const { code, text } = await lab.run('run', '--plan', 'plan.json', '--yes', '--output', 'lines')
  expect(code, text).toBe(0)
  // As it found them, so there is nothing to take back.
  expect(text).not.toMatch(/upgrade-fleet rollback/)
  await serves('1.9.1')
})

test('restart.ts restarts one worker after the other, and touches none where one is sick before', async () => {
  const restart = playbookFile('restart')
  const { code, text } = await lab.run(restart, '--limit', 'gateway_workers')
  expect(code, text).toBe(0)
  const order = [...text.matchAll(/restart gateway-worker > (\S+) > (stop|APIs)/g)].map(([, ...said]) => said)
  expect(order).toEqual(
    gateways.slice(1).flatMap((host) => [
      [host, 'stop'],
      [host, 'APIs'],
    ]),
  )

  await lab.run('lab', 'break', 'started-but-unhealthy:gw-worker-2')
  const sick = await lab.run(restart)
  await lab.run('lab', 'break', 'none')
  expect(sick.code, sick.text).toBe(2)
  expect(sick.text).toMatch(/gw-worker-2 > serves: failed .* is not healthy/)
  expect(sick.text).not.toMatch(/> stop:/)
  await serves('1.9.1')
})

test('a plan whose facts moved is refused, naming host and fact, and nothing is changed', async () => {
  const planned = await lab.run('plan', upgrade, '--out', 'plan.json')
  expect(planned.code, planned.text).toBe(0)
  const says = (release: string) =>
    lab.run(
      'exec',
      'store-1',
      '--',
      `sed -i s/v1.9.[0-9]/v${release}/ /opt/wso2/wso2am-1.9.1/bin/version.txt`,
    )
  await says('1.9.0')
  const { code, text } = await lab.run('run', '--plan', 'plan.json', '--yes')
  await says('1.9.1')
  expect(code, text).toBe(2)
  expect(text).toMatch(/The plan does not hold any more; nothing was changed/)
  expect(text).toMatch(
    /store-1 > preflight > version: (.|\n)*?\[version-claim\] .* is 1\.9\.0, but the inventory says apim_version 1\.9\.1/,
  )
  const again = await lab.run('run', '--plan', 'plan.json', '--check', '--output', 'quiet')
  expect(again.code, again.text).toBe(0)
})

test('a run that holds the lock is named, exit 7', async () => {
  const lock = join(lab.cwd, '.upgrade-fleet/lock')
  const holder = { run: 'r-1', user: 'ann', machine: 'elsewhere', pid: 7, started: '1', since: 'noon' }
  await mkdir(lock)
  await writeFile(join(lock, 'holder.json'), JSON.stringify(holder))
  const { code, text } = await lab.run(upgrade, '--yes')
  expect(code, text).toBe(7)
  expect(text).toMatch(/Locked by the run r-1 of ann on elsewhere \(pid 7\) since noon/)
  const unlocked = await lab.run('unlock', '--run', 'r-1')
  expect(unlocked.code, unlocked.text).toBe(0)
  expect(existsSync(lock)).toBe(false)
})

test('interrupted in mid-run it ends what it had begun, exit 130; resumed without anybody to ask, it stops at the question', async () => {
  const interrupted = await lab.killAt('== stop gateway-worker', 'SIGINT', upgrade, '--yes')
  expect(interrupted.code, interrupted.text).toBe(130)
  expect(interrupted.text).toMatch(/what is under way is brought to its end/)
  expect(interrupted.text).not.toMatch(/== 2\.0\.0/)

  const asked = await lab.run('resume')
  expect(asked.code, asked.text).toBe(130)
  expect(asked.text).toMatch(/goes on: to-3\.0\.0/)
  expect(asked.text).toMatch(/"migrate" asks: .*\nNobody can answer here: .*--yes/)
  expect(asked.text).not.toMatch(/== 2\.0\.0: migration home/)
})

test('with --on-failure rollback a failure brings the fleet back, exit 5', async () => {
  await lab.run('lab', 'break', 'migration-error-still-starts')
  const { code, text } = await lab.run('resume', '--yes', '--on-failure', 'rollback')
  await lab.run('lab', 'break', 'none')
  expect(code, text).toBe(5)
  expect(text).toMatch(/rollback of to-3\.0\.0: done/)
  await serves('1.9.1')
})

describe('the web tier of the example', () => {
  const book = fileURLToPath(new URL('../../examples/web-tier/web-tier.ts', import.meta.url))
  let site: WebSite
  let before: readonly string[]
  beforeAll(async () => {
    site = await webSite(lab)
    before = await site.files()
  })
  const rollOut = (release: string) => lab.run(book, ...site.inventory, '-e', `release=${release}`)
  const all = (release: string) => site.hosts.map(() => `release ${release}`)

  test('a server that does not serve the new release goes back by itself, and stops the rollout', async () => {
    const [well = '', ill = '', ...others] = site.hosts
    await site.sick(ill, 'release 2')
    const { code, text } = await rollOut('2')
    expect(code, text).toBe(3)
    expect(text).toContain(`${ill} > give up: failed`)
    expect(text).toContain('2 is not served:')
    // Its wave of two went on to its end; nobody else was touched, and all are in service.
    expect(await site.answers()).toEqual(
      [2, 1, ...others.map(() => 1)].map((release) => `release ${release}`),
    )
    expect(await site.drained()).toEqual([])
    expect(text).not.toContain(`${others[0]} >`)
    expect(text).toContain(`${well} > serves: ok`)

    const back = await lab.run('rollback', '--yes')
    expect(back.code, back.text).toBe(0)
    expect(await site.answers()).toEqual(all('1'))
    expect(await site.files()).toEqual(before)
    await site.sick(ill, '')
  })

  test('it is rolled out to a quarter at a time, and comes back as a whole', async () => {
    const { code, text } = await rollOut('3')
    expect(code, text).toBe(0)
    expect(text).toContain('wave 4 of 4')
    expect(await site.answers()).toEqual(all('3'))
    expect(await site.drained()).toEqual([])

    const back = await lab.run('rollback', '--yes')
    expect(back.code, back.text).toBe(0)
    expect(await site.answers()).toEqual(all('1'))
    expect(await site.files()).toEqual(before)
  })
})
