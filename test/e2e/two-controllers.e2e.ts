import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type FleetLab, fleetLab, type Started } from '../support/fleet.ts'
import { until } from '../support/until.ts'

// On each worker: writes a file, waits in a command for a file of the test's, writes two more and starts a job that writes one.
const playbook = `
import { change, defineFleet, play, playbook, sh, some, z } from 'upgrade-fleet'

const fleet = defineFleet({ groups: { gateway_workers: some(z.object({})) }, vars: z.object({}) })
const write = change('write', {
  apply: async (on, input: { path: string; text: string }) => void (await on.put({ text: input.text }, input.path)),
  undo: async (on, { path }) => void (await on.must(sh\`rm -f -- \${path}\`)),
})
const wait = change('wait', {
  apply: async (on, path: string) => {
    on.say('waits')
    await on.must(sh\`until [ -e \${path} ]; do sleep 0.05; done\`)
  },
  undo: async () => {},
})
const job = change('job', {
  apply: async (on, text: string) => void (await (await on.job('write', sh\`echo \${text} >/tmp/job\`)).wait()),
  undo: async (on) => void (await on.must(sh\`rm -f /tmp/job\`)),
})

export default playbook('marks', { fleet, params: z.object({ who: z.string() }) }, (site, { who }) => [
  play('one', site.gateway_workers).task('who', () => write({ path: '/tmp/who', text: who })),
  play('two', site.gateway_workers)
    .task('wait', () => wait('/tmp/go'))
    .task('two', () => write({ path: '/tmp/two', text: who }))
    .task('job', () => job(who)),
])
`
const workers = ['gw-worker-1', 'gw-worker-2', 'gw-worker-3']
const inventory = ['-i', 'inventory/lab/hosts.yml']
let lab: FleetLab
const tmp = (host: string, file: string) => join(lab.info.hosts[host]?.root ?? '', '../tmp', file)
const go = () => Promise.all(workers.map((host) => writeFile(tmp(host, 'go'), '')))
const files = async (name: string) =>
  Promise.all(workers.map((host) => readFile(tmp(host, name), 'utf8').catch(() => 'none')))
/** All files of all hosts but what the servers write. */
const trees = async () => new Map([...(await lab.trees())].filter(([name]) => !name.includes('/wso2am-')))
const started: Started[] = []
const start = (state: string) => {
  const run = lab.start('marks.ts', ...inventory, '--state', state, '-e', `who=${state}`, '--output', 'lines')
  started.push(run)
  return run
}
/** Until each worker waits; the run must not have ended before. */
const allWait = async (run: Started) => {
  let ended = false
  void run.ended.then(() => {
    ended = true
  })
  const waiting = () => (run.text().match(/\| waits/g) ?? []).length === workers.length
  await until(() => waiting() || ended, 'all wait', 60)
  expect(ended, run.text()).toBe(false)
}
const latest = async (state: string) => (await readdir(join(lab.cwd, state, 'runs'))).toSorted().at(-1) ?? ''

beforeAll(async () => {
  lab = await fleetLab('127.83.0')
  await writeFile(join(lab.cwd, 'marks.ts'), playbook)
})
beforeEach(async () => {
  for (const host of workers)
    for (const file of ['go', 'who', 'two', 'job']) await rm(tmp(host, file), { force: true })
})
afterAll(async () => {
  for (const run of started) run.signal('SIGKILL')
  await lab.end()
})

test('a second controller is told who and since when; one that slept through unlock wakes up and changes nothing', async () => {
  const first = start('first')
  await allWait(first)
  const run = await latest('first')
  const blocked = await lab.run('marks.ts', ...inventory, '--state', 'second', '-e', 'who=second')
  expect(blocked.code, blocked.text).toBe(7)
  expect(blocked.text).toMatch(
    new RegExp(
      `Locked by the run ${run} of \\S+ on \\S+ \\(pid \\d+\\) since \\d{4}-.*: ${workers.join(', ')}`,
    ),
  )
  expect(await readdir(join(lab.cwd, 'second/runs'))).toEqual([])
  const list = await lab.run('unlock', '--list', 'gateway_workers', ...inventory, '--state', 'second')
  expect(list.text.match(new RegExp(`locked by the run ${run}`, 'g'))).toHaveLength(3)

  first.signal('SIGSTOP')
  const unlock = (id: string) =>
    lab.run('unlock', 'gateway_workers', ...inventory, '--state', 'second', '--run', id)
  const wrong = await unlock('another')
  expect(wrong.code, wrong.text).toBe(2)
  expect(wrong.text).toContain(`but by: ${run}`)
  const right = await unlock(run)
  expect(right.code, right.text).toBe(0)
  await go()
  const second = await lab.run('marks.ts', ...inventory, '--state', 'second', '-e', 'who=second')
  expect(second.code, second.text).toBe(0)
  expect(await files('who')).toEqual(['second', 'second', 'second'])

  const before = await trees()
  first.signal('SIGCONT')
  const woken = await first.ended
  expect(woken.code, woken.text).toBe(7)
  expect(woken.text).toMatch(
    /lock of gw-worker-\d was released by the run|was released with unlock|was taken over/,
  )
  expect(await trees()).toEqual(before)
  expect(await files('two')).toEqual(['second', 'second', 'second'])
  expect(await files('job')).toEqual(['second\n', 'second\n', 'second\n'])
})

test('a controller that was killed leaves its locks, and its resume takes them over', async () => {
  const killed = start('third')
  await allWait(killed)
  killed.signal('SIGKILL')
  await killed.ended
  const run = await latest('third')
  const other = await lab.run('marks.ts', ...inventory, '--state', 'second', '-e', 'who=second')
  expect(other.code, other.text).toBe(7)
  const anew = await lab.run('marks.ts', ...inventory, '--state', 'third', '-e', 'who=anew')
  expect(anew.code, anew.text).toBe(7)
  expect(anew.text).toContain(`upgrade-fleet resume ${run}`)
  await go()
  const resumed = await lab.run('resume', '--state', 'third')
  expect(resumed.code, resumed.text).toBe(0)
  expect(await files('two')).toEqual(['third', 'third', 'third'])
  const list = await lab.run('unlock', '--list', ...inventory)
  expect(list.text.match(/\| free/g)).toHaveLength(8)
})

test('a rollback takes over what the killed run left locked', async () => {
  const killed = start('fourth')
  await allWait(killed)
  killed.signal('SIGKILL')
  await killed.ended
  const back = await lab.run('rollback', '--state', 'fourth')
  expect(back.code, back.text).toBe(0)
  expect(await files('who')).toEqual(['none', 'none', 'none'])
})
