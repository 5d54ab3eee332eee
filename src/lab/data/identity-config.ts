/** A step of the identity client, as its YAML names it. */
export interface IdentityStep {
  readonly name: string
  readonly order: number
  /** Which directory of `migration-resources/<version>/dbscripts` it runs, if it changes the schema. */
  readonly location?: string
  readonly schema?: string
}

const schema = (schemaName: string, location = 'step1') => ({
  name: 'SchemaMigrator',
  location,
  schema: schemaName,
})
const data = (name: string) => ({ name: `${name}Migrator` })

const versions: readonly (readonly [version: string, steps: readonly Omit<IdentityStep, 'order'>[]])[] = [
  [
    '5.3.0',
    [
      schema('identity'),
      ...['UserStorePassword', 'ClaimData', 'PermissionData', 'EmailTemplateData'].map(data),
      ...['ChallengeQuestionData', 'ResidentIdpMetadata', 'OIDCScopeData'].map(data),
    ],
  ],
  [
    '5.4.0',
    [
      data('Permission'),
      schema('identity'),
      schema('um'),
      ...['UserStorePassword', 'ClaimData', 'OAuthData'].map(data),
    ],
  ],
  [
    '5.5.0',
    [
      ...[schema('identity'), schema('consent')],
      ...['OAuthData', 'BPSProfileData', 'UserStorePassword', 'SysLogProperties', 'PolicySubscriberData'].map(
        data,
      ),
      ...['KeyStorePassword', 'SecurityPolicyPassword', 'EventPublisher'].map(data),
    ],
  ],
  ['5.6.0', [schema('identity'), data('ClaimData'), data('SessionData')]],
  ['5.7.0', [schema('uma'), schema('identity'), data('OAuthData'), data('OIDCScopeData')]],
  ['5.8.0', [schema('identity'), schema('uma', 'step2'), data('OAuthData')]],
  ['5.9.0', [schema('identity'), data('ClaimData')]],
]

/** `migration-config.yaml` up to a version, with the unsafe defaults that the real one has. */
export function identityConfig(upTo: string): string {
  const known = versions.filter(([version]) => version <= upTo)
  return `migrationEnable: "true"

currentVersion: "5.x.x"

migrateVersion: "5.x.x"

continueOnError: "true"

batchUpdate: "true"

ignoreForInactiveTenants: "true"

migrateTenantRange: "false"

migrationStartingTenantID: 0

migrationEndingTenantID: 0

versions:
${known.map(([version, steps]) => versionText(version, steps)).join('\n')}
`
}

function versionText(version: string, steps: readonly Omit<IdentityStep, 'order'>[]): string {
  const lines = steps.map((step, at) =>
    [
      `      -\n        name: "${step.name}"`,
      `        order: ${at + 1}`,
      ...(step.schema === undefined
        ? []
        : [
            '        parameters:',
            `          location: "${step.location}"`,
            `          schema: "${step.schema}"`,
          ]),
    ].join('\n'),
  )
  return `  -\n    version: "${version}"\n    migratorConfigs:\n${lines.join('\n')}`
}
