import { expect, test } from 'vitest'
import { everyHost, faults, parseFault } from '../../src/lab/faults.ts'

test('a fault is named alone or with a host', () => {
  expect(parseFault('start-hangs', ['km-1'])).toEqual({ slug: 'start-hangs', host: everyHost })
  expect(parseFault('none:km-1', ['km-1'])).toEqual({ slug: 'none', host: 'km-1' })
})

test('what the lab does not know is refused with what it knows', () => {
  expect(() => parseFault('earthquake', [])).toThrow(/no fault "earthquake"; it knows start-hangs, /)
  expect(() => parseFault('start-hangs:km-9', ['km-1'])).toThrow('no host "km-9"; it has km-1.')
})

test('slugs are unique and fit a command line', () => {
  const slugs = faults.map(({ slug }) => slug)
  expect(new Set(slugs).size).toBe(slugs.length)
  expect(slugs.filter((slug) => !/^[a-z0-9-]+$/.test(slug))).toEqual([])
})
