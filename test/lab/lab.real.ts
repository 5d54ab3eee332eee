import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { querySql } from '../../src/lab/database.ts'
import { labBreak, labDown, labReset, labStatus, labUp } from '../../src/lab/lab.ts'
import { InputError } from '../../src/model/errors.ts'
import { java, type TestLab, testLab, waitFor } from './support.ts'

let lab: TestLab

beforeAll(async () => {
  lab = await testLab()
})

afterAll(() => lab.end())

const old = '/opt/wso2/wso2am-1.9.1'

test('the fresh fleet runs: servers, ports and APIs of each role, and an empty host', async () => {
  const status = await labStatus(lab.place)
  const ports = Object.fromEntries((status?.hosts ?? []).map((host) => [host.name, host.ports]))
  expect(ports['km-1']).toEqual([2222, 9443, 9763, 8243, 8280, 10397])
  expect(ports['gw-worker-3']).toEqual([2222, 9443, 9763, 8243, 8280])
  expect(ports['tm-1']).toEqual([2222])
  expect(await lab.run('tm-1', 'ls /opt/wso2')).toBe('')
  expect(await get('gw-worker-1', 8280, '/t/acme.com/orders/1.0.0')).toMatch(/^200 /)
  expect(await get('gw-worker-1', 8280, '/nothing')).toMatch(/^404 .*\(\/nothing\) is not available/)
  expect(await get('pub-1', 9763, '/publisher')).toMatch(/^200/)
  expect(await get('pub-1', 9763, '/store')).toMatch(/^404/)
})

test('the database server keeps its temporary files where no server of another lab removes them', async () => {
  expect(await querySql(lab.info.dir, 'SELECT @@tmpdir')).toBe(`${join(lab.info.dir, 'db-tmp')}\n`)
})

test('a host is reached over ssh with the key and the host key of the inventory', async () => {
  const { $ } = await import('zx')
  const at = join(lab.info.dir, 'secrets/id_ed25519')
  const known = `UserKnownHostsFile=${join(lab.info.dir, 'known_hosts')}`
  const ssh = $({
    quiet: true,
  })`ssh -p 2222 -i ${at} -o ${known} wso2carbon@127.78.0.12 ${'hostname; id -un; sudo -n id -u; cat /etc/machine-id'}`
  const [name, user, root, machine] = (await ssh).stdout.split('\n')
  expect([name, user, root]).toEqual(['pub-1', 'wso2carbon', '0'])
  expect(machine).not.toBe((await readFile('/etc/machine-id', 'utf8')).trim())
})

test('up again changes nothing, and refuses other options', async () => {
  const said: string[] = []
  await labUp({ ...lab.place, say: (line) => said.push(line) })
  expect(said).toEqual(['The lab is already up on 127.78.0.'])
  await expect(labUp({ ...lab.place, pace: 3 })).rejects.toThrow(InputError)
})

test('1.9.1: flags given with start are dropped, a second start starts a second server, the pid file has 100 bytes', async () => {
  await stopped('store-1', old)
  await lab.run('store-1', `${java} sh ${old}/bin/wso2server.sh -Dprofile=gateway-worker start`)
  await waitFor('one server', async () => (await servers('store-1')).length === 1)
  expect((await servers('store-1'))[0]).not.toContain('-Dprofile')
  await waitFor('its pid file', async () => (await pidOf('store-1', old)) !== '')
  const first = await pidOf('store-1', old)
  expect(await lab.run('store-1', `stat -c %s ${old}/wso2carbon.pid`)).toBe('100\n')
  expect(await lab.run('store-1', `${java} sh ${old}/bin/wso2server.sh start 2> /dev/null`)).toBe('')
  await waitFor('two servers', async () => (await servers('store-1')).length === 2)
  await waitFor('the pid of the second', async () => (await pidOf('store-1', old)) !== first)
})

test('stop returns while the server still lives, and leaves the pid file', async () => {
  await labBreak(lab.place, 'slow-stop:km-1')
  await lab.run('km-1', `${java} sh ${old}/bin/wso2server.sh stop`)
  expect(await servers('km-1')).toHaveLength(1)
  await labBreak(lab.place, 'none')
  await waitFor('the end of the server', async () => (await servers('km-1')).length === 0)
  expect(await pidOf('km-1', old)).not.toBe('')
})

