import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FleetLab, fleetLab, playbookFile } from '../support/fleet.ts'

const upgrade = playbookFile('to-3.0.0')
let lab: FleetLab

beforeAll(async () => {
  lab = await fleetLab('127.76.0')
})
afterAll(() => lab.end())

test('a migration that fails and still starts is stopped at its gate; resume restores the checkpoint and redoes the hop', async () => {
  await lab.run('lab', 'break', 'migration-error-still-starts')
  const broken = await lab.run(upgrade, '--yes')
  expect(broken.code, broken.text).toBe(3)
  expect(broken.text).toMatch(/ERROR \{org\.wso2\.carbon\.apimgt\.migrat/)
  expect(broken.text).not.toMatch(/== 2\.6\.0/)

  await lab.run('lab', 'break', 'none')
  const resumed = await lab.run('resume')
  expect(resumed.code, resumed.text).toBe(0)
  expect(resumed.text).toMatch(/2\.0\.0: checkpoint was brought back/)
  const shown = await lab.run('show')
  expect(shown.text).toMatch(/2\.0\.0: checkpoint > am_db > dump: undone/)
  expect((await lab.get('km-1', 9763, '/services/Version')).text).toContain('-3.0.0')
})

test('a worker that starts and is not healthy stops the run at its gate; the workers after it are not started', async () => {
  await lab.run('lab', 'reset')
  await lab.run('lab', 'break', 'started-but-unhealthy:gw-worker-2')
  const { code, text } = await lab.run(upgrade, '--yes')
  expect(code, text).toBe(3)
  expect(text).toMatch(/gw-worker-2 > healthy: failed/)
  expect(text).not.toMatch(/gw-worker-3 > start/)
  expect((await lab.get('gw-worker-3', 9763, '/services/Version')).status).toBe(0)
})
