import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { hostsCommand } from '../../src/commands/hosts.ts'
import { inventoryCommand } from '../../src/commands/inventory.ts'
import { fakeIo } from '../support/io.ts'
import { files, problemsOf } from '../support/site.ts'

const inventory = `all:
  vars: { home: "/opt/{{ inventory_hostname }}" }
  children:
    web: { vars: { v: "1.9.1", zone: a }, hosts: { w1: { zone: b }, w2: } }
    db: { vars: { v: "2.6.0" }, hosts: { d1: , w2: { v: "3.0.0" } } }
`

async function run(
  make: typeof inventoryCommand,
  args: readonly string[],
  contents: Record<string, string> = {},
  stdin = '',
) {
  const cwd = await files({ 'inventory/hosts.yml': inventory, ...contents })
  if (contents['hosts.sh'] !== undefined) await chmod(join(cwd, 'hosts.sh'), 0o755)
  const io = fakeIo({ cwd, env: { PATH: '/usr/bin:/bin' }, input: async () => stdin })
  await make(io).parseAsync([...args], { from: 'user' })
  return { out: io.written.out, err: io.written.err }
}
const names = async (...args: Parameters<typeof run> extends [unknown, ...infer Rest] ? Rest : never) =>
  (await run(hostsCommand, ...args)).out.trim().split('\n')

describe('sources', () => {
  it('reads stdin', async () => {
    expect(await names(['all', '-i', '-'], {}, '[x]\na\nb\n')).toEqual(['a', 'b'])
  })

  it('reads modules: data, and functions', async () => {
    const data = 'const hosts: Record<string, null> = { m1: null }\nexport default { web: { hosts } }\n'
    expect(await names(['all', '-i', 'hosts.ts'], { 'hosts.ts': data })).toEqual(['m1'])
    const later = 'export default async () => ({ web: { hosts: { m2: { x: [1] } } } })\n'
    expect(await names(['web', '-i', 'hosts.ts'], { 'hosts.ts': later })).toEqual(['m2'])
  })

  it.each([
    [
      'export default { web: { hosts: { a: { x: () => 1 } } } }',
      'hosts.ts web.hosts.a.x: expected plain data',
    ],
    ['export const a = 1', 'hosts.ts: expected groups as its default export'],
    ['export default () => { throw new Error("no") }', 'hosts.ts:1:30 cannot be loaded: Error: no'],
  ])('tells what is wrong with the module %s', async (text, problem) => {
    const told = await problemsOf(() => names(['all', '-i', 'hosts.ts'], { 'hosts.ts': text }))
    expect(told[0]).toContain(problem)
  })

  it('shows what a program says on its error stream, made safe', async () => {
    const program = `#!/bin/sh\nprintf 'slow \\033[2J' >&2\necho '{"web": ["p1"], "_meta": {"hostvars": {}}}'\n`
    const { out, err } = await run(hostsCommand, ['all', '-i', 'hosts.sh'], { 'hosts.sh': program })
    expect([out, err]).toEqual(['p1\n', 'hosts.sh --list: slow \\x1b[2J\n'])
  })
})

describe('choosing', () => {
  it('by a condition, and by files', async () => {
    expect(await names(['all', '--where', 'v < "2.6.0" && zone == "b"'])).toEqual(['w1'])
    expect(await names(['all', '--where', 'home == "/opt/d1"'])).toEqual(['d1'])
    expect(await names(['@list'], { list: 'd1\n\nw1\n' })).toEqual(['d1', 'w1'])
  })

  it.each([
    [['all', '--where', 'zoen == "a"'], '--where:1 expected a variable of these hosts, got "zoen"'],
    [['all', '--where', 'v == "9.9.9"'], 'holds for none of 3 hosts'],
    [['@nowhere'], 'expected a file with a pattern a line, got no such file'],
    [['@run:x:faild'], 'expected @run:ID:failed or @run:ID:unreachable, got "faild"'],
    [['@run:x:failed'], 'x'],
  ])('refuses %j', async (args, problem) => {
    expect((await problemsOf(() => names(args)))[0]).toContain(problem)
  })
})

describe('explaining', () => {
  it('names the winner and every loser with its place', async () => {
    const { out } = await run(inventoryCommand, ['explain', 'w2.v'], {
      'inventory/group_vars/web.yml': 'v: "2.0.0"\n',
    })
    expect(out.trim().split('\n')).toEqual([
      '"3.0.0"  host w2  inventory/hosts.yml:5:57  (wins)',
      '"2.0.0"  group web  inventory/group_vars/web.yml:1:4',
      '"1.9.1"  group web  inventory/hosts.yml:4:23',
      '"2.6.0"  group db  inventory/hosts.yml:5:22',
    ])
  })

  it('says what a reference comes to, and who is not there', async () => {
    expect((await run(inventoryCommand, ['explain', 'w1.home'])).out).toContain('that is: "/opt/w1"')
    expect(await problemsOf(() => run(inventoryCommand, ['explain', 'w1.hom']))).toEqual([
      'explain w1.hom: nobody says "hom" of w1; did you mean "home"?',
    ])
  })

  it('compares two inventories', async () => {
    const other = inventory.replace('d1: ,', 'd2: ,').replace('"1.9.1", zone: a', '"1.9.1", zone: c')
    const { out } = await run(inventoryCommand, ['diff', 'inventory/hosts.yml', 'other.yml'], {
      'other.yml': other,
    })
    expect(out.trim().split('\n')).toEqual([
      '- d1',
      '+ d2',
      '~ w2: zone: "a" (inventory/hosts.yml:4) -> "c" (other.yml:4)',
    ])
  })
})
