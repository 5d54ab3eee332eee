/** All that playbooks and inventories may import. */
export { z } from 'zod'
export * as apim from './apim/index.ts'
export {
  type Action,
  change,
  fail,
  irreversible,
  type Module,
  type On,
  observe,
  restored,
  type Skip,
  skip,
} from './model/action.ts'
export { type Command, sh } from './model/command.ts'
export { TaskError, UnknownOutcome } from './model/errors.ts'
export { any, defineFleet, type Fleet, one, type Site, some } from './model/fleet.ts'
export type { Hook, HookMessage, HookMoment } from './model/hook.ts'
export { type Host, type Thing, via } from './model/host.ts'
export type { Json } from './model/json.ts'
export { type From, type Play, type PlayOptions, play } from './model/play.ts'
export { approve, conclude, cutover, type Playbook, playbook } from './model/playbook.ts'
export { type Secret, secret, shownText, type Text } from './model/secret.ts'
export type { Failure, TaskOptions } from './model/task-options.ts'
export * as archive from './modules/archive.ts'
export { unarchive } from './modules/archives/unarchive.ts'
export * as artifact from './modules/artifact.ts'
export * as backup from './modules/backup/index.ts'
export { carry } from './modules/carry.ts'
export * as command from './modules/command.ts'
export * as database from './modules/database/index.ts'
export { download } from './modules/downloads/download.ts'
export { iniFile, json, properties, toml, xml, yaml } from './modules/edits.ts'
export * as file from './modules/file.ts'
export {
  type After as FileAfter,
  type Before as FileBefore,
  type RewriteInput,
  rewriting,
} from './modules/files/rewrite.ts'
export * as http from './modules/http.ts'
export * as java from './modules/java.ts'
export * as local from './modules/local.ts'
export { assert, pause } from './modules/play-control.ts'
export * as processes from './modules/processes.ts'
export * as service from './modules/service.ts'
export * as svn from './modules/svn/index.ts'
export * as traffic from './modules/traffic.ts'
export * as tree from './modules/tree.ts'
export * as waitFor from './modules/wait-for.ts'
