/** Backups that are proved: trees whole or upon a part made ahead of time, artefacts of any kind read back, rehearsed, restored and pruned. */
export { compare } from './compare.ts'
export { copy } from './copy.ts'
export { type BackupSet, prune, sets } from './prune.ts'
export { type Rehearsed, rehearse } from './rehearse.ts'
export { type TreeBackup, type TreeInput, tree } from './tree.ts'
export { restoreTree as restore } from './tree-restore.ts'
export { type Verified, verify } from './verify.ts'
