import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { querySql } from '../../src/lab/database.ts'
import { type FleetLab, fleetLab, playbookFile } from '../support/fleet.ts'
import { until } from '../support/until.ts'

// Each fault of the stand-in at its worst moment of an upgrade from 2.6.0: the right gate stops the run, its message has the
// evidence, and nothing that comes after it was started. FAULTS=oom,disk takes those whose names hold one of these words.
const words = process.env['FAULTS']?.split(',') ?? ['']

/** A fault, on which host, when, and what must come of it. */
interface Case {
  readonly fault: string
  readonly host?: string
  /** The fault is on as soon as the run says this; without it before the run. */
  readonly at?: string
  readonly code: number
  readonly said: readonly RegExp[]
  /** What must not have begun. */
  readonly not?: RegExp
}

const landed = '== 3.0.0: homes'
const client = '== 3.0.0: AM_DB'
/** A server of the new fleet that does not come up: its gate says why, and the gateways stay down. */
const start = (fault: string, ...said: readonly RegExp[]): Case => ({
  ...{ fault, host: 'store-1', at: landed, code: 3 },
  said: [/3\.0\.0: start store > store-1 > (start|healthy): failed/, ...said],
  not: /3\.0\.0: start gateway-manager > gw-mgr-1 > start: changed/,
})
/** A client that fails: the gate of its evidence or of its schema says so, and no home of 3.0.0 is made. */
const migration = (fault: string, ...said: readonly RegExp[]): Case => ({
  ...{ fault, host: 'pub-1', at: client, code: 3, said, not: /3\.0\.0: homes > / },
})
/** What is no reason to stop, for nothing of it is believed. */
const harmless = (fault: string, host: string, ...said: readonly RegExp[]): Case => ({
  ...{ fault, host, code: 0, said },
})

