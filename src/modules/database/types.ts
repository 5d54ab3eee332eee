import type { Secret } from '../../model/secret.ts'

/** A database as inventories describe it: one schema of one server, and what the fleet keeps in it. */
export type Database = {
  readonly name: string
  readonly holds: readonly string[]
  readonly engine: 'mysql' | 'postgresql'
  readonly host: string
  readonly port: number
  readonly schema: string
  readonly user: string
  readonly password: Secret
}

/** A dump that was read back in full: where it lies, and what proves it. */
export type Dump = {
  /** The gzipped dump. */
  readonly file: string
  readonly sha256: string
  /** SHA-256 of the dump before it was compressed: equal content gives an equal one. */
  readonly digest: string
  readonly bytes: number
  readonly charset: string
  readonly collation: string
}
