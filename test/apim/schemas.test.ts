import { expect, test } from 'vitest'
import { databases } from '../../src/apim/schemas.ts'

test('a database that could not be dumped is refused with the inventory, not when the servers are down', () => {
  const given = { name: 'am', holds: 'apim', host: 'db', schema: 'am', user: 'u', password: { env: 'P' } }
  expect(databases.parse([given])[0]?.engine).toBe('mysql')
  const refused = databases.safeParse([{ ...given, engine: 'postgresql' }])
  expect(refused.error?.issues).toMatchObject([
    { path: [0, 'engine'], message: expect.stringMatching(/cannot dump, restore or migrate PostgreSQL/) },
  ])
})
