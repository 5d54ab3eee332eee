import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { querySql } from '../../src/lab/database.ts'
import { labBreak } from '../../src/lab/lab.ts'
import { starts } from './starts.ts'
import { java, type TestLab, testLab, waitFor } from './support.ts'

let lab: TestLab

beforeAll(async () => {
  lab = await testLab('127.94.0')
})

afterEach(() => labBreak(lab.place, 'none').then(() => undefined))

afterAll(() => lab.end())

const host = 'store-1'
const old = '/opt/wso2/wso2am-1.9.1'
const started = 'WSO2 Carbon started in'

test.each(Object.entries(starts))('%s shows what the facts say', async (fault, seen) => {
  await lab.run(host, `${quiet}; cd ${old}; rm -f wso2carbon.pid repository/logs/*`)
  await labBreak(lab.place, `${fault}:${host}`)
  try {
    await lab.run(host, `${java} sh ${old}/bin/wso2server.sh start`)
    for (const pattern of seen.log ?? []) await waitFor(`${pattern}`, async () => pattern.test(await log()))
    await waitFor(`${seen.alive} servers`, async () => (await count()) === seen.alive)
    if (seen.not !== undefined) expect(await log()).not.toMatch(seen.not)
    if (seen.pid !== undefined)
      expect(await lab.run(host, `cat ${old}/wso2carbon.pid 2> /dev/null || true`)).toMatch(seen.pid)
  } finally {
    await labBreak(lab.place, 'none')
  }
})

test('a log that is rotated during the start leaves "started" in another file than the first line', async () => {
  await lab.run(host, `${quiet}; cd ${old}; rm -f wso2carbon.pid repository/logs/*`)
  await labBreak(lab.place, `log-rotated-during-start:${host}`)
  await lab.run(host, `${java} sh ${old}/bin/wso2server.sh start`)
  await waitFor('the start', async () => (await log()).includes(started))
  expect(await log()).not.toContain('Starting WSO2 Carbon')
  expect(await lab.run(host, `ls ${old}/repository/logs`)).toMatch(/wso2carbon\.log\.\d{4}-\d\d-\d\d/)
  await labBreak(lab.place, 'none')
})

test.each([
  ['secure-vault-without-password', /^\[Enter KeyStore and Private Key Password :\]\n$/m, 1],
  ['read-only-logs', /log4j:ERROR [\s\S]*Carbon started in/, 1],
  [
    'wrong-java',
    /Unrecognized VM option 'MaxPermSize=256m'\nError: Could not create the Java Virtual Machine/,
    0,
  ],
])('%s is seen on the console alone', async (fault, said, alive) => {
  await lab.run(host, `${quiet}; cd ${old}; rm -f wso2carbon.pid repository/logs/* /tmp/console`)
  await labBreak(lab.place, `${fault}:${host}`)
  await lab.run(host, `${java} nohup sh ${old}/bin/wso2server.sh > /tmp/console 2>&1 &`)
  await waitFor(`${said}`, async () =>
    said.test(await lab.run(host, 'cat /tmp/console 2> /dev/null || true')),
  )
  await waitFor(`${alive} servers`, async () => (await count()) === alive)
  expect(await log()).toBe('')
  await labBreak(lab.place, 'none')
})

test('a stop that reads the pid of somebody else ends that one, and the server lives on', async () => {
  await lab.run(host, `${quiet}; cd ${old}; rm -f wso2carbon.pid repository/logs/*`)
  await labBreak(lab.place, `stale-pid-unrelated:${host}`)
  await lab.run(host, `${java} sh ${old}/bin/wso2server.sh start`)
  await waitFor('the start', async () => (await log()).includes(started))
  const victim = (await lab.run(host, `head -n 1 ${old}/wso2carbon.pid`)).trim()
  const state = () => lab.run(host, `cut -d ' ' -f 2,3 /proc/${victim}/stat 2> /dev/null || true`)
  expect(await state()).toBe('(sleep) S\n')
  await lab.run(host, `${java} sh ${old}/bin/wso2server.sh stop`)
  await waitFor('the end of the victim', async () => (await state()) === '')
  expect(await count()).toBe(1)
  await labBreak(lab.place, 'none')
})

