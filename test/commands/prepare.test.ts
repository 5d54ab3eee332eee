import { join } from 'node:path'
import { expect, test } from 'vitest'
import { applied, prepare } from '../../src/commands/prepare.ts'
import { any, defineFleet, observe, play, playbook, z } from '../../src/index.ts'
import { endpointOf } from '../../src/inventory/endpoint.ts'
import { loadInventory } from '../../src/inventory/load-inventory.ts'
import { fakeIo } from '../support/io.ts'
import { files } from '../support/site.ts'

const fleet = defineFleet({ groups: { web: any(z.object({})) }, vars: z.object({}) })
const look = observe('look', async (_on, input: { name: string }) => input)
const book = playbook('look', { fleet, params: z.object({ name: z.string() }) }, (site, { name }) => [
  play('look', site.web).task('name', () => look({ name })),
])

test('connection variables of -e are those that connections are made by, parameters go to the playbook', async () => {
  const cwd = await files({ 'hosts.yml': 'web: { hosts: { a: { ansible_port: 22 } } }\n' })
  const inventory = await loadInventory({ sources: ['hosts.yml'], cwd, env: {} })
  const extraVars = { ansible_port: '2022', ansible_user: 'ann', name: 'x' }
  const { inventory: used, schedule } = applied(book as never, { inventory, extraVars, limit: undefined })
  const [host] = used.hosts
  if (host === undefined) throw new Error('the inventory has a host')
  expect(endpointOf(used, host)).toMatchObject({ port: 2022, user: 'ann' })
  expect(schedule.phases).toHaveLength(1)
  expect(host.vars).not.toHaveProperty('name')
})

test.each([
  ['db_password=hunter2', /warning: -e db_password: .*run\.json.*"env": "NAME"/],
  ['{"db_password": {"env": "DB"}}', /^$/],
  ['token_cleanup=true via=2.6.0', /^$/],
])('-e %s is warned of where it would be kept openly', async (extra, expected) => {
  const cwd = await files({ 'hosts.yml': 'web: { hosts: { a: {} } }\n' })
  const io = fakeIo({ cwd })
  const flags = { inventory: ['hosts.yml'], extraVars: [extra], forks: 1, state: join(cwd, 'state') }
  await prepare(io, 'nowhere.ts', flags, true).catch(() => {})
  expect(io.written.err).toMatch(expected)
})
