import { describe, expect, test } from 'vitest'
import { against, schemaStates, shrunk, versionOf } from '../../src/apim/probes.ts'

describe('the schema', () => {
  test.each(schemaStates.map(({ version, present }) => [version, present] as const))(
    'of %s is known by its own tables',
    (version, present) => {
      expect(versionOf(present)).toBe(version)
      expect(against(version, present)).toEqual([])
    },
  )

  test('of 1.8.0 lacks one column of that of 1.9.x', () => {
    const [oldest, old] = schemaStates.map(({ present }) => present)
    expect([
      against('1.8.0', oldest ?? []),
      against('1.9.0', old ?? []),
      against('1.9.1', old ?? []),
    ]).toEqual([[], [], []])
    expect(against('1.8.0', old ?? [])).toEqual(['AM_API.CONTEXT_TEMPLATE is there already'])
    expect(against('1.9.1', oldest ?? [])).toEqual(['AM_API.CONTEXT_TEMPLATE is missing'])
  })

  test('half-way between two versions is none, and it is told why', () => {
    const [now, next] = ['2.0.0', '2.6.0'].map((version) =>
      schemaStates.find((each) => each.version === version),
    )
    const half = [...(now?.present ?? []), 'AM_LABELS']
    expect(versionOf(half)).toBeUndefined()
    expect(against('2.0.0', half)).toEqual(['AM_LABELS is there already'])
    expect(against('2.6.0', half)).toEqual((next?.present ?? []).slice(1).map((name) => `${name} is missing`))
  })

  test('of an unknown version is never right', () => {
    expect(against('2.3.0', [])).toEqual(['no probe is known for 2.3.0'])
  })
})

test('a table that lost rows is told with both counts; one that is new is not', () => {
  expect(
    shrunk({ AM_API: 3, AM_APPLICATION: 2, UM_USER: 5 }, { AM_API: 2, AM_APPLICATION: 2, AM_NEW: 1 }),
  ).toEqual(['AM_API: 3 rows before, 2 now', 'UM_USER: 5 rows before, no table now'])
})
