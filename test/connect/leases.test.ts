import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { fakeMachine } from '../../src/connect/fake.ts'
import { type Claim, keepLeases } from '../../src/connect/leases.ts'
import { sh } from '../../src/model/command.ts'
import type { LockHolder } from '../../src/model/lock.ts'

const holder = (run: string, more: Partial<LockHolder> = {}): LockHolder => ({
  run,
  user: 'ann',
  machine: 'ctl-1',
  pid: 7,
  state: '/home/ann/.upgrade-fleet',
  since: 'noon',
  token: `token of ${run}`,
  by: 'run',
  ...more,
})
const claim = (run: string, succeeds: readonly string[] = [], more: Partial<LockHolder> = {}): Claim => ({
  holder: holder(run, more),
  succeeds: async (left) => succeeds.includes(left),
})
const never = new AbortController().signal
const fleet = (...names: readonly string[]) =>
  names.map((name) => {
    const machine = fakeMachine({ endpoint: { name }, files: { '/etc/x': '' } })
    return { name, machine, connection: machine.connect() }
  })
const all = (hosts: ReturnType<typeof fleet>) =>
  hosts.map(
    ({ connection }) =>
      async () =>
        connection,
  )

test('a second run is told who has which machines, and since when; after the end of the first it gets them', async () => {
  const hosts = fleet('a', 'b', 'c')
  const first = keepLeases(claim('r1'))
  expect(await first.takeAll(all(hosts.slice(0, 2)), 50, never)).toEqual([])
  const second = keepLeases(claim('r2'))
  const held = await second.takeAll(all(hosts), 1, never)
  expect(held.map(({ message }) => message)).toEqual([
    'a is locked by the run r1 of ann on ctl-1 (pid 7) since noon',
    'b is locked by the run r1 of ann on ctl-1 (pid 7) since noon',
  ])
  expect(await second.release()).toEqual([])
  expect(await first.release()).toEqual([])
  expect(await keepLeases(claim('r2')).takeAll(all(hosts), 50, never)).toEqual([])
  expect(hosts.map(({ machine }) => machine.lock.states.length)).toEqual([3, 3, 3])
})

test('reading takes no lock; a machine that could not be locked before is locked at its first change', async () => {
  const [host] = fleet('a')
  if (host === undefined) throw new Error('no host')
  const leases = keepLeases(claim('r1'))
  host.machine.unreachable(true)
  expect(await leases.takeAll(all([host]), 50, never)).toEqual([])
  const connection = leases.guard(host.connection)
  await expect(connection.exec(sh`change`)).rejects.toMatchObject({ fault: 'unreachable' })
  host.machine.unreachable(false)
  await connection.exec(sh.read`look`)
  await connection.get('/etc/x', new PassThrough().resume())
  await connection.jobs('')
  expect(host.machine.lock.states).toEqual([])
  await connection.exec(sh`change`)
  expect(host.machine.lock.states).toMatchObject([{ number: 1, held: true, holder: { run: 'r1' } }])
  expect(leases.stale.aborted).toBe(false)
})

test('a machine that comes back as the machine of another run stops this one', async () => {
  const [host] = fleet('a')
  if (host === undefined) throw new Error('no host')
  await keepLeases(claim('r2')).takeAll(all([host]), 50, never)
  const leases = keepLeases(claim('r1'))
  await expect(leases.guard(host.connection).put({ text: '' }, '/tmp/x')).rejects.toMatchObject({
    fault: 'fenced',
  })
  expect(leases.stale.aborted).toBe(true)
  expect(await leases.staleText()).toBe('a is locked by the run r2 of ann on ctl-1 (pid 7) since noon')
})

