/** What is particular to WSO2 API Manager. Playbooks and inventories have it as `apim`. */

export { agrees } from './agreement.ts'
export { baseline } from './baseline.ts'
export { asRan, start, startAndWait, stop } from './control.ts'
export { look } from './detect.ts'
export { environments } from './environment-vars.ts'
export { environmentOf, environmentsOf, migrationHomes } from './environments.ts'
export { explain } from './explain.ts'
export { after, alone, fence, quiet } from './fence.ts'
export { healthy, serves } from './health.ts'
export { hopPlays } from './hops/index.ts'
export { landing } from './landing.ts'
export { discard, leftovers, leftoversOf } from './leftovers.ts'
export { backupsOf } from './machines.ts'
export { homeIntact, readManifest, writeManifest } from './manifest.ts'
export { servedBefore, worksBefore } from './measured.ts'
export { ready } from './preflight/machine.ts'
export { preflight, preflightTogether } from './preflight/plays.ts'
export { vault } from './preflight/vault.ts'
export { countedTables, kept, probeNames, schemaIs } from './probes.ts'
export { rehearsal } from './rehearsal.ts'
export { flagsOf, isGateway, profileOf, type Role, roleOf, startOrder } from './roles.ts'
export { schedulesOff, schedulesOn } from './schedules.ts'
export {
  accepted,
  admin,
  artifacts,
  checks,
  customJars,
  database,
  databases,
  keystores,
  node,
  oldNode,
  runsNow,
  sourceVersion,
  svnRepository,
} from './schemas.ts'
export { served, stillServed } from './served.ts'
export { homeOf, migrationHomeOf, newServer, oldServer } from './server.ts'
export { clearShare, shareReady } from './share.ts'
export { type ApimSite, artifactsFor, bundlePath, type HopSite, landings } from './site.ts'
export { stage } from './stage.ts'
export { serviceOf, startThrough, stopThrough, supervised } from './supervised.ts'
export { releases, supervisors } from './supervisors.ts'
export { copyRoots, synchronized } from './synchronizer.ts'
export { bundle, carried } from './trees.ts'
export {
  allAt,
  down,
  fenced,
  firstTrees,
  homeBackups,
  looked,
  manifests,
  ran,
  restarts,
  stops,
  svnBackup,
} from './upgrade.ts'
export { drained, letIn } from './users-traffic.ts'
export { route, sources, type Target, targets, versions, type Wish } from './versions.ts'
export { volatile } from './volatile.ts'
export { serverAt, serving, walk } from './walk.ts'
