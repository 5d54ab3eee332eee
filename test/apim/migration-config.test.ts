import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { migrationConfig } from '../../src/apim/migration-config.ts'

const shipped = `# as shipped
migrationEnable: "false"
currentVersion: "5.x.x"
migrateVersion: "5.x.x"
continueOnError: "true"
batchUpdate: "true"
versions:
  -
    version: "5.3.0"
    migratorConfigs:
      -
        name: "SchemaMigrator"
        order: 1
        parameters:
          location: "step1"
      -
        name: "ChallengeQuestionDataMigrator"
        order: 6
  -
    version: "5.7.0"
    migratorConfigs:
      - {name: "OAuthDataMigrator", order: 2}
  -
    version: "5.9.0"
    migratorConfigs:
      - {name: "ClaimDataMigrator", order: 1}
`
const range = { from: '5.2.0', to: '5.7.0', drop: ['ChallengeQuestionDataMigrator'] }

describe("the identity client's configuration", () => {
  test('is made safe, and what it does not concern stays', () => {
    const made = parse(migrationConfig(shipped, range).text)
    expect(made).toMatchObject({
      migrationEnable: 'true',
      currentVersion: '5.2.0',
      migrateVersion: '5.7.0',
      continueOnError: 'false',
      batchUpdate: 'true',
    })
    expect(made.versions[0].migratorConfigs).toEqual([
      { name: 'SchemaMigrator', order: 1, parameters: { location: 'step1' } },
    ])
  })

  test('keeps every byte that is not concerned', () => {
    expect(migrationConfig(shipped, range).text).toBe(
      shipped
        .replace('migrationEnable: "false"', 'migrationEnable: "true"')
        .replace('currentVersion: "5.x.x"', 'currentVersion: "5.2.0"')
        .replace('migrateVersion: "5.x.x"', 'migrateVersion: "5.7.0"')
        .replace('continueOnError: "true"', 'continueOnError: "false"')
        .replace('      -\n        name: "ChallengeQuestionDataMigrator"\n        order: 6\n', '')
        .concat('ignoreForInactiveTenants: "false"\n'),
    )
  })

  test('tells the lines that its log must have', () => {
    expect(migrationConfig(shipped, range).steps).toEqual([
      'Version : 5.3.0, Migration Step : SchemaMigrator of order : 1 is starting',
      'Version : 5.7.0, Migration Step : OAuthDataMigrator of order : 2 is starting',
    ])
  })

  test.each(['', 'a: [', 'versions: 3'])('is refused when it is %j', (text) => {
    expect(() => migrationConfig(text, range)).toThrow(/migration-config\.yaml/)
  })
})