test('what a run left locked is taken over by who follows it from the same state directory, and by nobody else', async () => {
  const [host] = fleet('a')
  if (host === undefined) throw new Error('no host')
  const crashed = keepLeases(claim('r1'))
  await crashed.takeAll(all([host]), 50, never)
  const tries = [
    claim('r2'),
    claim('r1', ['r1'], { machine: 'ctl-2', token: 't2' }),
    claim('r1', ['r1'], { state: '/elsewhere', token: 't3' }),
  ]
  for (const one of tries) expect(await keepLeases(one).takeAll(all([host]), 50, never)).toHaveLength(1)
  const resumed = keepLeases(claim('r1', ['r1'], { token: 't4', pid: 8 }))
  expect(await resumed.takeAll(all([host]), 50, never)).toEqual([])
  expect(await resumed.guard(host.connection).exec(sh`change`)).toMatchObject({ kind: 'exit' })
  expect(await crashed.guard(host.connection).exec(sh`change`)).toMatchObject({ kind: 'refused' })
  expect(crashed.stale.aborted).toBe(true)
  expect(await crashed.staleText()).toBe('a was taken over by the run r1 of ann on ctl-1 (pid 8) since noon')
  // Its own are let go of, those of others are not.
  expect(await crashed.release()).toEqual([])
  expect((await host.connection.lock.look()).held).toBe(true)
  expect(host.machine.commands).toEqual(['change'])
})

test('two names of one machine share its lock', async () => {
  const machine = fakeMachine()
  const hosts = ['a', 'b'].map((name) => machine.connect({ name }))
  const leases = keepLeases(claim('r1'))
  expect(
    await leases.takeAll(
      hosts.map((one) => async () => one),
      50,
      never,
    ),
  ).toEqual([])
  for (const one of hosts)
    expect(await leases.guard(one).exec(sh`change`)).toMatchObject({ kind: 'exit', code: 0 })
  await leases.release()
  expect(machine.lock.states.map(({ held }) => held)).toEqual([true, false])
})

test('after unlock, the old holder is told who did it and changes nothing, his jobs are not ended by him', async () => {
  const [host] = fleet('a')
  if (host === undefined) throw new Error('no host')
  const leases = keepLeases(claim('r1'))
  const connection = leases.guard(host.connection)
  await connection.job('r1/t/1/j', sh`work`)
  await host.connection.lock.add(1, { held: false, holder: holder('r1', { by: 'unlock', user: 'bob' }) })
  const [job] = await connection.jobs('r1')
  await expect(job?.cancel()).rejects.toMatchObject({ fault: 'fenced' })
  await expect(connection.job('r1/t/1/k', sh`more`)).rejects.toMatchObject({ fault: 'fenced' })
  expect(await leases.staleText()).toBe('the lock of a was released with unlock by bob on ctl-1 at noon')
  expect(host.machine.commands).toEqual(['work'])
})

test('what could not be released is told', async () => {
  const [host] = fleet('a')
  if (host === undefined) throw new Error('no host')
  const leases = keepLeases(claim('r1'))
  await leases.takeAll(all([host]), 50, never)
  host.machine.unreachable(true)
  expect(await leases.release()).toEqual(['a'])
})

test('an interrupt ends the taking', async () => {
  const hosts = fleet('a', 'b')
  const stop = new AbortController()
  stop.abort()
  await keepLeases(claim('r1')).takeAll(all(hosts), 50, stop.signal)
  expect(hosts.flatMap(({ machine }) => machine.lock.states)).toEqual([])
})

test('another user changes under the same lock: taken once, and fenced off with it', async () => {
  const [host] = fleet('a')
  if (host === undefined) throw new Error('no host')
  const leases = keepLeases(claim('r1'))
  const connection = leases.guard(host.connection)
  const other = connection.as({ become: true, user: 'app' })
  expect(other.endpoint.become).toMatchObject({ user: 'app' })
  await other.exec(sh.read`look`)
  expect(host.machine.lock.states).toEqual([])
  expect(await other.exec(sh`one`)).toMatchObject({ kind: 'exit' })
  expect(await connection.exec(sh`two`)).toMatchObject({ kind: 'exit' })
  expect(host.machine.lock.states).toHaveLength(1)
  await keepLeases(claim('r1', ['r1'], { token: 't2' })).takeAll(all([host]), 50, never)
  expect(await other.exec(sh`three`)).toMatchObject({ kind: 'refused' })
  await expect(other.put({ text: '' }, '/tmp/x')).rejects.toMatchObject({ fault: 'fenced' })
  await expect(other.job('r/t/1/j', sh`four`)).rejects.toMatchObject({ fault: 'fenced' })
  expect(await other.exec(sh.read`look`)).toMatchObject({ kind: 'exit' })
  expect(leases.stale.aborted).toBe(true)
  expect(host.machine.commands).toEqual(['look', 'one', 'two', 'look'])
})
