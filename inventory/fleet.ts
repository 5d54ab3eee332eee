import { any, apim, defineFleet, one, some, z } from 'upgrade-fleet'

/** The shape of a fleet of WSO2 API Manager servers: its groups, and what all of it shares. */
export const fleet = defineFleet({
  groups: {
    migration: one(apim.oldNode),
    key_managers: some(apim.node),
    traffic_managers: any(apim.node),
    publishers: some(apim.node),
    stores: some(apim.node),
    gateway_managers: some(apim.node),
    gateway_workers: any(apim.node),
  },
  vars: z.object({
    apim_version: apim.sourceVersion.describe('The version that serves now.'),
    databases: apim.databases,
    artifacts: apim.artifacts,
    backups: z.string().startsWith('/').describe('Directory on each host for its backups.'),
    svn: apim.svnRepository
      .optional()
      .describe("The deployment synchronizer's repositories, where it is in use."),
    admin: apim.admin
      .prefault({})
      .describe('Who administers the servers, where it is not admin with the password admin.'),
    keystores: apim.keystores
      .prefault({})
      .describe("The keystores' names and passwords, where they are not the packs' own."),
    checks: apim.checks
      .optional()
      .describe('What users do, tried before the upgrade and after each landing.'),
    custom_jars: apim.customJars
      .optional()
      .describe('Jars of your own, tried with the new versions, that new homes get.'),
    preflight_accepted: apim.accepted
      .optional()
      .describe('Findings of preflight that ask, and that a person has decided to go on with.'),
    inactive_tenants: z
      .enum(['migrate', 'leave'])
      .optional()
      .describe(
        'What becomes of tenants that are not active: migrated with the others, or left as they are, never to be used again. Where there are any, preflight asks until it is said.',
      ),
    rehearsal: z
      .boolean()
      .default(true)
      .describe(
        'Whether each backup is restored into scratch, compared and timed while the servers are down, before anything irreversible.',
      ),
    secure_vault: z
      .boolean()
      .optional()
      .describe(
        'Whether the secrets in deployment.toml of new homes of 3.0.0 are encrypted by their ciphertool, with the keystore that apim_vault_password opens. Homes of a landing at 2.6.0 are not.',
      ),
    environments: apim.environments
      .optional()
      .describe(
        'The gateway environments (production, sandbox), where there is more than one: each gateway says its own by apim_environment. Hosts in none get the artefacts of the first.',
      ),
    shared_deployment: z
      .string()
      .startsWith('/')
      .optional()
      .describe('Directory of a file system that all hosts mount, for 3.0.0.'),
  }),
})
