import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { synchronized } from '../../src/apim/synchronizer.ts'
import { secret } from '../../src/model/secret.ts'
import { type LocalOn, localOn, perform } from '../support/local-on.ts'
import { type Svnserve, startSvnserve } from '../support/svnserve.ts'

const dir = join(tmpdir(), `upgrade-fleet-synchronizer-${process.pid}`)
const home = join(dir, 'home')
const apis = 'repository/deployment/server/synapse-configs/default/api'
let server: Svnserve
let local: LocalOn
let repository: { url: string; user: string; password: ReturnType<typeof secret> }
let count = 0

beforeAll(async () => {
  local = await localOn(dir, () => 'pa ss')
  server = await startSvnserve(dir, '127.129.1.1', 'dev', 'pa ss')
})
afterAll(async () => {
  await server.stop()
  await local.close()
  rmSync(dir, { recursive: true, force: true })
})
beforeEach(() => {
  rmSync(home, { recursive: true, force: true })
  write(`${apis}/weather.xml`, 'weather')
  write(`${apis}/.hidden`, 'not added')
  write(`${apis}/old.xml.bk`, 'not added')
  write('repository/tenants/1/synapse-configs/default/api/orders.xml', 'orders')
  count += 1
  const name = `clean-${count}`
  server.create(name)
  repository = { url: server.url(name), user: 'dev', password: secret('svn') }
})

function write(path: string, text: string): void {
  mkdirSync(join(home, path, '..'), { recursive: true })
  writeFileSync(join(home, path), text)
}
/** Commits the way a manager does: a directory for each tenant that is loaded. */
function commit(id: string, files: Readonly<Record<string, string>>): void {
  const from = join(dir, 'commit')
  rmSync(from, { recursive: true, force: true })
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(from, path, '..'), { recursive: true })
    writeFileSync(join(from, path), text)
  }
  const login = ['--username', 'dev', '--password', 'pa ss', '--no-auth-cache', '--non-interactive']
  execFileSync('svn', ['import', '-q', '-m', 'first', ...login, from, `${repository.url}/${id}`])
}
const weather = { 'synapse-configs/default/api/weather.xml': 'weather' }
const orders = { 'synapse-configs/default/api/orders.xml': 'orders' }
const gate = (seconds = 0) => perform(local, synchronized({ repository, gateway: 'here', home, seconds }))

test('holds when what the manager committed is what it has; a tenant that is not loaded yet is named', async () => {
  commit('-1234', weather)
  expect((await gate()).out).toEqual({ revision: 1, files: 1, waiting: ['1'] })
  commit('1', orders)
  expect((await gate()).out).toEqual({ revision: 2, files: 2, waiting: [] })
})

test('nothing committed is no success', async () => {
  await expect(gate()).rejects.toThrow('-1234/: nothing is committed yet')
})

test('a deletion that was committed, another content and a missing API are named', async () => {
  commit('-1234', { 'executionplans/plan.siddhiql': 'plan' })
  commit('1', { 'synapse-configs/default/api/orders.xml': 'other' })
  await expect(gate()).rejects.toThrow(
    [
      '  -1234/executionplans/plan.siddhiql: in the repository alone',
      '  -1234/synapse-configs/default/api/weather.xml: not in the repository',
      '  1/synapse-configs/default/api/orders.xml: other content',
    ].join('\n'),
  )
})

test('waits for a commit that is on its way', async () => {
  const waiting = gate(60)
  commit('-1234', weather)
  expect((await waiting).out).toMatchObject({ files: 1 })
})
