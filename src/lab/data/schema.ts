import type { OldVersion } from '../pack/release.ts'
import { amSchema } from './am-schema.ts'
import { amRows, regRows, umRows } from './rows.ts'
import { regSchema, umSchema } from './shared-schema.ts'

/** The three schemas of a release's fleet with their sample rows, as one script for the server's bootstrap. */
export function schemaSql(version: OldVersion): string {
  return [
    'SET FOREIGN_KEY_CHECKS = 0;',
    ...section('apimgtdb', amSchema(version), amRows(version)),
    ...section('userdb', umSchema(version), umRows(version)),
    ...section('regdb', regSchema, regRows(version)),
  ].join('\n')
}

function section(name: string, schema: string, rows: string): string[] {
  return [`CREATE DATABASE ${name} CHARACTER SET utf8mb4;`, `USE ${name};`, marks, schema, rows]
}

/** Which steps of a migration were applied to this database: a step applied twice is a duplicate key. */
const marks = `CREATE TABLE LAB_APPLIED (STEP VARCHAR(100) NOT NULL PRIMARY KEY,
  AT TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP) ENGINE=InnoDB;`
