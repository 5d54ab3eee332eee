import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { expandName } from '../../src/inventory/names.ts'

describe('expandName', () => {
  it.each<[string, string[], number | undefined]>([
    ['a', ['a'], undefined],
    ['a.b:2222', ['a.b'], 2222],
    ['gw[01:03].dc1', ['gw01.dc1', 'gw02.dc1', 'gw03.dc1'], undefined],
    ['gw[8:10]', ['gw8', 'gw9', 'gw10'], undefined],
    ['gw[:2]', ['gw0', 'gw1', 'gw2'], undefined],
    ['gw[1:7:3]', ['gw1', 'gw4', 'gw7'], undefined],
    ['n[a:c]', ['na', 'nb', 'nc'], undefined],
    ['n[y:B]', ['ny', 'nz', 'nA', 'nB'], undefined],
    ['n[a:b][1:2]:22', ['na1', 'na2', 'nb1', 'nb2'], 22],
    ['::1', ['::1'], undefined],
    ['2001:db8::1', ['2001:db8::1'], undefined],
    ['[2001:db8::1]:22', ['2001:db8::1'], 22],
    ['10.0.0.[1:2]', ['10.0.0.1', '10.0.0.2'], undefined],
    ['[name]:22', ['name'], 22],
  ])('%s', (text, names, port) => expect(expandName(text)).toEqual({ names, port }))

  it.each([
    ['gw[1:]', 'expected a range with an end, such as [1:5], got [1:]'],
    ['gw[01:100]', 'expected both ends of a zero-padded range to be equally long, got [01:100]'],
    ['gw[3:1]', 'expected a range that goes up, got [3:1]'],
    ['gw[1:2:3:4]', 'expected a range [begin:end] or [begin:end:step], got [1:2:3:4]'],
    ['gw[1:c]', 'expected numbers or single letters, got [1:c]'],
    ['gw[1:5:0]', 'expected a step of 1 or more, got [1:5:0]'],
    ['gw[1:999999999]', 'expected at most 100000 hosts of one name, got [1:999999999]'],
    ['gw[1:1000][1:1000]', 'expected at most 100000 hosts of one name'],
    ['a:70000', 'expected a port of 1 to 65535, got 70000'],
    ['a:', 'expected no colon at the end'],
  ])('refuses %s', (text, wrong) => expect(expandName(text)).toEqual({ wrong }))

  it('counts from begin to end, all equally long when padded', () => {
    const ends = fc.tuple(fc.nat(500), fc.nat(500)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
    fc.assert(
      fc.property(ends, ([begin, end]) => {
        const padded = (value: number) => String(value).padStart(5, '0')
        const expanded = expandName(`h[${padded(begin)}:${padded(end)}]`)
        const names = Array.from({ length: end - begin + 1 }, (_, at) => `h${padded(begin + at)}`)
        expect(expanded).toEqual({ names, port: undefined })
      }),
    )
  })
})
