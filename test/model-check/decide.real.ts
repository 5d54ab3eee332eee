import { expect, test } from 'vitest'
import { decide } from '../../src/run/decide.ts'
import { casesOf } from './cases.ts'
import { exploreAll } from './explore.ts'

// Real in nothing but its length: decide.test.ts has the rest.
test('whatever happens, in whatever order, to 4 hosts: the rules of a rollout hold', () => {
  const { states, broken } = exploreAll(casesOf(4), decide)
  expect(broken).toEqual([])
  expect(states).toBeGreaterThan(200_000)
})
