import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { globRegExp } from '../../src/inventory/globs.ts'
import { loadInventory } from '../../src/inventory/load-inventory.ts'
import { matchHosts, orderParts, splitPattern } from '../../src/inventory/patterns.ts'
import { problemsOf } from '../support/site.ts'

describe('splitPattern', () => {
  it.each<[string | string[], string[]]>([
    ['a:b', ['a', 'b']],
    ['a,b:c', ['a', 'b:c']],
    ['h[1:3]', ['h[1:3]']],
    ['h[1:3]:x', ['h[1:3]', 'x']],
    ['h:22', ['h:22']],
    ['2001:db8::1', ['2001:db8::1']],
    ['a:!b:&c', ['a', '!b', '&c']],
    [' a , , b ', ['a', 'b']],
    [
      ['a:b', 'c,d'],
      ['a', 'b', 'c', 'd'],
    ],
    ['', []],
  ])('%j', (pattern, parts) => expect(splitPattern(pattern)).toEqual(parts))
})

it('puts unions first, then what they are cut down to, then what is taken away', () => {
  expect(orderParts(['!a', 'b', '&c', 'd'])).toEqual(['b', 'd', '&c', '!a'])
  expect(orderParts(['!a'])).toEqual(['all', '!a'])
})

describe('matchHosts', () => {
  const inventory = loadInventory({ sources: ['gateway1,gateway2,store1,'], cwd: '/', env: {} })
  it.each([
    [
      'gatway1',
      'pattern "gatway1": expected a group or host, got none of that name; did you mean "gateway1"?',
    ],
    [
      'all:!stores1',
      'pattern "stores1": expected a group or host, got none of that name; did you mean "store1"?',
    ],
    ['x*', 'pattern "x*": expected a group or host, got none of that name'],
    ['all[7]', 'pattern "all[7]": expected an index below 3, got 7'],
    ['~(', 'pattern "~(": expected a regular expression after "~"'],
  ])('refuses %s', async (pattern, problem) => {
    const known = await inventory
    expect(await problemsOf(() => matchHosts(known, pattern))).toEqual([problem])
  })

  it('tells of every part that matches nothing', async () => {
    const known = await inventory
    expect(await problemsOf(() => matchHosts(known, 'nope:gateway1:&never'))).toHaveLength(2)
    expect(matchHosts(known, 'nope:gateway1', { allowEmpty: true }).map(({ name }) => name)).toEqual([
      'gateway1',
    ])
  })

  it('lets a group be empty, and knows this machine', async () => {
    const known = await loadInventory({ sources: ['a,'], cwd: '/', env: {} })
    expect(matchHosts(known, 'ungrouped:!a')).toEqual([])
    expect(matchHosts(known, 'localhost')[0]?.vars).toEqual({ ansible_connection: 'local' })
  })
})

it('reads any text without marks as itself in a glob', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const escaped = text.replace(/[*?[]/g, '[$&]')
      expect(globRegExp(escaped).test(text)).toBe(true)
      expect(globRegExp(escaped).test(`${text}x`)).toBe(false)
    }),
  )
})
