import { describe, expect, test } from 'vitest'
import { explain } from '../../src/apim/explain.ts'
import { flagsOf, profileOf, roleOrder } from '../../src/apim/roles.ts'
import { sourceVersion } from '../../src/apim/schemas.ts'
import { route, sources, targets, text, versions, type Wish, ways } from '../../src/apim/versions.ts'
import { InputError } from '../../src/model/errors.ts'
import { expectGolden } from '../support/golden.ts'

const way = (from: string, to: string, via?: string) =>
  route(from, to, via).map((hop) => `${hop.from} ${hop.to}`)

describe('the way', () => {
  test.each([
    ['1.8.0', '3.0.0', undefined, ['1.8.0 2.0.0', '2.0.0 2.6.0', '2.6.0 3.0.0']],
    ['1.9.1', '3.0.0', undefined, ['1.9.1 2.0.0', '2.0.0 2.6.0', '2.6.0 3.0.0']],
    ['1.9.1', '3.0.0', '2.0.0', ['1.9.1 2.0.0', '2.0.0 3.0.0']],
    ['1.9.1', '3.0.0', '2.6.0', ['1.9.1 2.0.0', '2.0.0 2.6.0', '2.6.0 3.0.0']],
    ['2.6.0', '3.0.0', undefined, ['2.6.0 3.0.0']],
    ['1.10.0', '3.0.0', undefined, ['1.10.0 2.0.0', '2.0.0 2.6.0', '2.6.0 3.0.0']],
    ['2.5.0', '3.0.0', undefined, ['2.5.0 2.6.0', '2.6.0 3.0.0']],
    ['1.9.0', '2.6.0', undefined, ['1.9.0 2.0.0', '2.0.0 2.6.0']],
    ['3.0.0', '3.0.0', undefined, []],
  ])('from %s to %s via %s', (from, to, via, hops) => {
    expect(way(from, to, via)).toEqual(hops)
  })

  test.each([
    ['1.7.0', '3.0.0', undefined, /before 1\.8\.0.*\n.*1\.8\.0 first/],
    ['3.0.0', '2.6.0', undefined, /no way down/],
    ['1.9', '3.0.0', undefined, /1\.9 is no version/],
    ['2.3.0', '3.0.0', undefined, /Nothing is known of a release 2\.3\.0(.|\n)*upgrade to 2\.5\.0 first/],
    ['2.6.0', '3.1.0', undefined, /last release that is upgraded to is 3\.0\.0/],
    ['1.9.1', '1.10.0', undefined, /no hop ends at 1\.10\.0\.\nFrom 1\.9\.1 there is a way to 2\.0\.0/],
    ['2.6.0', '3.0.0', '2.0.0', /via 2\.0\.0/],
  ])('from %s to %s via %s is refused', (from, to, via, words) => {
    expect(() => route(from, to, via)).toThrow(words)
  })

  test('of all pairs reads as its golden file, refusals too', () => {
    const odd = ['1.7.0', '1.9.2', '2.3.0', '3.1.0', '1.9']
    const lines = [...versions, ...odd].flatMap((from) =>
      [...versions, '3.1.0'].map((to) => `${from} to ${to}: ${said(from, to)}`),
    )
    expectGolden(import.meta.url, 'routes.txt', `${lines.join('\n')}\n`)
  })

  test('of all pairs is one that goes from hop to hop, by each of its wishes too', () => {
    for (const from of versions)
      for (const to of targets)
        for (const known of ways(from, to)) {
          expect(known.slice(1).map((hop) => hop.from)).toEqual(known.slice(0, -1).map((hop) => hop.to))
          expect(route(from, to, { via: known.map((hop) => hop.from) })).toEqual(known)
        }
  })

  test('is explained hop by hop as its golden file', () => {
    const asked: readonly (readonly [string, Wish])[] = [
      ['1.9.1', {}],
      ['1.9.1', { via: ['2.0.0'], land: ['2.0.0'] }],
      ['1.10.0', {}],
      ['1.10.0', { via: ['1.10.0', '2.6.0'] }],
      ['2.1.0', { via: ['2.1.0'] }],
      ['2.5.0', {}],
    ]
    const texts = asked.map(
      ([from, wish]) => `== ${from} ${JSON.stringify(wish)}\n${explain(from, '3.0.0', wish).join('\n')}\n`,
    )
    expectGolden(import.meta.url, 'explained.txt', texts.join('\n'))
  })

  test('lands only where it comes by', () => {
    expect(route('1.9.1', '3.0.0', { land: ['2.0.0'] }).map(({ lands }) => lands)).toEqual([
      true,
      undefined,
      undefined,
    ])
    expect(() => route('2.6.0', '3.0.0', { land: ['2.0.0'] })).toThrow(/does not come by 2\.0\.0/)
  })

  test('begins with what the inventory may say: all that is built, and a word for all else', () => {
    for (const from of versions) {
      expect(sources.some((each) => each === from) || from === '3.0.0', from).toBe(true)
    }
    const wrong = (version: unknown) => sourceVersion.safeParse(version).error?.issues[0]?.message
    expect(wrong('3.0.0')).toMatch(/expected one of "1\.8\.0"/)
    expect(wrong('1.7.0')).toMatch(/upgrade to 1\.8\.0 first/)
    expect(wrong('1.9.7')).toMatch(/^Invalid option/)
    expect(wrong(1.9)).toMatch(/such as "1\.9\.1"/)
  })
})

function said(from: string, to: string): string {
  try {
    const way = route(from, to)
    if (way.length === 0) return 'nothing to do'
    return text(way)
  } catch (error) {
    return error instanceof InputError ? `refused: ${error.message.replaceAll('\n', ' ')}` : String(error)
  }
}

describe('roles', () => {
  test('start in the order of their version', () => {
    const gateways = ['all-in-one', 'gateway-manager', 'gateway-worker']
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