test('every action needs JAVA_HOME, and a server that is told to go ends with 143', async () => {
  const script = `${old}/bin/wso2server.sh`
  expect(await lab.run('km-1', `sh ${script} version; echo $?`)).toContain('CARBON cannot execute java\n1\n')
  expect(await lab.run('km-1', `${java} sh ${script} version`)).toContain(
    'WSO2 API Manager v1.9.1\nWSO2 Carbon Framework v4.2.0',
  )
  const line = `${java} sh ${script} test > /tmp/out 2>&1 & until grep -q 'Carbon started' /tmp/out; do sleep 0.05; done; kill $!; wait $!; echo $?`
  expect(await lab.run('km-1', line)).toBe('143\n')
  expect(await lab.run('km-1', 'cat /tmp/out')).toMatch(/ INFO - CarbonServerManager Halting JVM\n$/)
})

test('3.0.0 renders its configuration from the toml file, and loses what was edited by hand', async () => {
  const home = await unpacked('tm-1', '3.0.0')
  const carbon = `${home}/repository/conf/carbon.xml`
  await lab.run(
    'tm-1',
    `sed -i 's/hostname = "localhost"/hostname = "tm.lab"/' ${home}/repository/conf/deployment.toml`,
  )
  await started('tm-1', home, '-Dprofile=traffic-manager')
  expect(await lab.run('tm-1', `cat ${carbon}`)).toContain('<HostName>tm.lab</HostName>')
  expect((await labStatus(lab.place))?.hosts.at(-1)?.ports).toEqual([
    2222, 9443, 9763, 8243, 8280, 5672, 9611, 9711,
  ])
  expect(await lab.run('tm-1', `${java} sh ${home}/bin/wso2server.sh start | grep already`)).toBe(
    'Process is already running\n',
  )
  await stopped('tm-1', home)
  await lab.run('tm-1', `sed -i 's/tm.lab/by.hand/' ${carbon}`)
  await started('tm-1', home, '')
  expect(await lab.run('tm-1', `cat ${carbon}`)).not.toContain('by.hand')
  expect(await lab.run('tm-1', `cat ${home}/backup/repository/conf/carbon.xml`)).toContain('by.hand')
  await stopped('tm-1', home)
  await labBreak(lab.place, 'hand-edit-overwritten:tm-1')
  await started('tm-1', home, '')
  expect(await lab.run('tm-1', `cat ${home}/backup/repository/conf/carbon.xml`)).not.toContain('by.hand')
  await labBreak(lab.place, 'none')
  await stopped('tm-1', home)
})

test('the profile optimizer takes away what the profile does not need', async () => {
  const home = await unpacked('tm-1', '2.6.0')
  await lab.run('tm-1', `sh ${home}/bin/profileSetup.sh -Dprofile=traffic-manager`)
  expect(await lab.run('tm-1', `ls ${home}/repository/deployment/server/webapps`)).toBe('STRATOS_ROOT\n')
  expect(await lab.run('tm-1', `ls ${home}/repository/deployment/server/synapse-configs/default`)).toBe(
    'synapse.xml\n',
  )
})

test('a 2.6.0 gateway that commits fills the clean repository, and a worker takes from it', async () => {
  const password = await readFile(join(lab.info.dir, 'secrets/svn-password'), 'utf8')
  for (const [host, commits] of [
    ['gw-mgr-1', 'true'],
    ['gw-worker-1', 'false'],
  ] as const) {
    await stopped(host, old)
    const home = await unpacked(host, '2.6.0')
    const xml = `${home}/repository/conf/carbon.xml`
    const set = [
      ...['s#<Enabled>false#<Enabled>true#', `s#<AutoCommit>false#<AutoCommit>${commits}#`],
      ...[`s#<SvnUrl>.*<#<SvnUrl>${lab.info.svn.url}/wso2am-clean<#`, 's#<SvnUser>.*<#<SvnUser>wso2svn<#'],
      `s#<SvnPassword>.*<#<SvnPassword>${password}<#`,
    ]
    await lab.run(host, `sed -i '${set.join('; ')}' ${xml}`)
    const api = 'repository/deployment/server/synapse-configs/default/api/admin--WeatherAPI_v1.0.0.xml'
    const renamed = 's/usage.publisher/gateway.handlers.analytics/'
    if (commits === 'true') await lab.run(host, `sed '${renamed}' ${old}/${api} > ${home}/${api}`)
    await started(host, home, '-Dprofile=gateway-worker')
  }
  expect(await get('gw-worker-1', 8280, '/weather/1.0.0')).toMatch(/^200/)
  expect(await get('gw-worker-1', 8280, '/phone/1.0.0')).toMatch(/^404/)
  await labBreak(lab.place, 'dep-sync-manager-deletes:gw-mgr-1')
  await waitFor('the loss at the worker', async () =>
    (await get('gw-worker-1', 8280, '/weather/1.0.0')).startsWith('404'),
  )
  await labBreak(lab.place, 'dep-sync-old-svn:gw-mgr-1')
  const home = '/opt/wso2/wso2am-2.6.0'
  await stopped('gw-mgr-1', home)
  await started('gw-mgr-1', home, '-Dprofile=gateway-worker')
  expect(await logOf('gw-mgr-1', home)).toContain(
    'Error while checking out or updating artifacts from the SVN repository',
  )
  await labBreak(lab.place, 'none')
})

