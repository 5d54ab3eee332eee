import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FleetLab, fleetLab, playbookFile } from '../support/fleet.ts'

const upgrade = playbookFile('to-3.0.0')
let lab: FleetLab

beforeAll(async () => {
  lab = await fleetLab('127.92.0')
})
afterAll(() => lab.end())

const version = async (host: string) => (await lab.get(host, 9763, '/services/Version')).text

test('a migration that fails and still starts is stopped at the gate of its hop, with the log line as evidence', async () => {
  await lab.run('lab', 'break', 'migration-error-still-starts')
  const { code, text } = await lab.run(upgrade, '--yes')
  expect(code, text).toBe(3)
  expect(text).toMatch(/ERROR \{org\.wso2\.carbon\.apimgt\.migrat/)
  expect(text).not.toMatch(/== 2\.6\.0/)
})

test("resume restores that hop's checkpoint and redoes it; a worker that is not healthy stops it before the next worker", async () => {
  await lab.run('lab', 'break', 'none')
  await lab.run('lab', 'break', 'started-but-unhealthy:gw-worker-2')
  const { code, text } = await lab.run('resume')
  expect(text).toMatch(/2\.0\.0: checkpoint was brought back/)
  expect(code, text).toBe(3)
  expect(text).toMatch(/gw-worker-2 > healthy: failed/)
  expect(text).not.toMatch(/gw-worker-3 > start/)
  expect(await version('gw-worker-1')).toContain('-2.6.0')
  expect((await lab.get('gw-worker-3', 9763, '/services/Version')).status).toBe(0)
  expect((await lab.run('show')).text).toMatch(/2\.0\.0: checkpoint > am_db > dump: undone/)
})

test('with the fault gone, resume goes on from that worker and finishes', async () => {
  await lab.run('lab', 'break', 'none')
  const { code, text } = await lab.run('resume')
  expect(code, text).toBe(0)
  expect(text).not.toMatch(/2\.0\.0: clients/)
  for (const host of Object.keys(lab.info.hosts)) expect(await version(host), host).toContain('-3.0.0')
})

test('days later clean-up.ts asks, removes what the upgrade needed, and nothing that serves or could bring back', async () => {
  const cleanUp = playbookFile('clean-up')
  const listed = async () =>
    (await lab.run('exec', 'all', '--', 'ls -d /opt/wso2/*')).text
      .split('\n')
      .filter((line) => /wso2\//.test(line))
  const nobody = await lab.run(cleanUp)
  expect(nobody.code, nobody.text).toBe(130)
  expect(nobody.text).toMatch(/Remove \d+ directories .* for good: .*\/opt\/wso2\/migration/)
  expect((await listed()).join()).toContain('/opt/wso2/migration')

  const { code, text } = await lab.run(cleanUp, '--yes')
  expect(code, text).toBe(0)
  const left = (await listed()).join('\n')
  expect(left).not.toMatch(/migration|artifacts|wso2am-2\.\d/)
  expect(left).toMatch(/wso2am-1\.9\.1/)
  expect((await lab.run(playbookFile('verify'))).code).toBe(0)

  const all = await lab.run(cleanUp, '--yes', '-e', 'old_home=true')
  expect(all.code, all.text).toBe(0)
  expect((await listed()).join('\n')).not.toMatch(/wso2am-1/)
  const again = await lab.run(cleanUp, '-e', 'old_home=true')
  expect(again).toMatchObject({
    code: 0,
    text: expect.stringContaining('there is nothing left of an upgrade'),
  })

  const back = await lab.run('rollback', '--yes')
  expect(back.code, back.text).toBe(6)
  expect(back.text).toContain('what is cleaned up is gone')
})
