import { expect, test } from 'vitest'
import { stableHomes } from '../support/comparable.ts'
import { fleetLab, playbookFile } from '../support/fleet.ts'
import { wholeWay } from '../support/there-and-back.ts'

// The other shapes and databases are in test/matrix (npm run matrix).
test('one server of all roles with one schema goes to 3.0.0 and is brought back', () =>
  wholeWay({ from: '1.9.1', shape: 'all-in-one', database: 'mariadb', range: '127.134.1' }))

test('the same on its own H2 is refused, with the way out, and nothing is changed', async () => {
  const lab = await fleetLab('127.134.2', '1.9.1', '--shape', 'all-in-one', '--database', 'h2')
  try {
    const trees = stableHomes(await lab.trees(), '1.9.1')
    const { code, text } = await lab.run(playbookFile('to-3.0.0'), '--yes')
    expect(code, text).toBe(2)
    expect(text).toMatch(
      /apim is in jdbc\/WSO2AM_DB by api-manager\.xml, which is jdbc:h2:.*a file of this node/,
    )
    expect(text).toMatch(/move it to MySQL or PostgreSQL first/)
    expect(stableHomes(await lab.trees(), '1.9.1')).toEqual(trees)
  } finally {
    await lab.end()
  }
})
