import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { observe, play } from '../../src/index.ts'
import type { PlayOptions } from '../../src/model/play.ts'
import { wavesOfPlay } from '../../src/plan/waves.ts'
import { serialCases } from '../plan/serial-cases.ts'
import { runAnsible } from '../support/ansible.ts'
import { hosts, tryRun } from '../support/engine.ts'
import { fastDirectory } from '../support/fast-directory.ts'

const dir = mkdtempSync(join(fastDirectory(), 'ansible-'))
afterAll(() => rmSync(dir, { recursive: true }))

/** Nothing listens there: ssh is refused at once. */
const inventory = `
a ansible_connection=local
gone ansible_connection=ssh ansible_host=127.86.0.9 ansible_port=1
b ansible_connection=local
c ansible_connection=local
`
const names = ['a', 'gone', 'b', 'c']

/** Two tasks on all hosts, and a second play, in Ansible's words. */
const plays = (options: string) => `
- hosts: all
  gather_facts: false
${options}
  tasks:
    - { name: first, raw: 'true' }
    - { name: second, raw: 'true' }
- hosts: all
  gather_facts: false
  tasks:
    - { name: later, raw: 'true' }
`

/** The same in ours. */
async function ours(options: PlayOptions): Promise<{ outcome: string; did: readonly string[] }> {
  const look = observe('look', async () => null)
  const parts = [
    play('roll', hosts(...names), options)
      .task('first', () => look(null))
      .task('second', () => look(null)),
    play('then', hosts(...names)).task('later', () => look(null)),
  ]
  const { outcome, events } = await tryRun(parts, { down: ['gone'] })
  const did = events.flatMap((event) => {
    if (event.type !== 'task.ended' || event.result !== 'ok') return []
    const [, host, task] = event.task.split('/')
    return [`${host}: ${task}`]
  })
  return { outcome, did }
}

test('an unreachable host under max_fail_percentage 0: Ansible begins the next wave and the next play, we do not', async () => {
  const theirs = await runAnsible(join(dir, 'one'), inventory, plays('  serial: 2\n  max_fail_percentage: 0'))
  expect(theirs.code, theirs.text).toBe(4)
  expect(theirs.did.toSorted()).toEqual(
    [
      'a: first',
      'a: second',
      'b: first',
      'b: second',
      'c: first',
      'c: second',
      'a: later',
      'b: later',
      'c: later',
    ].toSorted(),
  )
  const run = await ours({ serial: 2, maxFailPercentage: 0 })
  expect(run.outcome).toBe('unreachable')
  expect(run.did).toEqual(['a: first', 'a: second'])
})

test('serial 1 with any_errors_fatal and an unreachable host: Ansible rolls on over all others, we stop there', async () => {
  const theirs = await runAnsible(join(dir, 'two'), inventory, plays('  serial: 1\n  any_errors_fatal: true'))
  expect(theirs.code, theirs.text).toBe(4)
  expect(theirs.did).toEqual(['a: first', 'a: second', 'b: first', 'b: second', 'c: first', 'c: second'])
  const run = await ours({ serial: 1, anyErrorsFatal: true })
  expect(run.outcome).toBe('unreachable')
  expect(run.did).toEqual(['a: first', 'a: second'])
})

test('a wave of which all hosts failed stops both, whatever share may fail', async () => {
  const failing = `
- hosts: all
  gather_facts: false
  serial: 1
  max_fail_percentage: 100
  tasks:
    - { name: first, raw: 'false', when: inventory_hostname == 'b' }
`
  const theirs = await runAnsible(
    join(dir, 'three'),
    'a ansible_connection=local\nb ansible_connection=local\nc ansible_connection=local\n',
    failing,
  )
  expect(theirs.code, theirs.text).toBe(2)
  expect(theirs.text).not.toMatch(/\[c\]/)
  const run = await ours({ serial: 1, maxFailPercentage: 100 })
  expect(run.did).toEqual(['a: first', 'a: second'])
})

test('waves and orders are those that Ansible makes', async () => {
  const all = Array.from({ length: 10 }, (_, n) => `h${(n * 7) % 10}`)
  const orders = ['inventory', 'sorted', 'reverse_sorted', 'reverse_inventory'] as const
  const cases = [
    ...serialCases.map(([count, serial]) => ({
      count,
      options: { ...(serial !== undefined && { serial }) },
    })),
    ...orders.map((order) => ({ count: 10, options: { order, serial: 3 } })),
  ]
  const groups = cases.map(({ count }, at) => `[g${at}]\n${all.slice(0, count).join('\n')}\n`)
  const text = cases.map(({ options }, at) =>
    [
      `- hosts: g${at}`,
      '  gather_facts: false',
      ...Object.entries(options).map(([word, value]) => `  ${word}: ${JSON.stringify(value)}`),
      '  tasks:',
      `    - { debug: { msg: "wave ${at} {{ ansible_play_batch | join(' ') }}" }, run_once: true }`,
    ].join('\n'),
  )
  const local = all.map((name) => `${name} ansible_connection=local`).join('\n')
  const theirs = await runAnsible(join(dir, 'waves'), `${local}\n${groups.join('')}`, `${text.join('\n')}\n`)
  expect(theirs.code, theirs.text).toBe(0)
  const found = cases.map((): string[][] => [])
  for (const [, at, batch = ''] of theirs.text.matchAll(/"msg": "wave (\d+) ([^"]*)"/g))
    found[Number(at)]?.push(batch.split(' '))
  const mine = cases.map(({ count, options }) => {
    const one = play('p', hosts(...all.slice(0, count)), options)
    return wavesOfPlay(one, one.hosts).map((wave) => wave.map(({ name }) => name))
  })
  expect(mine).toEqual(found)
})
