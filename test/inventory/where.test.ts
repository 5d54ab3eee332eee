import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hostsWhere } from '../../src/inventory/where.ts'
import { secret } from '../../src/model/secret.ts'
import { problemsOf } from '../support/site.ts'

const hosts = [
  {
    name: 'a',
    vars: { version: '1.9.1', zone: 'a', weight: 1, on: true, roles: ['gw', 'km'], db: { port: 1 } },
  },
  { name: 'b', vars: { version: '2.6.0', zone: 'b', weight: 10, on: false, roles: [], db: { port: 2 } } },
  { name: 'c', vars: { version: '2.6.0.15', zone: 'a', weight: 2, on: true, roles: ['gw'], late: 'x' } },
  { name: 'd', vars: { version: '10.0.0', zone: 'ab', weight: -1.5, on: true, roles: [], late: null } },
]
const names = (text: string) =>
  hostsWhere(text, hosts)
    .map(({ name }) => name)
    .join('')

describe('--where', () => {
  it.each([
    ['version < "2.6.0" && zone == "a"', 'a'],
    ['version < "2.6.0"', 'a'],
    ['version <= "2.6"', 'ab'],
    ['version > "2.6.0"', 'cd'],
    ['"2.6.0" == version', 'b'],
    ["version != '2.6.0'", 'acd'],
    ['version in ["1.9.1", "10.0.0"]', 'ad'],
    ['version < "2.6.0-beta"', 'a'],
    ['"gw" in roles', 'ac'],
    ['!("gw" in roles)', 'bd'],
    ['weight >= 2', 'bc'],
    ['weight < -1', 'd'],
    ['weight == 10', 'b'],
    ['zone > "a"', 'bd'],
    ['on', 'acd'],
    ['!on', 'b'],
    ['on == false', 'b'],
    ['late', 'c'],
    ['late && late == "x"', 'c'],
    ['!late', 'abd'],
    ['db && db.port == 2', 'b'],
    ["db && db['port'] < 2", 'a'],
    ["roles[0] && roles[0] == 'gw'", 'ac'],
    ['zone == "a" || zone == "b" && on', 'ac'],
    ['(zone == "a" || zone == "b") && !(weight < 2)', 'bc'],
    ['!!on', 'acd'],
    ['true', 'abcd'],
    ['zone in []', ''],
  ])('%s', (text, expected) => expect(names(text)).toBe(expected))

  it.each([
    ['zoen == "a"', '--where:1 expected a variable of these hosts, got "zoen"; did you mean "zone"?'],
    ['on || zoen', '--where:7 expected a variable of these hosts, got "zoen"; did you mean "zone"?'],
    ['late == "x"', '--where:1 a has no late; ask first whether it has one: late && ...'],
    [
      'weight < "2"',
      '--where:8 <: expected two numbers, two versions, or two texts that are no versions, got the number 1 and "2" for a',
    ],
    ['version < "old"', '--where:9 <: expected two numbers, two versions'],
    ['weight == "1"', '--where:8 ==: expected two values of one type, got the number 1 and "1" for a'],
    ['zone in "ab"', '--where:6 in: expected a list on the right'],
    ['zone', undefined],
    ['"a"', '--where:1 expected a condition, got "a"'],
    ['zone == ', '--where:9 expected a variable, a "text" or a number, got the end'],
    ['zone = "a"', '--where:6 expected a condition, got "= \\"a\\"" (write ==, && or ||)'],
    ['version < 2.6.0', '--where:11 expected a condition, got "2.6.0" (quote it)'],
    ['(on', '--where:4 expected ), got the end'],
    ['on on', '--where:4 expected && or || or the end, got "on"'],
    ['zone == "a', '--where:9 expected a condition, got a text without its end'],
    ['zone == process.exit(1)', '--where:21 expected && or || or the end, got "("'],
    ['zone.constructor', undefined],
    ['', '--where:1 expected a variable, a "text" or a number, got the end'],
    [`${'('.repeat(500)}on`, '--where:102 expected at most 100 levels, got more'],
  ])('tells what is wrong with %s', async (text, problem) => {
    const told = await problemsOf(() => hostsWhere(text, hosts))
    expect(told).toHaveLength(problem === undefined ? 0 : 1)
    if (problem !== undefined) expect(told[0]).toContain(problem)
  })

  it('compares no secret', async () => {
    const one = [{ name: 'h', vars: { password: secret('env:P') } }]
    expect((await problemsOf(() => hostsWhere('password == "x"', one)))[0]).toContain('is a secret')
  })

  it('never throws anything but what it says', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          hostsWhere(text, hosts)
        } catch (error) {
          expect((error as Error).name).toBe('InputError')
        }
      }),
    )
  })
})