const cases: readonly Case[] = [
  start('start-hangs', /Waiting for required OSGi services/),
  start('init-failed-jvm-lives', /WSO2 Carbon initialization Failed/),
  start('exits-1-early'),
  start('bad-toml'),
  start('started-but-unhealthy', /500/),
  start('answers-time-out'),
  start('wrong-version-in-answer', /1\.9\.1/),
  start('port-in-use-9443', /LifeCycleException|Address already in use/),
  {
    ...start('port-in-use-8280', /System may be unstable/),
    host: 'gw-worker-1',
    said: [/gw-worker-1 > healthy: failed/, /System may be unstable/],
    not: /gw-worker-2 > start: changed/,
  },
  {
    ...start('port-in-use-5672'),
    host: 'tm-1',
    said: [/3\.0\.0: start traffic-manager > tm-1 > healthy: failed/],
    not: /3\.0\.0: start key-manager > km-1 > start: changed/,
  },
  start('oom-after-start', /OutOfMemoryError|Dumping heap/),
  start('crash-after-start'),
  // Three restarts and then one process that stays: each is told, and the time of the last one counts.
  {
    ...{ fault: 'restart-loop', host: 'store-1', at: landed, code: 0 },
    said: [/(took the place of the process before[\s\S]*){3}/],
  },
  start('two-servers-in-one-home', /two|2 servers|Address already in use/),
  start('db-unreachable', /Cannot start User Manager Core bundle/),
  start('wrong-credentials', /Cannot start User Manager Core bundle/),
  start('missing-jdbc-driver', /Cannot start User Manager Core bundle/),
  start('secure-vault-without-password'),
  start('secure-vault-wrong-password', /Keystore was tampered with, or password was incorrect/),
  start('disk-full'),
  start('read-only-logs'),
  migration('migration-error-still-starts', /identity proved: failed/, /ERROR \{/),
  migration('migration-stops-half-way', /identity( proved)?: failed/),
  migration('migration-run-twice', /identity proved: failed/, /Duplicate entry/),
  migration('schema-not-migrated', /is whole: failed|proved: failed/),
  { fault: 'wrong-java', host: 'km-1', code: 2, said: [/Java|java/], not: /== stop / },
  harmless('stale-pid-dead', 'km-1'),
  harmless('stale-pid-unrelated', 'store-1', /names pid \d+, which is no server of it/),
  harmless('pid-file-empty', 'gw-worker-1'),
  harmless('pid-file-missing', 'gw-worker-2'),
  {
    ...{ fault: 'pid-file-root-owned', host: 'gw-worker-3', code: 2 },
    said: [/files in it do not: root wso2carbon\.pid/],
    not: /== stop /,
  },
  { fault: 'carbon-home-leak', host: 'km-1', code: 2, said: [/CARBON_HOME/], not: /== stop / },
  harmless('log-rotated-during-start', 'store-1'),
  harmless('ignores-sigterm', 'km-1'),
  harmless('slow-stop', 'store-1'),
  harmless('hand-edit-overwritten', 'km-1'),
  // At the lab's pace two minutes are six seconds: it is waited for.
  harmless('slow-start', 'store-1'),
]
const picked = (fault: string) => words.some((word) => fault.includes(word))
const chosen = cases.filter(({ fault }) => picked(fault))

let lab: FleetLab
const wrong: string[] = []
beforeAll(async () => {
  lab = await fleetLab('127.133.90', '2.6.0')
  // A stand-in is up in a second or two: who is not after these is not coming.
  const quick = { start: 20, answer: 5, gap: 0.2, min_healthy: 0.6, quiet: 1 }
  await writeFile(join(lab.cwd, 'quick.json'), JSON.stringify({ all: { vars: { apim_health: quick } } }))
})
afterAll(async () => {
  console.log(`${chosen.length} faults tried, ${wrong.length} wrong outcomes: ${wrong.join(', ') || 'none'}`)
  await lab.end()
})

test.each(chosen.map((each) => [each.fault, each] as const))('%s', async (fault, each) => {
  wrong.push(fault)
  await lab.run('lab', 'reset')
  const on = () => lab.run('lab', 'break', each.host === undefined ? fault : `${fault}:${each.host}`)
  if (each.at === undefined) await on()
  const inventory = ['-i', 'inventory/lab/hosts.yml', '-i', 'quick.json']
  const run = lab.start(playbookFile('to-3.0.0'), ...inventory, '--yes')
  let over = false
  void run.ended.finally(() => {
    over = true
  })
  const { at } = each
  if (at !== undefined) {
    await until(async () => over || run.text().includes(at), at, 120)
    await on()
  }
  const { code, text } = await run.ended
  await lab.run('lab', 'break', 'none')
  expect(code, text).toBe(each.code)
  for (const pattern of each.said) expect(text).toMatch(pattern)
  if (each.not !== undefined) expect(text).not.toMatch(each.not)
  wrong.pop()
  console.log(`${fault}: as it must be`)
})

// The first identity step made them at some earlier upgrade: the AM_DB script would end at their indexes.
test.runIf(picked('uma-tables-there'))('uma-tables-there', async () => {
  wrong.push('uma-tables-there')
  await lab.run('lab', 'reset')
  const am = lab.info.db.schemas.am
  await querySql(
    lab.info.dir,
    `USE ${am};
CREATE TABLE IDN_UMA_RESOURCE (ID INT AUTO_INCREMENT PRIMARY KEY, RESOURCE_ID VARCHAR(255), RESOURCE_NAME VARCHAR(255), RESOURCE_OWNER_NAME VARCHAR(255));
CREATE INDEX IDX_RID ON IDN_UMA_RESOURCE (RESOURCE_ID); CREATE INDEX IDX_USER ON IDN_UMA_RESOURCE (RESOURCE_OWNER_NAME);
CREATE TABLE IDN_UMA_RESOURCE_SCOPE (ID INT AUTO_INCREMENT PRIMARY KEY, RESOURCE_IDENTITY INT NOT NULL, SCOPE_NAME VARCHAR(255));
CREATE INDEX IDX_RS ON IDN_UMA_RESOURCE_SCOPE (SCOPE_NAME);
CREATE TABLE IDN_UMA_PERMISSION_TICKET (ID INT AUTO_INCREMENT PRIMARY KEY, PT VARCHAR(255) NOT NULL);
CREATE INDEX IDX_PT ON IDN_UMA_PERMISSION_TICKET (PT); INSERT INTO IDN_UMA_RESOURCE (RESOURCE_ID) VALUES ('of-a-user')`,
  )
  const { code, text } = await lab.run(
    playbookFile('to-3.0.0'),
    ...['-i', 'inventory/lab/hosts.yml', '-i', 'quick.json', '--yes'],
  )
  expect(code, text).toBe(0)
  const kept = await querySql(lab.info.dir, `SELECT RESOURCE_ID FROM ${am}.IDN_UMA_RESOURCE`)
  expect(kept.trim()).toBe('of-a-user')
  wrong.pop()
  console.log('uma-tables-there: as it must be')
})
