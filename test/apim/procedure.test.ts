import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const page = readFileSync(new URL('../../docs/procedure.md', import.meta.url), 'utf8')
const plan = readFileSync(new URL('golden/to-3.0.0.txt', import.meta.url), 'utf8')

// The plays that a fleet with traffic hooks and business checks has besides; playbooks.test.ts shows that they are there.
const ofOthers = ['preflight, users', 'out of the traffic', 'let users in', 'into the traffic']
const planned = [
  ...plan.matchAll(/^(?:PLAY|ASK) ([^\n]+?)(?:: (?:[\w-]+(?:, |$| \())|, \d+ waves|: known)/gm),
].map(([, name]) => name ?? '')

/** Names in the third column of the tables, as patterns. */
const named = page
  .split('\n')
  .filter((line) => line.startsWith('| ') && line.split(' | ').length >= 5)
  .flatMap((line) => [...(line.split(' | ')[2] ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? ''))
const pattern = (name: string) =>
  new RegExp(
    `^${name
      .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      .replace(/\bN\b/, '\\d+\\.\\d+\\.\\d+')
      .replace('ROLE', '[a-z-]+')}$`,
  )

test('the table of the procedure has each play of the plan of the default fleet', () => {
  expect(planned.length).toBeGreaterThan(50)
  expect(planned.filter((name) => !named.some((each) => pattern(each).test(name)))).toEqual([])
})

test('and no other', () => {
  const known = [...planned, ...ofOthers, 'users are served by 3.0.0', 'verify key-manager']
  expect(named.filter((each) => !known.some((name) => pattern(each).test(name)))).toEqual([])
})
