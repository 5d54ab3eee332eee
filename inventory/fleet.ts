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
    /** The version that serves now. */
    apim_version: z.enum(apim.sources),
    databases: apim.databases,
    artifacts: apim.artifacts,
    /** Directory on each host for its backups. */
    backups: z.string().startsWith('/'),
    /** The deployment synchronizer's repositories, where it is in use. */
    svn: apim.svnRepository.optional(),
    /** Who administers the servers, where it is not `admin` with the password `admin`. */
    admin: apim.admin.prefault({}),
    /** The keystores' names and passwords, where they are not the packs' own. */
    keystores: apim.keystores.prefault({}),
    /** Directory of a file system that all hosts mount, for 3.0.0. */
    shared_deployment: z.string().startsWith('/').optional(),
  }),
})
