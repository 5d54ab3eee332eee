import { expect, test } from 'vitest'
import { keepRoster } from '../../src/connect/roster.ts'
import { parseHello } from '../../src/connect/session.ts'
import type { Endpoint } from '../../src/model/connection.ts'
import type { MachineIdentity } from '../../src/model/machine-identity.ts'

const at = (name: string, more: Partial<Endpoint> = {}): Endpoint => ({
  name,
  kind: 'ssh',
  address: name,
  port: 22,
  ...more,
})
const m = (id: string): MachineIdentity => ({ id, boot: `boot of ${id}`, key: `ssh-ed25519 of ${id}` })
const empty = new Map<string, MachineIdentity>()

test('two names of one machine: the second is refused, unless the inventory says so', () => {
  const roster = keepRoster(empty)
  expect(roster.meet(at('a'), m('1'))).toBeUndefined()
  expect(roster.meet(at('b'), m('2'))).toBeUndefined()
  expect(roster.meet(at('c'), m('1'))).toMatchObject({
    host: 'c',
    problem: expect.stringContaining('c and a are one machine (the same machine-id)'),
    next: expect.stringContaining('upgrade_fleet_same_machine: a'),
  })
  expect(roster.meet(at('d', { sameMachine: 'a' }), m('1'))).toBeUndefined()
  expect([...roster.met.keys()]).toEqual(['a', 'b', 'd'])
  // Met again, it is no twin of itself.
  expect(roster.meet(at('a'), m('1'))).toBeUndefined()
})

test('it does not matter which of the names is met first', () => {
  const roster = keepRoster(empty)
  const same = { sameMachine: 'b' }
  // Two servers of one machine have keys of their own.
  expect(roster.meet(at('a', same), { ...m('1'), key: 'ssh-ed25519 other' })).toBeUndefined()
  expect(roster.meet(at('c', same), m('1'))).toBeUndefined()
  expect(roster.meet(at('b'), m('1'))).toBeUndefined()
  expect(roster.meet(at('d'), m('1'))?.host).toBe('d')
})

test.each([['a first'], ['b first']])('what the inventory says and is not so is refused: %s', (order) => {
  const roster = keepRoster(empty)
  const both = [
    [at('a', { sameMachine: 'b' }), m('1')],
    [at('b'), m('2')],
  ] as const
  const [first, second] = order === 'a first' ? both : both.toReversed()
  if (first === undefined || second === undefined) throw new Error('no two')
  expect(roster.meet(...first)).toBeUndefined()
  expect(roster.meet(...second)?.problem).toMatch(/two machines, and upgrade_fleet_same_machine says/)
})

test('a copy of a machine is told as one', () => {
  const roster = keepRoster(empty)
  roster.meet(at('a'), m('1'))
  expect(roster.meet(at('b'), { ...m('1'), boot: 'another' })).toMatchObject({
    problem: expect.stringContaining('one is a copy'),
    next: expect.stringContaining('systemd-machine-id-setup'),
  })
  roster.meet(at('c'), { key: 'ssh-ed25519 k', boot: 'x' })
  expect(roster.meet(at('d'), { key: 'ssh-ed25519 k', boot: 'y' })?.next).toMatch(/ssh-keygen -A/)
})

test('hosts that are this machine by ansible_connection: local say so by that; one over SSH does not', () => {
  const roster = keepRoster(empty)
  const local = { kind: 'local' } as const
  expect(roster.meet(at('a', local), m('1'))).toBeUndefined()
  expect(roster.meet(at('b', local), m('1'))).toBeUndefined()
  expect(roster.meet(at('c'), m('1'))?.problem).toMatch(/are one machine/)
})

test('a name that meant another machine before is refused, unless somebody accepts it', () => {
  const known = new Map([
    ['a', m('1')],
    ['b', m('2')],
  ])
  expect(keepRoster(known).meet(at('a'), { ...m('1'), boot: 'later' })).toBeUndefined()
  expect(keepRoster(known).meet(at('a'), m('3'))).toMatchObject({
    problem: expect.stringContaining('a is another machine than before: its machine-id'),
    next: expect.stringContaining('--accept-machine a'),
  })
  expect(keepRoster(known, new Set(['a'])).meet(at('a'), m('3'))).toBeUndefined()
  expect(keepRoster(known, new Set(['a'])).meet(at('b'), m('3'))?.host).toBe('b')
})

test('a thousand names are compared by what they share, not with one another', () => {
  let asked = 0
  const roster = keepRoster(empty)
  for (let n = 0; n < 1000; n++) {
    const endpoint = at(`h${n}`)
    const counted = new Proxy(endpoint, {
      get: (target, key) => {
        asked += 1
        return Reflect.get(target, key)
      },
    })
    roster.meet(counted, m(String(n)))
  }
  expect(asked).toBeLessThan(20_000)
})

test('what a machine says of itself is read strictly, and its machine-id leaves as a hash alone', () => {
  const raw = 'a'.repeat(32)
  const boot = '01234567-89ab-cdef-0123-456789abcdef'
  const { who } = parseHello(`1 (sh) S\n${raw}\n${boot}`)
  expect(who).toEqual({ id: expect.stringMatching(/^[0-9a-f]{32}$/), boot })
  expect(who.id).not.toBe(raw)
  for (const id of ['', 'uninitialized', '0'.repeat(32), `${raw}a`, '\u001b[2J'])
    expect(parseHello(`1 (sh) S\n${id}\nx`).who).toEqual({})
})
