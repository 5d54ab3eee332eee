import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bundle, carried, overlay, rewriteGateway } from '../../src/apim/trees.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { type LocalOn, localOn, perform } from '../support/local-on.ts'

const dir = mkdtempSync(join(fastDirectory(), 'trees-'))
let local: LocalOn
beforeAll(async () => {
  local = await localOn(join(dir, 'here'), () => '')
})
afterAll(async () => {
  await local.close()
  rmSync(dir, { recursive: true })
})

test('what a home shares with others comes along as files, and nothing is ever written where it links to', async () => {
  const put = (path: string, text: string) => {
    mkdirSync(join(dir, path, '..'), { recursive: true })
    writeFileSync(join(dir, path), text)
  }
  put('export/tenants/1/synapse-configs/default/api/orders.xml', 'old')
  put('export/tenants/1/.svn/entries', 'svn')
  put('export/userstores/x.xml', 'store')
  put('old/repository/deployment/server/synapse-configs/default/api/a b.xml', 'api')
  put('old/repository/resources/security/wso2carbon.jks', 'keys')
  symlinkSync(join(dir, 'export/tenants'), join(dir, 'old/repository/tenants'))
  symlinkSync(join(dir, 'export/userstores'), join(dir, 'old/repository/deployment/server/userstores'))
  symlinkSync('nowhere', join(dir, 'old/repository/deployment/server/synapse-configs/default/api/gone.xml'))
  put('new/repository/tenants/readme', 'of the pack')

  const file = join(dir, 'trees.tar')
  const { out } = await perform(local, bundle({ home: join(dir, 'old'), file }))
  await perform(local, overlay({ home: join(dir, 'new'), file: out.path, rules: { keep: [], refresh: [] } }))
  expect((await perform(local, carried({ home: join(dir, 'new') }))).out).toEqual({ files: 3 })
  const found = execFileSync('find', ['.', '-mindepth', '1', '!', '-type', 'd', '-printf', '%P %y\n'], {
    cwd: join(dir, 'new'),
    encoding: 'utf8',
  })
  expect(found.trim().split('\n').sort()).toEqual([
    '.upgrade-fleet-sums f',
    'repository/deployment/server/synapse-configs/default/api/a b.xml f',
    'repository/deployment/server/userstores/x.xml f',
    'repository/resources/security/wso2carbon.jks f',
    'repository/tenants/1/synapse-configs/default/api/orders.xml f',
    'repository/tenants/readme f',
  ])
  writeFileSync(join(dir, 'new/repository/tenants/1/synapse-configs/default/api/orders.xml'), 'new')
  expect(readFileSync(join(dir, 'export/tenants/1/synapse-configs/default/api/orders.xml'), 'utf8')).toBe(
    'old',
  )
})

test('of two environments each home gets the APIs of its own, and what is common from the first', async () => {
  const own = mkdtempSync(join(dir, 'two-'))
  const put = (path: string, text = path) => {
    mkdirSync(join(own, path, '..'), { recursive: true })
    writeFileSync(join(own, path), text)
  }
  const server = 'repository/deployment/server'
  put(`live/${server}/synapse-configs/default/api/paid.xml`)
  put(`live/${server}/synapse-configs/default/api/both.xml`)
  put(`live/${server}/userstores/x.xml`)
  put('live/repository/tenants/1/synapse-configs/default/api/live.xml')
  put('live/repository/tenants/1/userstores/y.xml')
  put(`try/${server}/synapse-configs/default/api/both.xml`)
  put(`try/${server}/userstores/x.xml`)
  put('try/repository/tenants/1/synapse-configs/default/api/try.xml')
  put(`new/${server}/synapse-configs/default/sequences/main.xml`, 'of the pack')
  const file = (name: string) => join(own, `${name}.tar`)
  await perform(local, bundle({ home: join(own, 'live'), file: file('live') }))
  const without = ['synapse-configs']
  await perform(local, bundle({ home: join(own, 'try'), file: file('try'), only: without }))
  const home = join(own, 'new')
  const rules = { keep: [], refresh: [] }
  await perform(local, overlay({ home, file: file('live'), without, more: [file('try')], rules }))
  const found = execFileSync('find', ['.', '-type', 'f', '-name', '*.xml', '-printf', '%P\n'], {
    cwd: home,
    encoding: 'utf8',
  })
  expect(found.trim().split('\n').sort()).toEqual([
    `${server}/synapse-configs/default/api/both.xml`,
    `${server}/synapse-configs/default/sequences/main.xml`,
    `${server}/userstores/x.xml`,
    'repository/tenants/1/synapse-configs/default/api/try.xml',
    'repository/tenants/1/userstores/y.xml',
  ])
  const both = join(home, server, 'synapse-configs/default/api/both.xml')
  expect(readFileSync(both, 'utf8')).toMatch(/^try/)
  expect(readFileSync(join(home, server, 'userstores/x.xml'), 'utf8')).toMatch(/^live/)
  expect((await perform(local, carried({ home }))).out).toEqual({ files: 4 })
  writeFileSync(both, 'changed')
  await expect(perform(local, carried({ home }))).rejects.toThrow(/other files than the migration wrote/)
})

test("the gateway's script is believed only when no handler has its old place any more", async () => {
  const tree = join(dir, 'gateway')
  const api = join(tree, 'api/a b.xml')
  const script = join(dir, 'migrator.sh')
  const handler = (place: string) =>
    `<handler class="org.wso2.carbon.apimgt.${place}.APIMgtResponseHandler"/>`
  mkdirSync(join(tree, 'api'), { recursive: true })
  const run = (text: string) => {
    writeFileSync(api, handler('usage.publisher'))
    writeFileSync(script, text)
    return perform(local, rewriteGateway({ script, trees: [tree, join(dir, 'none')] }))
  }

  await run(`find "$1" -type f -exec sed -i s/usage.publisher/gateway.handlers.analytics/ '{}' +\n`)
  expect(readFileSync(api, 'utf8')).toBe(handler('gateway.handlers.analytics'))
  await expect(run('echo "migration completed."\n')).rejects.toThrow(
    /1 files still name handlers by where they were/,
  )
  await expect(run('exit 3\n')).rejects.toThrow(/exited 3/)
})
