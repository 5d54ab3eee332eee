import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FleetLab, fleetLab, playbookFile } from '../support/fleet.ts'

let lab: FleetLab
let before: Awaited<ReturnType<FleetLab['dumps']>>
let after: Awaited<ReturnType<FleetLab['dumps']>>
/** The passwords, as no log and no command line may show them. */
let passwords: readonly string[]

beforeAll(async () => {
  lab = await fleetLab('127.74.0')
  before = await lab.dumps()
  passwords = ['db-password', 'svn-password'].map((name) =>
    readFileSync(join(lab.info.dir, 'secrets', name), 'utf8').trim(),
  )
})
afterAll(() => lab.end())

const version = async (host: string) => (await lab.get(host, 9763, '/services/Version')).text
const backups = () => join(lab.info.hosts['pub-1']?.root ?? '', 'wso2/backups')

/** Which passwords any process of this machine shows on its command line or in its environment, looked for until `over`. */
async function shown(over: Promise<unknown>): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  let going = true
  void over.finally(() => {
    going = false
  })
  while (going) {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
      for (const file of ['cmdline', 'environ']) {
        const text = readQuietly(`/proc/${pid}/${file}`)
        for (const password of passwords) if (text.includes(password)) found.add(`${file}: ${password}`)
      }
    // A look costs a core: the commands of eight hosts give it chances enough.
    await pause(100)
  }
  return found
}

function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

test('an upgrade shows no password on a command line, in a log or in a file that others may read', async () => {
  const run = lab.run(playbookFile('to-3.0.0'), '--yes')
  const visible = await shown(run)
  const { code, text } = await run
  expect(code, text).toBe(0)
  expect([...visible]).toEqual([])
  for (const password of passwords) expect(text).not.toContain(password)
  const holding = (...roots: readonly string[]) =>
    passwords.flatMap((password) =>
      execFileSync('sh', ['-c', 'grep -rlF -e "$0" -- "$@" || :', password, ...roots], { encoding: 'utf8' })
        .split('\n')
        .filter(Boolean),
    )
  const hosts = join(lab.info.dir, 'hosts')
  expect(holding(join(lab.cwd, '.upgrade-fleet/runs'))).toEqual([])
  const found = holding(hosts).map((path) => path.slice(hosts.length))
  // Old homes are as the lab made them; new ones hold passwords in their configuration, closed to others.
  const ours = found.filter((path) => !path.includes('/wso2am-1.9.1/'))
  expect(
    ours.filter((path) => !/\/wso2am-[23][^/]*\/(repository\/conf|backup\/repository\/conf)\//.test(path)),
  ).toEqual([])
  const written = ours.filter((path) => /(master-datasources\.xml|deployment\.toml)$/.test(path))
  expect(written.length).toBeGreaterThan(8)
  const open = written.filter(
    (path) => !path.includes('/wso2am-3') && (statSync(hosts + path).mode & 0o077) !== 0,
  )
  expect(open).toEqual([])
  after = await lab.dumps()
})

test('a dump of which one bit is wrong stops a rollback before anything is stopped or overwritten', async () => {
  const [run = ''] = readdirSync(backups()).filter((name) =>
    readdirSync(backups(), { withFileTypes: true }).some(
      (entry) => entry.name === name && entry.isDirectory(),
    ),
  )
  const file = join(backups(), run, 'before-2.0.0-am_db.sql.gz')
  const whole = readFileSync(file)
  const flipped = Buffer.from(whole)
  flipped[whole.length >> 1] = (flipped[whole.length >> 1] ?? 0) ^ 1
  writeFileSync(file, flipped)
  const journal = await lab.run('rollback')
  expect(journal.code, journal.text).toBe(6)
  expect(journal.text).toMatch(/nothing was taken back.*before-2\.0\.0-am_db\.sql\.gz/)
  const manifests = await lab.run(playbookFile('rollback'), '--yes')
  expect(manifests.code, manifests.text).toBe(2)
  expect(manifests.text).toMatch(/before-2\.0\.0-am_db\.sql\.gz/)
  expect(await lab.dumps()).toEqual(after)
  for (const host of Object.keys(lab.info.hosts)) expect(await version(host), host).toContain('-3.0.0')
  writeFileSync(file, whole)
})

test('a missing dump, or a missing manifest, is told before anything is stopped', async () => {
  const [run = ''] = readdirSync(backups()).filter((name) => /^\d{8}-/.test(name))
  const moved = [join(backups(), run, 'before-2.0.0-um_db.sql.gz'), join(backups(), 'manifest.json')]
  const told = [/before-2\.0\.0-um_db\.sql\.gz/, /pub-1 has no .*manifest\.json/]
  for (const [at, path] of moved.entries()) {
    renameSync(path, `${path}.away`)
    const { code, text } = await lab.run(playbookFile('rollback'), '--yes')
    expect(code, text).toBe(2)
    expect(text).toMatch(told[at] ?? /./)
    renameSync(`${path}.away`, path)
  }
  expect(await version('km-1')).toContain('-3.0.0')
})

test('with whole dumps the rollback goes through, and no newer server is left', async () => {
  const { code, text } = await lab.run('rollback')
  expect(code, text).toBe(0)
  expect(await lab.dumps()).toEqual(before)
  const newer =
    "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep '^-Dcarbon.home=.*wso2am-[23]' || :"
  for (const host of Object.keys(lab.info.hosts)) {
    if (host !== 'tm-1') expect(await version(host), host).toContain('-1.9.1')
    expect((await lab.info.run(host, newer)).trim(), host).toBe('')
  }
  const verified = await lab.run(playbookFile('verify'), '-e', 'at=1.9.1')
  expect(verified.code, verified.text).toBe(0)
  const wrong = await lab.run(playbookFile('verify'))
  expect(wrong.code, wrong.text).toBe(3)
})
