import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { hostsCommand } from '../../src/commands/hosts.ts'
import { inventoryCommand } from '../../src/commands/inventory.ts'
import { fakeIo } from '../support/io.ts'
import { files, problemsOf } from '../support/site.ts'

const hosts = 'all: { vars: { b: 1, a: { d: 1, c: 2 } }, children: { web: { hosts: { "w[1:2]": } } } }'

async function run(
  make: typeof inventoryCommand,
  args: readonly string[],
  contents: Record<string, string> = { 'inventory/hosts.yml': hosts },
  env: Record<string, string> = {},
) {
  const io = fakeIo({ cwd: await files(contents), env })
  await make(io).parseAsync([...args], { from: 'user' })
  return { stdout: io.written.out, stderr: io.written.err }
}

describe('inventory', () => {
  it('lists as JSON with sorted keys', async () => {
    const { stdout } = await run(inventoryCommand, ['--list'])
    const vars = { a: { c: 2, d: 1 }, b: 1 }
    const list = {
      _meta: { hostvars: { w1: vars, w2: vars } },
      all: { children: ['ungrouped', 'web'] },
      web: { hosts: ['w1', 'w2'] },
    }
    expect(stdout).toBe(`${JSON.stringify(list, null, 4)}\n`)
  })

  it('draws a graph and shows a host', async () => {
    expect((await run(inventoryCommand, ['--graph'])).stdout).toBe(
      '@all:\n  |--@ungrouped:\n  |--@web:\n  |  |--w1\n  |  |--w2\n',
    )
    const { stdout } = await run(inventoryCommand, ['--host', 'w1', '-e', 'b=2'])
    expect(JSON.parse(stdout)).toEqual({ a: { d: 1, c: 2 }, b: '2' })
  })

  it('wants one of its options, and a host that there is', async () => {
    expect(await problemsOf(() => run(inventoryCommand, []))).toHaveLength(1)
    expect(await problemsOf(() => run(inventoryCommand, ['--host', 'w11']))).toEqual([
      '--host w11: expected a host of the inventory; did you mean "w1"?',
    ])
  })
})

describe('hosts', () => {
  it('prints names', async () => {
    expect((await run(hostsCommand, ['web[0]'])).stdout).toBe('w1\n')
    expect((await run(hostsCommand, ['all:nope', '--allow-empty'])).stdout).toBe('w1\nw2\n')
    expect((await run(hostsCommand, ['all', '-i', 'x,', '-i', 'y,'])).stdout).toBe('x\ny\n')
  })

  it.each<[string, Record<string, string>, Record<string, string>, string, string]>([
    [
      'the environment',
      { 'other.yml': hosts, 'inventory/hosts.yml': 'x' },
      { UPGRADE_FLEET_INVENTORY: 'other.yml' },
      'w1\nw2\n',
      '',
    ],
    ['a directory', { 'inventory/hosts/a.yml': hosts }, {}, 'w1\nw2\n', ''],
    ['INI', { 'inventory/hosts.ini': 'x\n' }, {}, 'x\n', ''],
    [
      'the lab',
      { 'inventory/lab/hosts.yml': hosts },
      {},
      'w1\nw2\n',
      "Using the lab's inventory, inventory/lab/hosts.yml\n",
    ],
  ])('finds %s', async (_name, contents, env, out, err) => {
    const io = await run(hostsCommand, ['all'], contents, env)
    expect([io.stdout, io.stderr]).toEqual([out, err])
  })

  it('says where it looked', async () => {
    const cwd = await files({})
    const [problem] = await problemsOf(() =>
      hostsCommand(fakeIo({ cwd })).parseAsync(['all'], { from: 'user' }),
    )
    for (const place of [
      '-i',
      'UPGRADE_FLEET_INVENTORY',
      'inventory/hosts.yml',
      'inventory/lab/hosts.yml',
      join(cwd),
    ]) {
      expect(problem).toContain(place)
    }
  })
})