test('faults: unhealthy at once, a start that cannot reach its database, a leaked CARBON_HOME', async () => {
  await labBreak(lab.place, 'started-but-unhealthy:pub-1')
  expect(await get('pub-1', 9763, '/services/Version')).toMatch(/^500/)
  await labBreak(lab.place, 'none')
  expect(await get('pub-1', 9763, '/services/Version')).toMatch(/^200 .*WSO2 API Manager-1.9.1/)
  await stopped('gw-worker-2', old)
  await labBreak(lab.place, 'db-unreachable:gw-worker-2')
  await lab.run('gw-worker-2', `${java} sh ${old}/bin/wso2server.sh start`)
  await waitFor('the line of a start that hangs', async () =>
    (await logOf('gw-worker-2')).includes('Waiting for required OSGi services'),
  )
  expect(await logOf('gw-worker-2')).toContain('Cannot start User Manager Core bundle')
  await expect(labBreak(lab.place, 'no-such-fault')).rejects.toThrow(InputError)
})

test('reset brings back the fresh fleet on a new boot, down leaves nothing', {
  timeout: 60_000,
}, async () => {
  const boot = await lab.run('pub-1', 'cat /proc/sys/kernel/random/boot_id')
  await querySql(lab.info.dir, 'DROP TABLE apimgtdb.AM_API_RATINGS; CREATE TABLE apimgtdb.STRAY (A INT)')
  await lab.run('pub-1', `touch /tmp/stray /opt/wso2/stray`)
  await labReset(lab.place)
  expect(await lab.run('pub-1', 'cat /proc/sys/kernel/random/boot_id')).not.toBe(boot)
  expect(await lab.run('pub-1', 'ls /tmp /opt/wso2')).not.toContain('stray')
  expect(await querySql(lab.info.dir, "SHOW TABLES FROM apimgtdb LIKE 'STRAY'")).toBe('')
  expect((await querySql(lab.info.dir, 'SELECT COUNT(*) FROM apimgtdb.AM_API_RATINGS')).trim()).toBe('0')
  const { $ } = await import('zx')
  await labDown(lab.place)
  expect((await $({ quiet: true, nothrow: true })`pgrep -f ${lab.info.dir}`).stdout).toBe('')
  expect(existsSync(lab.info.dir) || existsSync(join(lab.place.project, 'inventory/lab'))).toBe(false)
})

async function get(host: string, port: number, path: string): Promise<string> {
  const response = await fetch(`http://${lab.info.hosts[host]?.address}:${port}${path}`)
  return `${response.status} ${await response.text()}`
}

async function servers(host: string): Promise<readonly string[]> {
  const list =
    "for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline; echo; done 2> /dev/null | grep carbon.home= | grep Bootstrap; true"
  return (await lab.run(host, list)).split('\n').filter((line) => line.includes('/jre/bin/java'))
}

async function pidOf(host: string, home: string): Promise<string> {
  return (await lab.run(host, `head -n 1 ${home}/wso2carbon.pid 2> /dev/null || true`)).trim()
}

async function logOf(host: string, home = old): Promise<string> {
  return lab.run(host, `cat ${home}/repository/logs/wso2carbon.log 2> /dev/null || true`)
}

async function stopped(host: string, home: string): Promise<void> {
  await lab.run(host, `${java} sh ${home}/bin/wso2server.sh stop`)
  await waitFor(`the end of ${home} on ${host}`, async () => (await servers(host)).length === 0)
}

async function started(host: string, home: string, flags: string): Promise<void> {
  const lines = async () => (await logOf(host, home)).split('WSO2 Carbon started in').length
  const before = await lines()
  await lab.run(host, `${java} sh ${home}/bin/wso2server.sh ${flags} start`)
  await waitFor(`the start of ${home} on ${host}`, async () => (await lines()) > before)
}

async function unpacked(host: string, version: string): Promise<string> {
  const zip = await readFile(join(lab.info.dir, `artifacts/wso2am-${version}.zip`))
  await writeFile(join(lab.info.dir, 'hosts', host, 'tmp/pack.zip'), zip)
  await lab.run(host, 'unzip -q -o /tmp/pack.zip -d /opt/wso2')
  return `/opt/wso2/wso2am-${version}`
}
