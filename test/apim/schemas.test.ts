import { expect, test } from 'vitest'
import { databases, svnRepository } from '../../src/apim/schemas.ts'

const given = { name: 'am', holds: 'apim', host: 'db', schema: 'am', user: 'u', password: { env: 'P' } }

test('a database is of MySQL unless told otherwise, on the port of its engine', () => {
  expect(databases.parse([given])).toMatchObject([{ engine: 'mysql', port: 3306 }])
  expect(databases.parse([{ ...given, engine: 'postgresql' }])).toMatchObject([{ port: 5432 }])
  expect(databases.parse([{ ...given, port: '3307' }])).toMatchObject([{ port: 3307 }])
})

test('H2 is refused with the way out', () => {
  const [issue] = databases.safeParse([{ ...given, engine: 'h2' }]).error?.issues ?? []
  expect(issue?.message).toMatch(/H2 files is moved to one of them first/)
})

test('an engine that a fleet cannot be upgraded on is refused with the inventory, not when the servers are down', () => {
  for (const engine of ['oracle', 'mssql', 'db2', 'h2'])
    expect(databases.safeParse([{ ...given, engine }]).error?.issues).toMatchObject([
      { path: [0, 'engine'], message: expect.stringMatching(/^expected "mysql" .* or "postgresql"/) },
    ])
})

test("an operator's backup commands are lists of words, all three", () => {
  const backup = { command: ['/opt/b', 'take'], verify: ['/opt/b', 'check'], restore: ['/opt/b', 'back'] }
  expect(databases.parse([{ ...given, backup }])).toMatchObject([{ backup }])
  expect(databases.safeParse([{ ...given, backup: { ...backup, verify: '/opt/b check' } }]).success).toBe(
    false,
  )
  expect(databases.safeParse([{ ...given, backup: { command: ['/opt/b'] } }]).success).toBe(false)
})

test.each([
  ['svn://h/clean', 'svn://h/old', true],
  ['svn://h/old2', 'svn://h/old', true],
  ['svn://h/old', 'svn://h/old', false],
  ['svn://h/old/', 'svn://H/old', false],
  ['svn://h/old/clean', 'svn://h/old', false],
  ['svn://h/new', 'svn://h/new/old/', false],
])('%s may take the place of %s: %s', (url, old_url, may) => {
  const parsed = svnRepository.safeParse({ url, old_url, user: 'u', password: { env: 'P' } })
  expect(parsed.success).toBe(may)
})