test('a server that ignores SIGTERM answers after stop as before', async () => {
  await lab.run(host, `${quiet}; cd ${old}; rm -f wso2carbon.pid repository/logs/*`)
  await labBreak(lab.place, `ignores-sigterm:${host}`)
  await lab.run(host, `${java} sh ${old}/bin/wso2server.sh start`)
  await waitFor('the start', async () => (await log()).includes(started))
  await lab.run(host, `${java} sh ${old}/bin/wso2server.sh stop`)
  const answer = await fetch(`http://${lab.info.hosts[host]?.address}:9763/services/Version`)
  expect([answer.status, await count()]).toEqual([200, 1])
  expect(await log()).not.toContain('Shutdown hook triggered')
  await labBreak(lab.place, 'none')
})

test('a traffic manager whose broker has no port ends by itself', async () => {
  await unpack('tm-1', '2.6.0')
  const tm = '/opt/wso2/wso2am-2.6.0'
  await labBreak(lab.place, 'port-in-use-5672:tm-1')
  await lab.run('tm-1', `${java} sh ${tm}/bin/wso2server.sh -Dprofile=traffic-manager start`)
  await waitFor('the broker', async () =>
    (await logAt('tm-1', tm)).includes('Error while starting the broker'),
  )
  await waitFor('the end', async () => (await count('tm-1')) === 0)
  expect(await logAt('tm-1', tm)).not.toContain(started)
  await labBreak(lab.place, 'none')
})

test('a client that fails half-way leaves half of its changes, and the server starts as if all were well', async () => {
  await clientOf200()
  await labBreak(lab.place, 'migration-error-still-starts:pub-1')
  const log = await migrate(['SQL exception occurred while migrating', 'successfully activated', started])
  expect(log).not.toContain('Ending WSO2 API Manager migration')
  expect(await columns('AM_APPLICATION')).toContain('UUID')
  expect(await columns('AM_APPLICATION')).not.toContain('UPDATED_TIME')
  await labBreak(lab.place, 'none')
  await labBreak(lab.place, 'migration-stops-half-way:pub-1')
  await forget()
  await lab.run(
    'pub-1',
    `${quiet}; rm -f ${home}/repository/logs/*; ${java} sh ${home}/bin/wso2server.sh ${flags} start`,
  )
  await waitFor('its client', async () => (await logAt('pub-1', home)).includes('API Manager databases'))
  await waitFor('the end of the server', async () => (await count('pub-1')) === 0)
  expect(await columns('AM_APPLICATION')).toContain('UUID')
  await labBreak(lab.place, 'none')
})

test('a client can lie about all of it, or do it twice', async () => {
  await forget()
  await labBreak(lab.place, 'schema-not-migrated:pub-1')
  await lab.run('pub-1', `${quiet}; rm -f ${home}/repository/logs/*`)
  const lie = await migrate(['Ending WSO2 API Manager migration', started])
  expect(lie).not.toContain('exception occurred while migrating')
  expect(await columns('AM_APPLICATION')).not.toContain('UUID')
  await waitFor('SQL errors', async () => (await logAt('pub-1', home)).includes("Unknown column 'API_TIER'"))
  await labBreak(lab.place, 'none')
  await labBreak(lab.place, 'migration-run-twice:pub-1')
  await lab.run('pub-1', `${quiet}; rm -f ${home}/repository/logs/*`)
  expect(await migrate(['successfully activated', started])).toContain("Duplicate entry 'apim-19-110'")
  await labBreak(lab.place, 'none')
})

test('a server on a schema of another release starts, and complains afterwards', async () => {
  await lab.run(
    'pub-1',
    `${quiet}; cd ${home}; rm -f repository/logs/* repository/components/dropins/*migrate*`,
  )
  await lab.run('pub-1', `${java} sh ${home}/bin/wso2server.sh start`)
  await waitFor('the complaint', async () =>
    (await logAt('pub-1', home)).includes("Table 'apimgtdb.AM_POLICY_SUBSCRIPTION' doesn't exist"),
  )
  expect((await logAt('pub-1', home)).indexOf(started)).toBeLessThan(
    (await logAt('pub-1', home)).indexOf('AM_POLICY_SUBSCRIPTION'),
  )
})

