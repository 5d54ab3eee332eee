import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FleetLab, fleetLab } from '../support/fleet.ts'
import { thereAndBack } from '../support/there-and-back.ts'

let lab: FleetLab
beforeAll(async () => {
  lab = await fleetLab('127.127.1', '2.6.0')
})
afterAll(() => lab.end())

test('a fleet of 2.6.0 with working copies of SVN goes to 3.0.0 and is brought back: servers, APIs, databases, homes', async () => {
  const copy = '/opt/wso2/wso2am-2.6.0/repository/deployment/server'
  expect(await lab.info.run('gw-worker-2', `svn info --show-item url ${copy}`)).toContain('/wso2am/-1234')
  expect(await lab.info.run('gw-worker-2', `ls -d ${copy}/.svn/wc.db`)).toContain('wc.db')
  await thereAndBack(lab, '2.6.0')
})

test('a release that no lab can begin at is refused, with what there is', async () => {
  const { code, text } = await lab.run('lab', 'up', '--state', 'other', '--from', '2.1.0')
  expect(code, text).toBe(2)
  expect(text).toContain('A lab begins at 1.8.0, 1.9.0, 1.9.1, 1.10.0, 2.0.0, 2.5.0 or 2.6.0, not at 2.1.0.')
})
