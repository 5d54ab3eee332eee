import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { onHost } from '../../src/lab/hosts.ts'
import { end } from '../../src/lab/processes.ts'
import { type LabState, readState, writeState } from '../../src/lab/state.ts'
import { startSubversion } from '../../src/lab/subversion.ts'
import { eventsOn, stableHomes } from '../support/comparable.ts'
import { type Ended, type FleetLab, fleetLab, playbookFile, type Started } from '../support/fleet.ts'
import { until } from '../support/until.ts'

// What goes wrong around the servers of a fleet of 1.9.1, at its worst moment: the right gate stops the run, its message has
// the evidence, nothing that comes after it was started, and the way back ends as before.
const range = '127.133.80'
let lab: FleetLab
let before: Awaited<ReturnType<typeof now>>

beforeAll(async () => {
  lab = await fleetLab(range)
  before = await now()
})
afterAll(() => lab.end())

async function now() {
  return { dumps: eventsOn(await lab.dumps()), homes: stableHomes(await lab.trees(), '1.9.1') }
}

async function state(): Promise<LabState> {
  const found = await readState(lab.info.dir)
  if (found === undefined) throw new Error('the lab does not run')
  return found
}

async function root(host: string, line: string): Promise<string> {
  const proc = (await state()).hosts[host]
  if (proc === undefined) throw new Error(`${host} does not run`)
  return onHost(proc, line, 'root')
}

/** A run that has come so far, and goes on. */
async function runTo(text: string, playbook: string): Promise<Started> {
  const run = lab.start(playbookFile(playbook), '--yes')
  let over = false
  void run.ended.then(() => {
    over = true
  })
  await until(() => over || run.text().includes(text), text, 300)
  expect(over, run.text()).toBe(false)
  return run
}

async function comesBack(): Promise<void> {
  const { code, text } = await lab.run('rollback', '--yes')
  expect(code, text).toBe(0)
  const { dumps, homes } = await now()
  expect(dumps).toEqual(before.dumps)
  expect(homes).toEqual(before.homes)
}

function stopped({ code, text }: Ended, gate: RegExp, never: RegExp): void {
  expect(code, text).toBe(3)
  expect(text).toMatch(gate)
  expect(text).not.toMatch(never)
}

test('a session that no server of the list has, before a client begins', async () => {
  const { db } = lab.info
  const run = await runTo('== 2.0.0: clients', 'to-3.0.0')
  const login = join(lab.cwd, 'session.cnf')
  writeFileSync(login, `[client]\npassword=${readFileSync(db.passwordFile, 'utf8').trim()}\n`, {
    mode: 0o600,
  })
  const session = spawn(
    'mariadb',
    [
      ...[`--defaults-extra-file=${login}`, `--host=${db.host}`, `--port=${db.port}`, `--user=${db.user}`],
      ...['--execute=SELECT SLEEP(3000)', db.schemas.am],
    ],
    { stdio: 'ignore' },
  )
  try {
    stopped(
      await run.ended,
      /2\.0\.0: (clients|identity 5\.2\.0, \w+) > \S+ > (alone, [a-z]+|nobody else): failed.*others are connected.*apimgtdb/s,
      /== 2\.6\.0/,
    )
  } finally {
    session.kill()
  }
  await comesBack()
})

test('the disk of the backups, full before the checkpoint', async () => {
  const backups = '/opt/wso2/backups'
  await root(
    'pub-1',
    `mkdir -p ${backups} && mount -t tmpfs -o size=2g none ${backups} && chown 802:802 ${backups}`,
  )
  const run = await runTo('== fence', 'to-3.0.0')
  await root('pub-1', `mount -o remount,size=64k ${backups}`)
  stopped(
    await run.ended,
    /pub-1 has \d+ MiB free|No space left on device/,
    /== 2\.0\.0: (migration home|clients)/,
  )
  await root('pub-1', `mount -o remount,size=2g ${backups}`)
  await comesBack()
  await root('pub-1', `umount ${backups}`)
})

test('Subversion that is down when the fleet is to go to the clean repository, and is up for resume', async () => {
  const run = await runTo('== 2.6.0: homes', 'to-2.6.0')
  const { svn } = await state()
  if (svn === undefined) throw new Error('no Subversion runs')
  await end(svn, 'SIGKILL')
  stopped(
    await run.ended,
    /2\.6\.0: clean SVN repository > pub-1 > claimed: failed.*(E000111|E170013|Connection refused)/s,
    /== 2\.6\.0: start/,
  )
  const started = await startSubversion(lab.info.dir, range)
  await writeState({ ...(await state()), svn: started })
  const { code, text } = await lab.run('resume', '--yes')
  expect(code, text).toBe(0)
  await comesBack()
})

test.each([
  ['deletes what it did not have', 'dep-sync-manager-deletes', /gw-mgr-1 > (APIs|synchronized): failed/],
  [
    'finds working copies of an older Subversion',
    'dep-sync-old-svn',
    /gw-mgr-1 > (healthy|APIs|synchronized): failed/,
  ],
])('a gateway manager that %s: no worker is started', async (_what, fault, gate) => {
  const run = await runTo('== 2.6.0: homes', 'to-2.6.0')
  await lab.run('lab', 'break', `${fault}:gw-mgr-1`)
  const ended = await run.ended
  await lab.run('lab', 'break', 'none')
  await comesBack()
  stopped(ended, gate, /gw-worker-1 > start: changed/)
})

test('a worker that is sick before is named, and not blamed later: it serves with the others, and is as it was after the way back', async () => {
  await root('gw-worker-2', 'kill -KILL "$(cat /opt/wso2/wso2am-1.9.1/wso2carbon.pid)"')
  const { code, text } = await lab.run(playbookFile('to-3.0.0'), '--yes')
  expect(code, text).toBe(0)
  expect(text).toMatch(/gw-worker-2 > health \| warning: \[sick-before\]/)
  expect((await lab.get('gw-worker-2', 8280, '/weather/1.0.0')).status).toBe(200)
  await comesBack()
  expect((await lab.get('gw-worker-2', 8280, '/weather/1.0.0')).status).toBe(0)
})
