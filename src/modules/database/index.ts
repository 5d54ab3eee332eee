/** Work on databases: dump and restore, scripts, probes, sessions. MySQL and MariaDB; others are refused by name. */
export { dump, provenDump, restore } from './dump.ts'
export { counts, schema } from './probe.ts'
export { script } from './script.ts'
export { fenced, sessions } from './sessions.ts'
export type { Database, Dump } from './types.ts'
