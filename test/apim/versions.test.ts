import { describe, expect, test } from 'vitest'
import { flagsOf, profileOf, roleOrder } from '../../src/apim/roles.ts'
import { explain, route } from '../../src/apim/versions.ts'

const way = (from: string, to: string, via?: string) =>
  route(from, to, via).map((hop) => `${hop.from} ${hop.to}`)

describe('the way', () => {
  test.each([
    ['1.8.0', '3.0.0', undefined, ['1.8.0 2.0.0', '2.0.0 2.6.0', '2.6.0 3.0.0']],
    ['1.9.1', '3.0.0', undefined, ['1.9.1 2.0.0', '2.0.0 2.6.0', '2.6.0 3.0.0']],
    ['1.9.1', '3.0.0', '2.0.0', ['1.9.1 2.0.0', '2.0.0 3.0.0']],
    ['1.9.1', '3.0.0', '2.6.0', ['1.9.1 2.0.0', '2.0.0 2.6.0', '2.6.0 3.0.0']],
    ['2.6.0', '3.0.0', undefined, ['2.6.0 3.0.0']],
    ['1.9.0', '2.6.0', undefined, ['1.9.0 2.0.0', '2.0.0 2.6.0']],
    ['3.0.0', '3.0.0', undefined, []],
  ])('from %s to %s via %s', (from, to, via, hops) => {
    expect(way(from, to, via)).toEqual(hops)
  })

  test.each([
    ['1.7.0', '3.0.0', undefined, /before 1\.8\.0.*\n.*1\.8\.0 first/],
    ['3.0.0', '2.6.0', undefined, /no way down/],
    ['1.9', '3.0.0', undefined, /1\.9 is no version/],
    ['2.1.0', '3.0.0', undefined, /no way from 2\.1\.0/],
    ['2.6.0', '3.0.0', '2.0.0', /via 2\.0\.0/],
  ])('from %s to %s via %s is refused', (from, to, via, words) => {
    expect(() => route(from, to, via)).toThrow(words)
  })

  test('is explained hop by hop', () => {
    expect(explain(route('1.9.1', '3.0.0'))).toEqual([
      '1.9.1 -> 2.0.0: the 2.0.0 client goes through 1.9 and 1.10 itself; no 1.10.0 pack is needed',
      '2.0.0 -> 2.6.0: identity 5.2.0 to 5.7.0; the last version that can use SVN',
      '2.6.0 -> 3.0.0: identity 5.7.0 to 5.9.0; deployment.toml in place of XML; no SVN',
    ])
  })
})

describe('roles', () => {
  test('start in the order of their version', () => {
    const gateways = ['gateway-manager', 'gateway-worker']
    expect(roleOrder('1.9.1')).toEqual(['key-manager', 'publisher', 'store', ...gateways])
    expect(roleOrder('2.6.0')).toEqual(['key-manager', 'publisher', 'store', 'traffic-manager', ...gateways])
    expect(roleOrder('3.0.0')).toEqual(['traffic-manager', 'key-manager', 'publisher', 'store', ...gateways])
  })

  test.each([
    ['store', '1.9.1', 'api-store'],
    ['store', '2.6.0', 'api-store'],
    ['store', '3.0.0', 'api-devportal'],
    ['gateway-manager', '2.0.0', 'gateway-manager'],
    ['gateway-manager', '2.6.0', 'gateway-worker'],
    ['gateway-worker', '1.9.1', 'gateway-worker'],
    ['key-manager', '3.0.0', 'api-key-manager'],
    ['traffic-manager', '2.6.0', 'traffic-manager'],
  ] as const)('%s of %s is %s', (role, version, profile) => {
    expect(profileOf(role, version)).toBe(profile)
  })

  test('the one that writes is never started as a worker', () => {
    expect(flagsOf('gateway-manager', '2.6.0')).toEqual(['-Dprofile=gateway-worker'])
    expect(flagsOf('gateway-worker', '2.6.0')).toEqual(['-Dprofile=gateway-worker', '-DworkerNode=true'])
    expect(flagsOf('gateway-worker', '3.0.0')).toEqual(['-Dprofile=gateway-worker'])
  })
})
