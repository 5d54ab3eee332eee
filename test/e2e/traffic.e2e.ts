import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FleetLab, fleetLab, playbookFile } from '../support/fleet.ts'

let lab: FleetLab
let run = ''
let before: Readonly<Record<string, string>>
beforeAll(async () => {
  lab = await fleetLab('127.128.2')
  before = await lab.dumps()
  // A balancer's hook on two gateways that notes what it was told, and which homes there were.
  const hook = (word: string) =>
    `[/bin/sh, -c, "echo $0 $(ls /opt/wso2 | grep -c wso2am-3) >>/tmp/traffic", ${word}]`
  const host = (name: string) =>
    `    ${name}: { apim_traffic: { kind: command, out: ${hook('out')}, in: ${hook('in')}, quiet: ['/bin/true'] } }\n`
  // And a name that the servers are reached by from outside.
  const own = '  vars: { apim_toml: { server: { hostname: api.example.com } } }\n'
  writeFileSync(
    join(lab.cwd, 'traffic.yml'),
    `all:\n${own}  hosts:\n${host('gw-mgr-1')}${host('gw-worker-2')}`,
  )
})
afterAll(() => lab.end())

const told = () =>
  ['gw-mgr-1', 'gw-worker-2'].map((name) =>
    readFileSync(join(lab.info.dir, 'hosts', name, 'tmp/traffic'), 'utf8')
      .trim()
      .split('\n')
      .join(),
  )
const version = async (host: string) => (await lab.get(host, 9763, '/services/Version')).text

test('gateways with a hook are out before anything stops, and in again after the cut-over, when all is healthy', async () => {
  const inventory = ['-i', 'inventory/lab/hosts.yml', '-i', 'traffic.yml']
  const { code, text } = await lab.run(playbookFile('to-3.0.0'), '--yes', ...inventory)
  expect(code, text).toBe(0)
  expect(told()).toEqual(['out 0,in 1', 'out 0,in 1'])
  const root = lab.info.hosts['gw-worker-2']?.root ?? ''
  expect(readFileSync(join(root, 'wso2/wso2am-3.0.0/repository/conf/deployment.toml'), 'utf8')).toContain(
    'hostname = "api.example.com"',
  )
  const at = (words: string) => text.indexOf(words)
  expect(at('== out of the traffic')).toBeLessThan(at('== stop gateway-worker'))
  expect(at('3.0.0: start gateway-worker > gw-worker-3 > healthy: ok')).toBeLessThan(
    at('== into the traffic'),
  )
  expect(at('== into the traffic')).toBeLessThan(at('== verify key-manager'))
  run = /run (\S+): to-3\.0\.0/.exec(text)?.[1] ?? ''
  expect(run).not.toBe('')
})

test('after it no rollback is automatic: it says what is lost, and wants the id of the run', async () => {
  const { db } = lab.info
  const login = join(lab.cwd, 'login.cnf')
  writeFileSync(login, `[client]\npassword=${readFileSync(db.passwordFile, 'utf8').trim()}\n`, {
    mode: 0o600,
  })
  const at = [`--host=${db.host}`, `--port=${db.port}`, `--user=${db.user}`, db.schemas.am]
  const sql = "INSERT INTO AM_SUBSCRIBER (USER_ID, TENANT_ID, DATE_SUBSCRIBED) VALUES ('carol', 1, NOW())"
  execFileSync('mariadb', [`--defaults-extra-file=${login}`, ...at, '-e', sql])
  const refused = await lab.run('rollback')
  expect(refused.code, refused.text).toBe(2)
  expect(refused.text).toMatch(/am_db: AM_SUBSCRIBER: (\d+) rows then, \d+ now/)
  expect(refused.text).toMatch(/has cut over \("users are served by 3\.0\.0"/)
  expect(refused.text).toContain(`--after-cutover ${run}`)
  expect(await version('gw-worker-2')).toContain('-3.0.0')
  const { code, text } = await lab.run('rollback', run, '--after-cutover', run)
  expect(code, text).toBe(0)
  expect(told()).toEqual(['out 0,in 1,out 1,in 0', 'out 0,in 1,out 1,in 0'])
  const kept = /am_db: what is there now is kept in (\S+-new-state\.sql\.gz)/.exec(text)?.[1] ?? ''
  const dump = gunzipSync(readFileSync(join(lab.info.hosts['pub-1']?.root ?? '', kept.replace('/opt/', ''))))
  expect(dump.toString()).toContain('carol')
  expect(await lab.dumps()).toEqual(before)
  for (const name of ['km-1', 'gw-mgr-1', 'gw-worker-2'])
    expect(await version(name), name).toContain('-1.9.1')
})