test('CARBON_HOME leaks into ssh commands, and a bad toml ends 3.0.0 without a line', async () => {
  const { $ } = await import('zx')
  const at = [
    '-p',
    '2222',
    '-i',
    join(lab.info.dir, 'secrets/id_ed25519'),
    '-o',
    `UserKnownHostsFile=${join(lab.info.dir, 'known_hosts')}`,
  ]
  const leaked = async () =>
    (await $({ quiet: true })`ssh ${at} wso2carbon@127.94.0.18 ${'echo $CARBON_HOME'}`).stdout
  await labBreak(lab.place, 'carbon-home-leak:tm-1')
  expect(await leaked()).toBe(`${old}\n`)
  await labBreak(lab.place, 'none')
  expect(await leaked()).toBe('\n')
  await unpack('tm-1', '3.0.0')
  await labBreak(lab.place, 'bad-toml:tm-1')
  const fault = await lab.run('tm-1', `${java} sh /opt/wso2/wso2am-3.0.0/bin/wso2server.sh test; echo $?`)
  expect(fault).toMatch(/SEVERE .*configuration changes\n1\n$/)
  await labBreak(lab.place, 'none')
  await lab.run('tm-1', 'echo "[broken" >> /opt/wso2/wso2am-3.0.0/repository/conf/deployment.toml')
  const out = await lab.run(
    'tm-1',
    `${java} sh /opt/wso2/wso2am-3.0.0/bin/wso2server.sh test; echo $?; ls /opt/wso2/wso2am-3.0.0/repository/logs`,
  )
  expect(out).toMatch(
    /ERROR \{org.wso2.config.mapper.TomlParser\}[\s\S]*SEVERE .*configuration changes\n1\n$/,
  )
})

const home = '/opt/wso2/wso2am-2.0.0'
const flags = '-DmigrateDB=true -Dcomponent=apim -DmigrateFromVersion=1.9.1'

async function clientOf200(): Promise<void> {
  await lab.run('pub-1', quiet)
  await unpack('pub-1', '2.0.0')
  await copy('pub-1', 'wso2-api-migration-client-2.0.0.zip', 'client.zip')
  const conf = 'repository/conf'
  const files = ['datasources/master-datasources.xml', 'registry.xml', 'user-mgt.xml'].map(
    (file) => `cp ${old}/${conf}/${file} ${conf}/${file}`,
  )
  const driver = `cp ${old}/repository/components/lib/*.jar repository/components/lib/`
  await lab.run(
    'pub-1',
    [
      `cd ${home}`,
      ...files,
      driver,
      'unzip -q /tmp/client.zip -d .',
      'mv dropins/* repository/components/dropins/',
    ].join(' && '),
  )
}

/** Takes back what half a run of the client leaves. */
async function forget(): Promise<void> {
  const drop = ['AM_APPLICATION', 'AM_SUBSCRIPTION'].map(
    (table) => `ALTER TABLE apimgtdb.${table} DROP COLUMN IF EXISTS UUID`,
  )
  await querySql(lab.info.dir, ['DELETE FROM apimgtdb.LAB_APPLIED', ...drop].join('; '))
}

async function migrate(lines: readonly string[]): Promise<string> {
  await lab.run('pub-1', `${java} sh ${home}/bin/wso2server.sh ${flags} start`)
  for (const line of lines) await waitFor(line, async () => (await logAt('pub-1', home)).includes(line))
  return logAt('pub-1', home)
}

async function unpack(name: string, version: string): Promise<void> {
  await copy(name, `wso2am-${version}.zip`, 'pack.zip')
  await lab.run(name, 'unzip -q -o /tmp/pack.zip -d /opt/wso2')
}

async function copy(name: string, artifact: string, to: string): Promise<void> {
  const zip = await readFile(join(lab.info.dir, 'artifacts', artifact))
  await writeFile(join(lab.info.dir, 'hosts', name, 'tmp', to), zip)
}

async function columns(table: string): Promise<string> {
  return querySql(
    lab.info.dir,
    `SELECT column_name FROM information_schema.columns WHERE table_schema = 'apimgtdb' AND table_name = '${table}'`,
  )
}

/** A shell line that ends every server of a host; it sees the processes of that host only. */
const quiet = 'kids=$(pgrep -x java) && kill -9 $kids; while pgrep -x java > /dev/null; do sleep 0.02; done'

async function count(name = host): Promise<number> {
  return (await lab.run(name, 'pgrep -x java || true')).split('\n').filter(Boolean).length
}

function log(): Promise<string> {
  return logAt(host, old)
}

function logAt(name: string, at: string): Promise<string> {
  return lab.run(name, `cat ${at}/repository/logs/wso2carbon.log 2> /dev/null || true`)
}
