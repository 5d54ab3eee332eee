import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { graph, listing } from '../../src/inventory/listing.ts'
import { loadInventory } from '../../src/inventory/load-inventory.ts'
import { matchHosts } from '../../src/inventory/patterns.ts'

// What ansible-core 2.14.18 printed for these fixtures: `ansible-inventory --list`, `--graph`, and the hosts of patterns.
const cwd = join(import.meta.dirname, 'fixtures')
const load = (...sources: string[]) => loadInventory({ sources, cwd, env: {} })
const expected = async (file: string) => JSON.parse(await readFile(join(cwd, file), 'utf8')) as unknown

describe('an inventory reads as in Ansible', () => {
  it.each([
    ['a.json', ['a']],
    ['a.json', ['a/hosts.yml']],
    ['ab.json', ['a', 'b']],
    ['ba.json', ['b', 'a/hosts.yml']],
    ['c.json', ['c.ini']],
    ['d.json', ['d.ini']],
    ['list.json', ['x,y.z:22,']],
  ])('%s is what %s says', async (file, sources) => {
    expect(listing(await load(...sources))).toEqual(await expected(file))
  })

  it('draws the same graph', async () => {
    expect(`${graph(await load('a', 'b'))}\n`).toBe(await readFile(join(cwd, 'ab.graph'), 'utf8'))
  })

  it('means the same hosts by a pattern', async () => {
    const inventory = await load('a')
    const given = (await expected('patterns.json')) as Record<string, readonly string[] | 'ERR'>
    const hosts = (pattern: string) => {
      try {
        return matchHosts(inventory, pattern, { allowEmpty: true }).map(({ name }) => name)
      } catch {
        return 'ERR'
      }
    }
    expect(Object.fromEntries(Object.keys(given).map((pattern) => [pattern, hosts(pattern)]))).toEqual(given)
  })
})
